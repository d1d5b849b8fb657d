#include "test/aws/aws_world.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "adapters/clock.h"
#include "test/adapters/loop.h"

namespace sky::adapters::aws {

AwsWorld::AwsWorld(std::string peer_url, const std::string& log_id, Credentials keys)
    : url(std::move(peer_url)) {
  CredentialsPlan plan;
  plan.source.kind = CredentialsKind::keys;
  plan.source.keys = std::move(keys);
  const auto now = [] { return core::Instant(read_clocks().booted_for); };
  credentials.emplace(CredentialsKeeper::Edges{reactor, http, wall_now, {}, url, "us-east-1", ""},
                      plan);
  client.emplace(AwsClient::Edges{reactor, http, *credentials, wall_now, now,
                                  [this] { return ++draws * 7919; },
                                  [this](const std::string&, const std::string&) { return url; }});
  AwsSettings settings;
  settings.log_id = log_id;
  settings.regions = {"us-east-1", "us-east-2"};
  settings.sources = {"203.0.113.7/32"};
  settings.wall = wall_now;
  settings.images = {{"", "ami-12345678"}};
  vm::VmCloudSettings shared;
  shared.log_id = log_id;
  shared.now = now;
  shared.pace.moving = shared.pace.spot = shared.pace.calm = core::milliseconds(100);
  shared.pace.visible_within = core::seconds(2);
  cloud.emplace(reactor, std::make_unique<AwsProvider>(reactor, *client, settings), shared,
                [this](core::InstanceChanged change) { changes.push_back(change); });
}

core::LaunchInstance AwsWorld::order(std::uint32_t replica, const std::string& zone,
                                     core::Market market) {
  core::LaunchInstance order;
  order.service = "web";
  order.replica = {replica};
  order.attempt = 1;
  order.version = {1};
  order.token = std::to_string(1000 + replica) + "56789abcdef0123456789abcdef";
  order.offer.place = {"aws", zone.substr(0, zone.size() - 1), zone};
  order.offer.instance_type = "g4dn.xlarge";
  order.offer.market = market;
  order.spec.resources.port = 8888;
  order.spec.resources.choices.emplace_back();
  order.spec.task.run = "sleep 1000";
  return order;
}

LaunchOutcome AwsWorld::launch(const core::LaunchInstance& one) {
  std::optional<LaunchOutcome> outcome;
  cloud->launch(one, {}, [&](LaunchOutcome answer) { outcome = std::move(answer); });
  BOOST_REQUIRE(run_until(
      reactor, [&] { return outcome.has_value(); }, limit));
  return *outcome;
}

std::string AwsWorld::launch_kind(const core::LaunchInstance& one) {
  const LaunchOutcome outcome = launch(one);
  const auto* failure = std::get_if<core::Failure>(&outcome);
  return failure == nullptr ? "ok" : to_text(failure->kind);
}

std::string AwsWorld::launch_id(const core::LaunchInstance& one) {
  const LaunchOutcome outcome = launch(one);
  if (const auto* failure = std::get_if<core::Failure>(&outcome)) return failure->text;
  return std::get<core::ProvisionSucceeded>(outcome).instance_id;
}

EndOutcome AwsWorld::terminate(const core::LaunchInstance& one) {
  core::TerminateInstance call;
  call.service = one.service;
  call.replica = one.replica;
  call.attempt = one.attempt;
  call.token = one.token;
  call.offer = one.offer;
  std::optional<EndOutcome> outcome;
  cloud->terminate(call, [&](EndOutcome answer) { outcome = std::move(answer); });
  BOOST_REQUIRE(run_until(
      reactor, [&] { return outcome.has_value(); }, limit));
  return *outcome;
}

std::vector<core::ListedInstance> AwsWorld::list() {
  std::optional<std::variant<std::vector<core::ListedInstance>, core::Failure>> outcome;
  cloud->list([&](auto answer) { outcome = std::move(answer); });
  BOOST_REQUIRE(run_until(
      reactor, [&] { return outcome.has_value(); }, limit));
  BOOST_REQUIRE(outcome->index() == 0);
  return std::get<0>(*outcome);
}

JsonValue AwsWorld::fake(const std::string& orders) {
  HttpRequest request;
  request.url = url + "/_fake";
  if (!orders.empty()) {
    request.method = "POST";
    request.body = orders;
  }
  std::optional<std::string> body;
  http.send(request, [&](HttpResponse response) { body = response.body; });
  BOOST_REQUIRE(run_until(
      reactor, [&] { return body.has_value(); }, limit));
  auto document = parse_json(*body);
  BOOST_REQUIRE_MESSAGE(document.has_value(), *body);
  return *document;
}

std::size_t AwsWorld::count(const std::string& state) {
  const JsonValue held = fake();
  const auto instances = JsonView(held).at("instances").elements();
  return static_cast<std::size_t>(
      std::count_if(instances->begin(), instances->end(),
                    [&](const JsonView& one) { return one.at("state").text_or("") == state; }));
}

bool AwsWorld::wait_for(core::InstanceChange change) {
  return run_until(
      reactor,
      [&] {
        return std::any_of(changes.begin(), changes.end(),
                           [&](const auto& one) { return one.change == change; });
      },
      limit);
}

}  // namespace sky::adapters::aws
