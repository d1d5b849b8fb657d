#include "adapters/aws/ec2_request.h"

#include <boost/test/unit_test.hpp>
#include <map>

#include "adapters/digest.h"

namespace sky::adapters::aws {
namespace {

core::LaunchInstance an_order(core::Market market) {
  core::LaunchInstance order;
  order.service = "Llama.3";
  order.replica = {7};
  order.attempt = 2;
  order.token = "0123456789abcdef0123456789abcdef";
  order.offer.place = {"aws", "ap-northeast-3", "ap-northeast-3b"};
  order.offer.instance_type = "g4dn.xlarge";
  order.offer.market = market;
  order.spec.resources.choices.emplace_back();
  order.spec.resources.choices.back().labels = {{"team", "x"}, {"skyctl-log", "mine"}};
  return order;
}

std::map<std::string, std::string> as_map(const NameValues& call) {
  std::map<std::string, std::string> values;
  for (const auto& [name, value] : call)
    BOOST_TEST(values.emplace(name, value).second, "twice: " + name);
  return values;
}

// TagSpecification.N.Tag.M of one kind of resource, as a map.
std::map<std::string, std::string> tags_of(std::map<std::string, std::string> call,
                                           const std::string& resource) {
  std::map<std::string, std::string> tags;
  for (int n = 1; n < 5; ++n) {
    const std::string prefix = "TagSpecification." + std::to_string(n) + ".";
    if (call[prefix + "ResourceType"] != resource) continue;
    for (int m = 1; call.contains(prefix + "Tag." + std::to_string(m) + ".Key"); ++m)
      tags[call[prefix + "Tag." + std::to_string(m) + ".Key"]] =
          call[prefix + "Tag." + std::to_string(m) + ".Value"];
  }
  return tags;
}

const LaunchTerms terms{"ami-1", "sg-1", "", "", ""};

}  // namespace

BOOST_AUTO_TEST_SUITE(aws_ec2_request)

BOOST_AUTO_TEST_CASE(a_spot_order_says_whose_it_is_and_how_it_may_end) {
  const auto order = an_order(core::Market::spot);
  const auto mark = vm::mark_of(order, "log1");
  auto call = as_map(run_instances(order, mark, "#cloud-config\n", terms));
  BOOST_TEST(call["Action"] == "RunInstances");
  BOOST_TEST(call["MinCount"] == "1");
  BOOST_TEST(call["MaxCount"] == "1");
  BOOST_TEST(call["Placement.AvailabilityZone"] == "ap-northeast-3b");
  BOOST_TEST(call["InstanceMarketOptions.MarketType"] == "spot");
  BOOST_TEST(call["InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior"] == "terminate");
  BOOST_TEST(!call.contains("InstanceMarketOptions.SpotOptions.MaxPrice"));
  BOOST_TEST(call["InstanceInitiatedShutdownBehavior"] == "terminate");
  BOOST_TEST(call["MetadataOptions.HttpTokens"] == "required");
  BOOST_TEST(*base64_decoded(call["UserData"]) == "#cloud-config\n");
  const auto tags = tags_of(call, "instance");
  const vm::Marks marks(tags.begin(), tags.end());
  BOOST_TEST((vm::read_marks(marks) == mark));
  BOOST_TEST(tags.at("team") == "x");
  BOOST_TEST(tags.at("Name") == "sky-llama-3-7-2-01234567");
  BOOST_TEST(tags_of(call, "volume").at("skyctl-log") == "log1");
  BOOST_TEST(tags_of(call, "spot-instances-request").at("skyctl-log") == "log1");
}

BOOST_AUTO_TEST_CASE(an_order_on_demand_asks_for_no_market) {
  const auto order = an_order(core::Market::on_demand);
  const auto call = as_map(run_instances(order, vm::mark_of(order, "log1"), "", terms));
  BOOST_TEST(!call.contains("InstanceMarketOptions.MarketType"));
  BOOST_TEST(!call.contains("UserData"));
  BOOST_TEST(call.at("SecurityGroupId.1") == "sg-1");
}

BOOST_AUTO_TEST_CASE(the_same_launch_has_the_same_token_and_another_attempt_another) {
  auto order = an_order(core::Market::spot);
  const auto mark = vm::mark_of(order, "log1");
  BOOST_TEST(form_of(run_instances(order, mark, "x", terms)) ==
             form_of(run_instances(order, mark, "x", terms)));
  BOOST_TEST(client_token(mark).size() <= 64U);
  auto other = mark;
  other.token[0] = 'f';
  BOOST_TEST(client_token(mark) != client_token(other));
}

BOOST_AUTO_TEST_CASE(a_subnet_takes_the_group_along_and_gives_a_public_address) {
  const auto order = an_order(core::Market::spot);
  LaunchTerms named = terms;
  named.subnet_id = "subnet-1";
  auto call = as_map(run_instances(order, vm::mark_of(order, "log1"), "", named));
  BOOST_TEST(call["NetworkInterface.1.SubnetId"] == "subnet-1");
  BOOST_TEST(call["NetworkInterface.1.SecurityGroupId.1"] == "sg-1");
  BOOST_TEST(!call.contains("SecurityGroupId.1"));
}

BOOST_AUTO_TEST_CASE(only_the_balancers_addresses_come_in_and_only_to_the_port) {
  auto call = as_map(authorize_ingress("sg-1", 8888, {"203.0.113.7/32", "2001:db8::1/128"}));
  BOOST_TEST(call["IpPermissions.1.FromPort"] == "8888");
  BOOST_TEST(call["IpPermissions.1.ToPort"] == "8888");
  BOOST_TEST(call["IpPermissions.1.IpRanges.1.CidrIp"] == "203.0.113.7/32");
  BOOST_TEST(call["IpPermissions.1.Ipv6Ranges.1.CidrIpv6"] == "2001:db8::1/128");
}

BOOST_AUTO_TEST_CASE(forms_are_encoded) {
  BOOST_TEST(form_of({{"a.1", "x y&z"}, {"b", "+"}}) == "a.1=x%20y%26z&b=%2B");
}

BOOST_AUTO_TEST_CASE(a_list_asks_only_for_what_has_our_mark) {
  auto call = as_map(describe_instances("log1", "p"));
  BOOST_TEST(call["Filter.1.Name"] == "tag:skyctl-log");
  BOOST_TEST(call["Filter.1.Value.1"] == "log1");
  BOOST_TEST(call["NextToken"] == "p");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters::aws
