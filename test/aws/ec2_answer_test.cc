#include "adapters/aws/ec2_answer.h"

#include <boost/test/unit_test.hpp>

namespace sky::adapters::aws {
namespace {

constexpr const char* described = R"(<?xml version="1.0" encoding="UTF-8"?>
<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
  <requestId>r</requestId>
  <reservationSet><item><reservationId>r-1</reservationId><instancesSet><item>
    <instanceId>i-1</instanceId><imageId>ami-1</imageId>
    <instanceState><code>16</code><name>running</name></instanceState>
    <privateIpAddress>10.0.0.4</privateIpAddress><ipAddress>203.0.113.4</ipAddress>
    <instanceType>g4dn.xlarge</instanceType><launchTime>2026-11-27T02:45:00.000Z</launchTime>
    <placement><availabilityZone>us-east-1a</availabilityZone></placement>
    <instanceLifecycle>spot</instanceLifecycle><clientToken>skyctl-1</clientToken>
    <tagSet><item><key>skyctl-service</key><value>a &amp; b</value></item></tagSet>
  </item></instancesSet></item>
  <item><reservationId>r-2</reservationId><instancesSet><item>
    <instanceId>i-2</instanceId>
    <instanceState><code>48</code><name>terminated</name></instanceState>
    <stateReason><code>Server.SpotInstanceTermination</code><message>Spot words</message></stateReason>
  </item></instancesSet></item></reservationSet>
  <nextToken>page2</nextToken>
</DescribeInstancesResponse>)";

}  // namespace

BOOST_AUTO_TEST_SUITE(aws_ec2_answer)

BOOST_AUTO_TEST_CASE(instances_are_read_from_every_reservation) {
  const auto page = read_instances(described);
  BOOST_REQUIRE(page.has_value());
  BOOST_REQUIRE(page->instances.size() == 2U);
  const Ec2Instance& first = page->instances[0];
  BOOST_TEST(first.id == "i-1");
  BOOST_TEST(first.state == "running");
  BOOST_TEST(first.public_address == "203.0.113.4");
  BOOST_TEST(first.private_address == "10.0.0.4");
  BOOST_TEST(first.zone == "us-east-1a");
  BOOST_TEST(first.is_spot);
  BOOST_TEST(first.tag("skyctl-service") == "a & b");
  BOOST_TEST(first.tag("absent") == "");
  BOOST_TEST(page->instances[1].state_reason == "Server.SpotInstanceTermination");
  BOOST_TEST(page->instances[1].state_text == "Spot words");
  BOOST_TEST(page->next_token == "page2");
}

BOOST_AUTO_TEST_CASE(the_answer_to_an_order_has_the_same_shape_one_level_up) {
  const auto page = read_instances(
      "<ns:RunInstancesResponse xmlns:ns='x'><ns:instancesSet><ns:item><ns:instanceId>i-9"
      "</ns:instanceId></ns:item></ns:instancesSet></ns:RunInstancesResponse>");
  BOOST_REQUIRE(page.has_value());
  BOOST_REQUIRE(page->instances.size() == 1U);
  BOOST_TEST(page->instances[0].id == "i-9");
}

BOOST_AUTO_TEST_CASE(errors_are_found_in_every_envelope) {
  for (const char* body :
       {"<Response><Errors><Error><Code>AuthFailure</Code><Message>no</Message></Error></Errors>"
        "<RequestID>q</RequestID></Response>",
        "<ErrorResponse><Errors><Error><Code>AuthFailure</Code><Message>no</Message></Error>"
        "</Errors><RequestID>q</RequestID></ErrorResponse>",
        "<ErrorResponse "
        "xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><Error><Type>Sender</Type>"
        "<Code>AuthFailure</Code><Message>no</Message></Error><RequestId>q</RequestId>"
        "</ErrorResponse>"}) {
    const ServiceError error = read_error(403, body);
    BOOST_TEST(error.code == "AuthFailure");
    BOOST_TEST(error.message == "no");
    BOOST_TEST(error.request_id == "q");
    BOOST_TEST(error.status == 403);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_answer_is_an_error_and_never_an_empty_list) {
  for (const char* body : {"", "<html><body>500</body></html>", "<DescribeInstancesResponse>",
                           "{\"a\": 1}", "<DescribeVolumesResponse/>",
                           "<!DOCTYPE x [<!ENTITY a 'b'>]><DescribeInstancesResponse/>"}) {
    BOOST_TEST(!read_instances(body), body);
    BOOST_TEST(!read_spot_requests(body), body);
    BOOST_TEST(!read_spot_prices(body), body);
    BOOST_TEST(!read_security_groups(body), body);
    BOOST_TEST(!read_group_id(body), body);
    BOOST_TEST(!read_caller(body), body);
    BOOST_TEST(!read_sts_credentials(body), body);
  }
  BOOST_TEST(read_error(502, "<html>").code == "");
}

BOOST_AUTO_TEST_CASE(every_cut_of_an_answer_is_an_error) {
  const std::string whole = described;
  for (std::size_t size = 0; size + 1 < whole.size(); size += 7)
    BOOST_TEST(!read_instances(whole.substr(0, size)), size);
}

BOOST_AUTO_TEST_CASE(spot_requests_prices_groups_and_credentials_are_read) {
  const auto requests = read_spot_requests(
      "<DescribeSpotInstanceRequestsResponse><spotInstanceRequestSet><item>"
      "<spotInstanceRequestId>sir-1</spotInstanceRequestId><instanceId>i-1</instanceId>"
      "<status><code>marked-for-termination</code><message>soon</message></status></item>"
      "</spotInstanceRequestSet></DescribeSpotInstanceRequestsResponse>");
  BOOST_TEST(requests->requests.at(0).status == "marked-for-termination");
  BOOST_TEST(requests->requests.at(0).instance_id == "i-1");
  const auto prices = read_spot_prices(
      "<DescribeSpotPriceHistoryResponse><spotPriceHistorySet><item><instanceType>g4dn.xlarge"
      "</instanceType><spotPrice>0.140900</spotPrice><timestamp>2026-11-27T02:45:00Z</timestamp>"
      "<availabilityZone>us-east-1a</availabilityZone></item></spotPriceHistorySet>"
      "<nextToken/></DescribeSpotPriceHistoryResponse>");
  BOOST_TEST(prices->prices.at(0).price.micro_usd_per_hour == 140'900);
  BOOST_TEST(prices->next_token == "");
  const auto groups = read_security_groups(
      "<DescribeSecurityGroupsResponse><securityGroupInfo><item><groupId>sg-1</groupId>"
      "<groupName>n</groupName></item></securityGroupInfo></DescribeSecurityGroupsResponse>");
  BOOST_TEST(groups->at(0).id == "sg-1");
  const auto keys = read_sts_credentials(
      "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId>"
      "<SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken>"
      "<Expiration>2000-02-29T00:00:00Z</Expiration></Credentials></AssumeRoleResult>"
      "</AssumeRoleResponse>");
  BOOST_TEST(keys->session_token == "T");
  BOOST_CHECK(keys->expires == core::WallTime(core::seconds(951'782'400)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters::aws
