#include "test/vm/cloud_world.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "adapters/clock.h"
#include "test/adapters/loop.h"

namespace sky::adapters::vm {

void CloudWorld::make_cloud(std::unique_ptr<Provider> provider, const std::string& log_id) {
  VmCloudSettings settings;
  settings.log_id = log_id;
  settings.now = now;
  settings.pace.moving = settings.pace.spot = settings.pace.calm = core::milliseconds(100);
  settings.pace.visible_within = core::seconds(2);
  cloud.emplace(reactor, std::move(provider), settings,
                [this](core::InstanceChanged change) { changes.push_back(change); });
}

core::Instant CloudWorld::now() { return core::Instant(read_clocks().booted_for); }

core::LaunchInstance CloudWorld::order(std::uint32_t replica) {
  core::LaunchInstance order;
  order.service = "web";
  order.replica = {replica};
  order.attempt = 1;
  order.version = {1};
  order.offer.market = core::Market::spot;
  order.spec.resources.port = 8888;
  order.spec.resources.choices.emplace_back();
  order.spec.task.run = "sleep 1000";
  return order;
}

LaunchOutcome CloudWorld::launch(const core::LaunchInstance& one) {
  std::optional<LaunchOutcome> outcome;
  cloud->launch(one, {}, [&](LaunchOutcome answer) { outcome = std::move(answer); });
  BOOST_REQUIRE(run_until(
      reactor, [&] { return outcome.has_value(); }, limit));
  return *outcome;
}

std::string CloudWorld::launch_kind(const core::LaunchInstance& one) {
  const LaunchOutcome outcome = launch(one);
  const auto* failure = std::get_if<core::Failure>(&outcome);
  return failure == nullptr ? "ok" : to_text(failure->kind);
}

std::string CloudWorld::launch_id(const core::LaunchInstance& one) {
  const LaunchOutcome outcome = launch(one);
  if (const auto* failure = std::get_if<core::Failure>(&outcome)) return failure->text;
  return std::get<core::ProvisionSucceeded>(outcome).instance_id;
}

EndOutcome CloudWorld::terminate(const core::LaunchInstance& one) {
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

std::vector<core::ListedInstance> CloudWorld::list() {
  std::optional<std::variant<std::vector<core::ListedInstance>, core::Failure>> outcome;
  cloud->list([&](auto answer) { outcome = std::move(answer); });
  BOOST_REQUIRE(run_until(
      reactor, [&] { return outcome.has_value(); }, limit));
  BOOST_REQUIRE(outcome->index() == 0);
  return std::get<0>(*outcome);
}

JsonValue CloudWorld::fake(const std::string& orders) {
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

bool CloudWorld::wait_for(core::InstanceChange change) {
  return run_until(
      reactor,
      [&] {
        return std::any_of(changes.begin(), changes.end(),
                           [&](const auto& one) { return one.change == change; });
      },
      limit);
}

}  // namespace sky::adapters::vm
