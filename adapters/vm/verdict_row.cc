#include "adapters/vm/verdict_row.h"

#include <fmt/format.h>

#include <algorithm>

namespace sky::adapters::vm {
namespace {

bool fits(const VerdictRow& row, std::string_view code) {
  const std::string_view pattern = row.code;
  if (!pattern.ends_with('*')) return code == pattern;
  return code.starts_with(pattern.substr(0, pattern.size() - 1));
}

}  // namespace

const VerdictRow* find_row(std::span<const VerdictRow> table, std::string_view code) {
  const auto row = std::find_if(table.begin(), table.end(),
                                [code](const VerdictRow& one) { return fits(one, code); });
  return row == table.end() ? nullptr : &*row;
}

std::string verdict_text(int status, std::string_view code, std::string_view message) {
  const std::string name = code.empty() ? fmt::format("HTTP status {}", status) : std::string(code);
  return message.empty() ? name : fmt::format("{}: {}", name, message);
}

}  // namespace sky::adapters::vm
