#include "adapters/gcp/gce_verdict.h"

#include <boost/test/unit_test.hpp>

#include "test/vm/verdict_cases.h"

namespace sky::adapters::gcp {
namespace {

using Kind = core::FailureKind;
using Scope = core::FailureScope;

// Written from the API's documentation, not from the table it checks.
constexpr vm::VerdictCase cases[] = {
    {503, "ZONE_RESOURCE_POOL_EXHAUSTED", Kind::capacity, Scope::zone},
    {503, "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS", Kind::capacity, Scope::zone},
    {503, "ZONE_RESOURCE_STOCKOUT", Kind::capacity, Scope::zone},
    {503, "REGION_RESOURCE_STOCKOUT", Kind::capacity, Scope::region},
    {503, "insufficientCapacity", Kind::capacity, Scope::zone},
    {400, "VM_MIN_COUNT_NOT_REACHED", Kind::capacity, Scope::zone},
    {400, "UNSUPPORTED_OPERATION", Kind::capacity, Scope::zone},
    {404, "RESOURCE_NOT_FOUND", Kind::capacity, Scope::zone},
    {403, "QUOTA_EXCEEDED", Kind::quota, Scope::region},
    {403, "quotaExceeded", Kind::quota, Scope::region},
    {403, "NOT_ENOUGH_QUOTA_AVAILABLE", Kind::quota, Scope::region},
    {403, "rateLimitExceeded", Kind::throttled, Scope::account},
    {429, "rateLimitExceeded", Kind::throttled, Scope::account},
    {403, "userRateLimitExceeded", Kind::throttled, Scope::account},
    {429, "RATE_LIMIT_EXCEEDED", Kind::throttled, Scope::account},
    {400, "RESOURCE_OPERATION_RATE_EXCEEDED", Kind::throttled, Scope::request},
    {401, "authError", Kind::auth, Scope::account},
    {401, "required", Kind::auth, Scope::account},
    {401, "UNAUTHENTICATED", Kind::auth, Scope::account},
    {403, "forbidden", Kind::forbidden, Scope::account},
    {403, "PERMISSION_DENIED", Kind::forbidden, Scope::account},
    {403, "PERMISSIONS_ERROR", Kind::forbidden, Scope::account},
    {403, "IAM_PERMISSION_DENIED", Kind::forbidden, Scope::account},
    {403, "accessNotConfigured", Kind::forbidden, Scope::account},
    {400, "RESOURCE_NOT_READY", Kind::transient, Scope::request},
    {400, "resourceNotReady", Kind::transient, Scope::request},
    {400, "resourceInUseByAnotherResource", Kind::transient, Scope::request},
    {400, "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", Kind::transient, Scope::request},
    {409, "alreadyExists", Kind::conflict, Scope::request},
    {409, "RESOURCE_ALREADY_EXISTS", Kind::conflict, Scope::request},
    {404, "notFound", Kind::not_found, Scope::request},
    {400, "invalid", Kind::invalid, Scope::request},
    {400, "badRequest", Kind::invalid, Scope::request},
    {400, "INVALID_FIELD_VALUE", Kind::invalid, Scope::request},
    {400, "VPC_NOT_FOUND", Kind::invalid, Scope::cloud},
    {400, "SUBNET_NOT_FOUND_FOR_VPC", Kind::invalid, Scope::region},
    {500, "INTERNAL_ERROR", Kind::transient, Scope::zone},
    {503, "backendError", Kind::transient, Scope::zone},
    {500, "internalError", Kind::transient, Scope::zone},
    // Codes that nobody told us of are judged by their status.
    {503, "SOMETHING_NEW", Kind::transient, Scope::zone},
    {429, "SOMETHING_NEW", Kind::throttled, Scope::account},
    {401, "SOMETHING_NEW", Kind::auth, Scope::account},
    {403, "SOMETHING_NEW", Kind::forbidden, Scope::account},
    {404, "", Kind::not_found, Scope::request},
    {409, "", Kind::conflict, Scope::request},
    {400, "SOMETHING_NEW", Kind::invalid, Scope::request},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(gcp_gce_verdict)

BOOST_AUTO_TEST_CASE(every_code_has_its_kind_and_its_scope) {
  vm::check_cases(cases, [](int status, const char* code) {
    return judge({status, code, "words"});
  });
}

BOOST_AUTO_TEST_CASE(no_row_of_the_table_is_without_a_case) {
  vm::check_covered(verdict_table(), cases);
}

BOOST_AUTO_TEST_CASE(no_row_is_there_twice_or_hides_behind_an_earlier_one) {
  vm::check_reached(verdict_table());
}

BOOST_AUTO_TEST_CASE(a_quota_of_all_regions_is_the_projects) {
  const auto failure =
      judge({403, "QUOTA_EXCEEDED", "Quota 'GPUS_ALL_REGIONS' exceeded.  Limit: 0.0 globally."});
  BOOST_TEST(to_text(failure.kind) == "quota");
  BOOST_TEST(to_text(failure.scope) == "account");
  BOOST_TEST(to_text(judge({403, "quotaExceeded",
                            "Quota 'PREEMPTIBLE_NVIDIA_T4_GPUS' exceeded.  Limit: 1.0 in region "
                            "us-east4."})
                         .scope) == "region");
}

BOOST_AUTO_TEST_CASE(a_zone_that_is_closed_to_the_project_is_unsupported_and_not_forbidden) {
  const auto failure =
      judge({403, "forbidden", "Location us-east4-z is not found or access is unauthorized."});
  BOOST_TEST(to_text(failure.kind) == "unsupported");
  BOOST_TEST(to_text(failure.scope) == "zone");
}

BOOST_AUTO_TEST_CASE(errors_are_found_in_both_places) {
  const GceError at_once = read_refusal(
      403, R"({"error": {"code": 403, "message": "outer", "errors": [{"message": "Quota 'CPUS'",
               "domain": "usageLimits", "reason": "quotaExceeded"}]}})");
  BOOST_TEST(at_once.code == "quotaExceeded");
  BOOST_TEST(at_once.message == "Quota 'CPUS'");
  const GceError later =
      read_refusal(0, R"({"status": "DONE", "httpErrorStatusCode": 503, "error": {"errors": [
               {"code": "ZONE_RESOURCE_POOL_EXHAUSTED", "message": "does not have enough"}]}})");
  BOOST_TEST(later.code == "ZONE_RESOURCE_POOL_EXHAUSTED");
  BOOST_TEST(later.status == 503);
  const GceError newer =
      read_refusal(401, R"({"error": {"code": 401, "message": "m", "status": "UNAUTHENTICATED"}})");
  BOOST_TEST(newer.code == "UNAUTHENTICATED");
  BOOST_TEST(newer.message == "m");
  BOOST_TEST(read_refusal(502, "<html>").code == "");
  BOOST_TEST(judge(read_refusal(502, "<html>")).text == "HTTP status 502");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters::gcp
