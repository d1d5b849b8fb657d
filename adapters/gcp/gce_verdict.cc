#include "adapters/gcp/gce_verdict.h"

#include "adapters/json.h"

namespace sky::adapters::gcp {
namespace {

using Kind = core::FailureKind;
using Scope = core::FailureScope;

constexpr vm::VerdictRow rows[] = {
    // None free now.
    {"ZONE_RESOURCE_POOL_EXHAUSTED", Kind::capacity, Scope::zone},
    {"ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS", Kind::capacity, Scope::zone},
    {"ZONE_RESOURCE_STOCKOUT", Kind::capacity, Scope::zone},
    {"REGION_RESOURCE_STOCKOUT", Kind::capacity, Scope::region},
    {"insufficientCapacity", Kind::capacity, Scope::zone},
    {"VM_MIN_COUNT_NOT_REACHED", Kind::capacity, Scope::zone},
    // Seen when a spot machine is taken back while it is being made.
    {"UNSUPPORTED_OPERATION", Kind::capacity, Scope::zone},
    {"RESOURCE_NOT_FOUND", Kind::capacity, Scope::zone},
    // Limits of the project; the text says whether of a region or of all.
    {"QUOTA_EXCEEDED", Kind::quota, Scope::region},
    {"quotaExceeded", Kind::quota, Scope::region},
    {"NOT_ENOUGH_QUOTA_AVAILABLE", Kind::quota, Scope::region},
    {"rateLimitExceeded", Kind::throttled, Scope::account},
    {"userRateLimitExceeded", Kind::throttled, Scope::account},
    {"RATE_LIMIT_EXCEEDED", Kind::throttled, Scope::account},
    {"RESOURCE_OPERATION_RATE_EXCEEDED", Kind::throttled, Scope::request},
    {"authError", Kind::auth, Scope::account},
    {"required", Kind::auth, Scope::account},
    {"UNAUTHENTICATED", Kind::auth, Scope::account},
    {"forbidden", Kind::forbidden, Scope::account},
    {"PERMISSION_DENIED", Kind::forbidden, Scope::account},
    {"PERMISSIONS_ERROR", Kind::forbidden, Scope::account},
    {"IAM_PERMISSION_DENIED", Kind::forbidden, Scope::account},
    {"accessNotConfigured", Kind::forbidden, Scope::account},
    // An older one of that name is still on its way out.
    {"RESOURCE_NOT_READY", Kind::transient, Scope::request},
    {"resourceNotReady", Kind::transient, Scope::request},
    {"resourceInUseByAnotherResource", Kind::transient, Scope::request},
    {"RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", Kind::transient, Scope::request},
    {"alreadyExists", Kind::conflict, Scope::request},
    {"RESOURCE_ALREADY_EXISTS", Kind::conflict, Scope::request},
    {"notFound", Kind::not_found, Scope::request},
    // Our request is wrong, and stays wrong.
    {"invalid", Kind::invalid, Scope::request},
    {"badRequest", Kind::invalid, Scope::request},
    {"INVALID_FIELD_VALUE", Kind::invalid, Scope::request},
    {"VPC_NOT_FOUND", Kind::invalid, Scope::cloud},
    {"SUBNET_NOT_FOUND_FOR_VPC", Kind::invalid, Scope::region},
    // Their trouble.
    {"INTERNAL_ERROR", Kind::transient, Scope::zone},
    {"backendError", Kind::transient, Scope::zone},
    {"internalError", Kind::transient, Scope::zone},
};

core::Failure judge_status(int status) {
  if (status == 429) return {Kind::throttled, Scope::account, {}, {}};
  if (status == 401) return {Kind::auth, Scope::account, {}, {}};
  if (status == 403) return {Kind::forbidden, Scope::account, {}, {}};
  if (status == 404) return {Kind::not_found, Scope::request, {}, {}};
  if (status == 409) return {Kind::conflict, Scope::request, {}, {}};
  if (status >= 500) return {Kind::transient, Scope::zone, {}, {}};
  if (status >= 400) return {Kind::invalid, Scope::request, {}, {}};
  return {Kind::unknown, Scope::request, {}, {}};
}

bool says(const GceError& error, std::string_view words) {
  return error.message.find(words) != std::string::npos;
}

}  // namespace

std::span<const vm::VerdictRow> verdict_table() { return rows; }

core::Failure judge(const GceError& error) {
  const vm::VerdictRow* const row = vm::find_row(rows, error.code);
  core::Failure failure = row == nullptr
                              ? judge_status(error.status)
                              : core::Failure{row->kind, row->scope, {}, core::Duration{0}};
  // "Quota 'GPUS_ALL_REGIONS' exceeded. Limit: 0.0 globally."
  if (failure.kind == Kind::quota && says(error, "globally")) failure.scope = Scope::account;
  // A zone that is closed to this project is told like a wrong name.
  if (says(error, "is not found or access is unauthorized"))
    failure = {Kind::unsupported, Scope::zone, {}, core::Duration{0}};
  failure.text = vm::verdict_text(error.status, error.code, error.message);
  return failure;
}

GceError read_refusal(int status, std::string_view body) {
  GceError error;
  error.status = status;
  const auto document = parse_json(body);
  if (!document) return error;
  const JsonView root(*document);
  const JsonView told = root.at("error");
  const JsonView first = told.at("errors").at(0);
  error.code = first.at("code").text_or(first.at("reason").text_or(""));
  if (error.code.empty()) error.code = told.at("status").text_or("");
  error.message = first.at("message").text_or(told.at("message").text_or(""));
  const auto operation_status = root.at("httpErrorStatusCode").integer_or(0);
  if (operation_status != 0) error.status = static_cast<int>(operation_status);
  return error;
}

}  // namespace sky::adapters::gcp
