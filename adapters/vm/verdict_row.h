// What a cloud's error code means, as a row of a table that a person can read: one a code, in our
// taxonomy (core/failure.h). The tables are the clouds' own. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/failure.h"

namespace sky::adapters::vm {

struct VerdictRow {
  const char* code;  // exact, or with '*' at its end: begins with this
  core::FailureKind kind;
  core::FailureScope scope;
};

// The first that fits; null: none.
const VerdictRow* find_row(std::span<const VerdictRow> table, std::string_view code);

// "CODE: MESSAGE", of what there is; without a code the HTTP status.
std::string verdict_text(int status, std::string_view code, std::string_view message);

}  // namespace sky::adapters::vm
