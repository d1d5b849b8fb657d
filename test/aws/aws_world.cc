#include "test/aws/aws_world.h"

#include <algorithm>

#include "adapters/clock.h"

namespace sky::adapters::aws {

AwsWorld::AwsWorld(std::string peer_url, const std::string& log_id, Credentials keys)
    : CloudWorld(std::move(peer_url)) {
  CredentialsPlan plan;
  plan.source.kind = CredentialsKind::keys;
  plan.source.keys = std::move(keys);
  credentials.emplace(CredentialsKeeper::Edges{reactor, http, wall_now, {}, url, "us-east-1", ""},
                      plan);
  client.emplace(AwsClient::Edges{reactor, http, *credentials, wall_now, now,
                                  [this] { return chance(); },
                                  [this](const std::string&, const std::string&) { return url; }});
  AwsSettings settings;
  settings.log_id = log_id;
  settings.regions = {"us-east-1", "us-east-2"};
  settings.sources = {"203.0.113.7/32"};
  settings.wall = wall_now;
  settings.images = {{"", "ami-12345678"}};
  make_cloud(std::make_unique<AwsProvider>(reactor, *client, settings), log_id);
}

core::LaunchInstance AwsWorld::order(std::uint32_t replica, const std::string& zone,
                                     core::Market market) {
  core::LaunchInstance order = CloudWorld::order(replica);
  order.token = std::to_string(1000 + replica) + "56789abcdef0123456789abcdef";
  order.offer.place = {"aws", zone.substr(0, zone.size() - 1), zone};
  order.offer.instance_type = "g4dn.xlarge";
  order.offer.market = market;
  return order;
}

std::size_t AwsWorld::count(const std::string& state) {
  const JsonValue held = fake();
  const auto instances = JsonView(held).at("instances").elements();
  return static_cast<std::size_t>(
      std::count_if(instances->begin(), instances->end(),
                    [&](const JsonView& one) { return one.at("state").text_or("") == state; }));
}

}  // namespace sky::adapters::aws
