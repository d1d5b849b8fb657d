#include "adapters/aws/ec2_verdict.h"

#include <boost/test/unit_test.hpp>

#include "core/launch_verdict.h"
#include "test/vm/verdict_cases.h"

namespace sky::adapters::aws {
namespace {

using Kind = core::FailureKind;
using Scope = core::FailureScope;

// Written from the API's documentation, not from the table it checks.
constexpr vm::VerdictCase cases[] = {
    {500, "InsufficientInstanceCapacity", Kind::capacity, Scope::zone},
    {500, "InsufficientCapacity", Kind::capacity, Scope::zone},
    {500, "InsufficientHostCapacity", Kind::capacity, Scope::zone},
    {500, "InsufficientReservedInstanceCapacity", Kind::capacity, Scope::zone},
    {400, "ReservationCapacityExceeded", Kind::capacity, Scope::zone},
    {500, "UnfulfillableCapacity", Kind::capacity, Scope::zone},
    {400, "InsufficientFreeAddressesInSubnet", Kind::capacity, Scope::zone},
    {500, "InsufficientVolumeCapacity", Kind::capacity, Scope::zone},
    {400, "Server.InsufficientInstanceCapacity", Kind::capacity, Scope::zone},
    {400, "SpotMaxPriceTooLow", Kind::price, Scope::zone},
    {400, "MaxSpotInstanceCountExceeded", Kind::quota, Scope::region},
    {400, "VcpuLimitExceeded", Kind::quota, Scope::region},
    {400, "InstanceLimitExceeded", Kind::quota, Scope::region},
    {400, "VolumeLimitExceeded", Kind::quota, Scope::region},
    {400, "Client.VolumeLimitExceeded", Kind::quota, Scope::region},
    {400, "NetworkInterfaceLimitExceeded", Kind::quota, Scope::region},
    {400, "AddressLimitExceeded", Kind::quota, Scope::region},
    {400, "MaxFleetCountExceeded", Kind::quota, Scope::region},
    {400, "ResourceLimitExceeded", Kind::quota, Scope::region},
    {400, "SecurityGroupLimitExceeded", Kind::quota, Scope::region},
    {400, "RulesPerSecurityGroupLimitExceeded", Kind::quota, Scope::region},
    {400, "Unsupported", Kind::unsupported, Scope::zone},
    {400, "InvalidInstanceType", Kind::unsupported, Scope::region},
    {503, "RequestLimitExceeded", Kind::throttled, Scope::region},
    {503, "EC2ThrottledException", Kind::throttled, Scope::region},
    {400, "Throttling", Kind::throttled, Scope::region},
    {400, "ThrottlingException", Kind::throttled, Scope::region},
    {400, "TooManyRequestsException", Kind::throttled, Scope::region},
    {400, "BandwidthLimitExceeded", Kind::throttled, Scope::region},
    {403, "AuthFailure.ServiceLinkedRoleCreationNotPermitted", Kind::forbidden, Scope::account},
    {401, "AuthFailure", Kind::auth, Scope::account},
    {403, "InvalidClientTokenId", Kind::auth, Scope::account},
    {403, "UnrecognizedClientException", Kind::auth, Scope::account},
    {403, "SignatureDoesNotMatch", Kind::auth, Scope::account},
    {400, "ExpiredToken", Kind::auth, Scope::account},
    {400, "ExpiredTokenException", Kind::auth, Scope::account},
    {400, "RequestExpired", Kind::auth, Scope::account},
    {403, "RequestTimeTooSkewed", Kind::auth, Scope::account},
    {403, "MissingAuthenticationToken", Kind::auth, Scope::account},
    {400, "InvalidIdentityToken", Kind::auth, Scope::account},
    {403, "UnauthorizedOperation", Kind::forbidden, Scope::account},
    {403, "AccessDenied", Kind::forbidden, Scope::account},
    {403, "AccessDeniedException", Kind::forbidden, Scope::account},
    {401, "OptInRequired", Kind::forbidden, Scope::region},
    {400, "PendingVerification", Kind::forbidden, Scope::account},
    {400, "Blocked", Kind::forbidden, Scope::account},
    {400, "IdempotentParameterMismatch", Kind::conflict, Scope::request},
    {400, "IdempotentInstanceTerminated", Kind::conflict, Scope::request},
    {400, "InvalidPermission.Duplicate", Kind::conflict, Scope::request},
    {400, "InvalidGroup.Duplicate", Kind::conflict, Scope::request},
    {400, "DependencyViolation", Kind::conflict, Scope::request},
    {400, "InvalidInstanceID.NotFound", Kind::not_found, Scope::request},
    {400, "InvalidInstanceID.Malformed", Kind::not_found, Scope::request},
    {400, "InvalidParameterValue", Kind::invalid, Scope::request},
    {400, "InvalidParameterCombination", Kind::invalid, Scope::request},
    {400, "InvalidAMIID.NotFound", Kind::invalid, Scope::region},
    {400, "InvalidSubnetID.NotFound", Kind::invalid, Scope::region},
    {400, "InvalidGroup.NotFound", Kind::invalid, Scope::region},
    {400, "InvalidUserData.Malformed", Kind::invalid, Scope::request},
    {400, "MissingParameter", Kind::invalid, Scope::request},
    {400, "VPCIdNotSpecified", Kind::invalid, Scope::region},
    {400, "DefaultVpcDoesNotExist", Kind::invalid, Scope::region},
    {500, "InternalError", Kind::transient, Scope::region},
    {500, "InternalFailure", Kind::transient, Scope::region},
    {503, "Unavailable", Kind::transient, Scope::region},
    {503, "ServiceUnavailable", Kind::transient, Scope::region},
    {500, "ServerInternal", Kind::transient, Scope::region},
    {400, "Server.InternalError", Kind::transient, Scope::region},
    // Codes that nobody told us of are judged by their status.
    {503, "SomethingNew", Kind::transient, Scope::region},
    {429, "SomethingNew", Kind::throttled, Scope::region},
    {401, "SomethingNew", Kind::auth, Scope::account},
    {403, "SomethingNew", Kind::forbidden, Scope::account},
    {400, "SomethingNew", Kind::invalid, Scope::request},
    {502, "", Kind::transient, Scope::region},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(aws_ec2_verdict)

BOOST_AUTO_TEST_CASE(every_code_has_its_kind_and_its_scope) {
  vm::check_cases(cases, [](int status, const char* code) {
    return judge({status, code, "words", ""});
  });
}

BOOST_AUTO_TEST_CASE(no_row_of_the_table_is_without_a_case) {
  vm::check_covered(verdict_table(), cases);
}

BOOST_AUTO_TEST_CASE(no_row_is_there_twice_or_hides_behind_an_earlier_one) {
  vm::check_reached(verdict_table());
}

BOOST_AUTO_TEST_CASE(only_capacity_teaches_about_one_zone_and_one_machine_type) {
  core::Offer offer;
  offer.place = {"aws", "us-east-1", "us-east-1a"};
  offer.instance_type = "g4dn.xlarge";
  offer.market = core::Market::spot;
  const auto block_of = [&](const char* code) {
    return core::judge_launch(judge({400, code, "", ""}), offer, 0).block;
  };
  BOOST_TEST(block_of("InsufficientInstanceCapacity")->key.place.zone == "us-east-1a");
  const auto quota = block_of("VcpuLimitExceeded");
  BOOST_TEST(quota->key.place.region == "us-east-1");
  BOOST_TEST(quota->key.place.zone == "");
  BOOST_TEST(block_of("AuthFailure")->key.place.region == "");
  BOOST_TEST(!block_of("InvalidParameterValue"));
}

BOOST_AUTO_TEST_CASE(a_full_placement_group_is_a_limit_of_ours_and_not_a_full_zone) {
  const auto failure = judge({500, "InsufficientInstanceCapacity",
                              "You have reached the limit of 7 running "
                              "instances per Availability Zone in the spread placement group",
                              ""});
  BOOST_TEST(to_text(failure.kind) == "quota");
}

BOOST_AUTO_TEST_CASE(the_providers_own_words_are_kept) {
  BOOST_TEST(judge({400, "VcpuLimitExceeded", "You have requested more vCPU capacity", ""}).text ==
             "VcpuLimitExceeded: You have requested more vCPU capacity");
  BOOST_TEST(judge({502, "", "", ""}).text == "HTTP status 502");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters::aws
