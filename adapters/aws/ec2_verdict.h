// What an error code of EC2 or STS means: one row a code, in our taxonomy (core/failure.h).
//
// The codes are those of the EC2 API reference ("Error codes for the Amazon EC2 API"). A code that
// no row knows is judged by its HTTP status. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "adapters/vm/verdict_row.h"
#include "core/failure.h"

namespace sky::adapters::aws {

// In the order they are looked at; the first that fits counts.
std::span<const vm::VerdictRow> verdict_table();

// What the answer said. An empty code: the answer was no EC2 error at all.
struct ServiceError {
  int status = 0;
  std::string code;
  std::string message;
  std::string request_id;
};

core::Failure judge(const ServiceError& error);

// The clock of the request is what the service did not like, perhaps.
bool may_be_clock_skew(std::string_view code);
// "DryRunOperation": the call would have been allowed.
bool is_dry_run_success(std::string_view code);
// The token was used for another request, or its machine has ended: it is good for nothing more.
bool is_token_mismatch(std::string_view code);
// The rule, group or tag is there already: as good as done.
bool is_harmless_conflict(std::string_view code);

}  // namespace sky::adapters::aws
