// What an error of GCP's Compute API means: one row a code, in our taxonomy (core/failure.h).
//
// A refusal comes at once, as `error.errors[].reason` (camelCase), or later in a finished
// operation, as `error.errors[].code` (UPPER_SNAKE); both are looked up here. What no row knows is
// judged by its HTTP status. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "adapters/vm/verdict_row.h"
#include "core/failure.h"

namespace sky::adapters::gcp {

// In the order they are looked at; the first that fits counts.
std::span<const vm::VerdictRow> verdict_table();

struct GceError {
  int status = 0;  // of HTTP, or the operation's httpErrorStatusCode
  std::string code;
  std::string message;
};

core::Failure judge(const GceError& error);

// From the body of a refusal, or from a finished operation. An empty code: there is none in it.
GceError read_refusal(int status, std::string_view body);

}  // namespace sky::adapters::gcp
