#include "adapters/aws/ec2_verdict.h"

namespace sky::adapters::aws {
namespace {

using Kind = core::FailureKind;
using Scope = core::FailureScope;

constexpr vm::VerdictRow rows[] = {
    // None free now. It comes as a server error: a 5xx is not judged before its code.
    {"InsufficientInstanceCapacity", Kind::capacity, Scope::zone},
    {"InsufficientCapacity", Kind::capacity, Scope::zone},
    {"InsufficientHostCapacity", Kind::capacity, Scope::zone},
    {"InsufficientReservedInstanceCapacity", Kind::capacity, Scope::zone},
    {"ReservationCapacityExceeded", Kind::capacity, Scope::zone},
    {"UnfulfillableCapacity", Kind::capacity, Scope::zone},
    {"InsufficientFreeAddressesInSubnet", Kind::capacity, Scope::zone},
    {"InsufficientVolumeCapacity", Kind::capacity, Scope::zone},
    {"Server.InsufficientInstanceCapacity", Kind::capacity, Scope::zone},
    {"SpotMaxPriceTooLow", Kind::price, Scope::zone},
    // Limits of the account, counted per region.
    {"MaxSpotInstanceCountExceeded", Kind::quota, Scope::region},
    {"VcpuLimitExceeded", Kind::quota, Scope::region},
    {"InstanceLimitExceeded", Kind::quota, Scope::region},
    {"VolumeLimitExceeded", Kind::quota, Scope::region},
    {"Client.VolumeLimitExceeded", Kind::quota, Scope::region},
    {"NetworkInterfaceLimitExceeded", Kind::quota, Scope::region},
    {"AddressLimitExceeded", Kind::quota, Scope::region},
    {"MaxFleetCountExceeded", Kind::quota, Scope::region},
    {"ResourceLimitExceeded", Kind::quota, Scope::region},
    {"SecurityGroupLimitExceeded", Kind::quota, Scope::region},
    {"RulesPerSecurityGroupLimitExceeded", Kind::quota, Scope::region},
    {"Unsupported", Kind::unsupported, Scope::zone},
    {"InvalidInstanceType", Kind::unsupported, Scope::region},
    // Too many calls.
    {"RequestLimitExceeded", Kind::throttled, Scope::region},
    {"EC2ThrottledException", Kind::throttled, Scope::region},
    {"Throttling*", Kind::throttled, Scope::region},
    {"TooManyRequestsException", Kind::throttled, Scope::region},
    {"BandwidthLimitExceeded", Kind::throttled, Scope::region},
    // Forbidden though it begins like a wrong credential: the role for spot was never made.
    {"AuthFailure.ServiceLinkedRoleCreationNotPermitted", Kind::forbidden, Scope::account},
    {"AuthFailure", Kind::auth, Scope::account},
    {"InvalidClientTokenId", Kind::auth, Scope::account},
    {"UnrecognizedClientException", Kind::auth, Scope::account},
    {"SignatureDoesNotMatch", Kind::auth, Scope::account},
    {"ExpiredToken*", Kind::auth, Scope::account},
    {"RequestExpired", Kind::auth, Scope::account},
    {"RequestTimeTooSkewed", Kind::auth, Scope::account},
    {"MissingAuthenticationToken*", Kind::auth, Scope::account},
    {"InvalidIdentityToken", Kind::auth, Scope::account},
    {"UnauthorizedOperation", Kind::forbidden, Scope::account},
    {"AccessDenied*", Kind::forbidden, Scope::account},
    {"OptInRequired", Kind::forbidden, Scope::region},
    {"PendingVerification", Kind::forbidden, Scope::account},
    {"Blocked", Kind::forbidden, Scope::account},
    // The token: another attempt has another one.
    {"IdempotentParameterMismatch", Kind::conflict, Scope::request},
    {"IdempotentInstanceTerminated", Kind::conflict, Scope::request},
    {"InvalidPermission.Duplicate", Kind::conflict, Scope::request},
    {"InvalidGroup.Duplicate", Kind::conflict, Scope::request},
    {"DependencyViolation", Kind::conflict, Scope::request},
    {"InvalidInstanceID.NotFound", Kind::not_found, Scope::request},
    {"InvalidInstanceID.Malformed", Kind::not_found, Scope::request},
    // Our request is wrong, and stays wrong.
    {"InvalidParameter*", Kind::invalid, Scope::request},
    {"InvalidAMIID.*", Kind::invalid, Scope::region},
    {"InvalidSubnetID.NotFound", Kind::invalid, Scope::region},
    {"InvalidGroup.NotFound", Kind::invalid, Scope::region},
    {"InvalidUserData.Malformed", Kind::invalid, Scope::request},
    {"MissingParameter", Kind::invalid, Scope::request},
    {"VPCIdNotSpecified", Kind::invalid, Scope::region},
    {"DefaultVpcDoesNotExist", Kind::invalid, Scope::region},
    // Their trouble.
    {"InternalError", Kind::transient, Scope::region},
    {"InternalFailure", Kind::transient, Scope::region},
    {"Unavailable", Kind::transient, Scope::region},
    {"ServiceUnavailable", Kind::transient, Scope::region},
    {"ServerInternal", Kind::transient, Scope::region},
    {"Server.InternalError", Kind::transient, Scope::region},
};

core::Failure judge_status(int status) {
  if (status == 429) return {Kind::throttled, Scope::region, {}, {}};
  if (status == 401) return {Kind::auth, Scope::account, {}, {}};
  if (status == 403) return {Kind::forbidden, Scope::account, {}, {}};
  if (status >= 500) return {Kind::transient, Scope::region, {}, {}};
  if (status >= 400) return {Kind::invalid, Scope::request, {}, {}};
  return {Kind::unknown, Scope::request, {}, {}};
}

}  // namespace

std::span<const vm::VerdictRow> verdict_table() { return rows; }

core::Failure judge(const ServiceError& error) {
  const vm::VerdictRow* const row = vm::find_row(rows, error.code);
  core::Failure failure = row == nullptr
                              ? judge_status(error.status)
                              : core::Failure{row->kind, row->scope, {}, core::Duration{0}};
  // A spread placement group that is full says so with the code for a full zone.
  const bool is_group_limit =
      failure.kind == Kind::capacity && error.message.find("placement group") != std::string::npos;
  if (is_group_limit) failure = {Kind::quota, Scope::zone, {}, core::Duration{0}};
  failure.text = vm::verdict_text(error.status, error.code, error.message);
  return failure;
}

bool may_be_clock_skew(std::string_view code) {
  return code == "RequestExpired" || code == "RequestTimeTooSkewed" ||
         code == "SignatureDoesNotMatch" || code == "AuthFailure";
}

bool is_dry_run_success(std::string_view code) { return code == "DryRunOperation"; }

bool is_token_mismatch(std::string_view code) { return code == "IdempotentParameterMismatch"; }

bool is_harmless_conflict(std::string_view code) {
  return code == "InvalidPermission.Duplicate" || code == "InvalidGroup.Duplicate";
}

}  // namespace sky::adapters::aws
