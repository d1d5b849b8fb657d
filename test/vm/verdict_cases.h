// What a table of verdicts must hold, against cases written from the API's documentation.
#pragma once

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>
#include <span>
#include <string>

#include "adapters/vm/verdict_row.h"

namespace sky::adapters::vm {

struct VerdictCase {
  int status;
  const char* code;
  core::FailureKind kind;
  core::FailureScope scope;
};

// `judge(status, code)` -> core::Failure.
void check_cases(std::span<const VerdictCase> cases, const auto& judge) {
  for (const VerdictCase& one : cases) {
    const core::Failure failure = judge(one.status, one.code);
    BOOST_TEST_CONTEXT(one.status << " " << one.code) {
      BOOST_TEST(to_text(failure.kind) == to_text(one.kind));
      BOOST_TEST(to_text(failure.scope) == to_text(one.scope));
    }
  }
}

// No row is without a case.
inline void check_covered(std::span<const VerdictRow> table, std::span<const VerdictCase> cases) {
  for (const VerdictRow& row : table) {
    const bool has_case = std::any_of(cases.begin(), cases.end(), [&](const VerdictCase& one) {
      return find_row({&row, 1}, one.code) != nullptr;
    });
    BOOST_TEST(has_case, row.code);
  }
}

// No row is there twice, or behind an earlier one that takes its code.
inline void check_reached(std::span<const VerdictRow> table) {
  std::set<std::string> seen;
  for (const VerdictRow& row : table) {
    std::string code = row.code;
    BOOST_TEST(seen.insert(code).second, code);
    if (code.ends_with('*')) code.pop_back();
    BOOST_TEST(find_row(table, code) == &row, code);
  }
}

}  // namespace sky::adapters::vm
