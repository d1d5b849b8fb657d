// The answer of `skyctl why` for people and for programs. Any thread; nothing is stored.
#pragma once

#include <optional>
#include <string>

#include "cli/why.h"
#include "cli/why_moment.h"

namespace sky::adapters {
class JsonWriter;
}

namespace sky::cli {

struct WhyReport {
  WhyQuestion question;
  WhyAnswer answer;  // borrows from its history
  Alternatives alternatives;
  std::optional<MomentReport> moment;  // with `--at`
  bool utc = false;  // else the local time zone
};

std::string why_text(const WhyReport& report);

// {"chain":[...],"decision":[...],"story":[...],"effects":[...],"otherwise":[...],"moment":{...}}:
// what each holds is in `skyctl why --help`.
void write_why(adapters::JsonWriter& json, const WhyReport& report);

}  // namespace sky::cli
