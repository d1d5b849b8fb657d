#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "core/check.h"
#include "events/log.h"
#include "test/bench/measure.h"
#include "test/bench/parts.h"
#include "test/bench/sample_mix.h"

namespace sky::bench {
namespace {

struct Plan {
  std::size_t group;
  int rounds;
  std::size_t commits;  // a round; 16 MiB where possible, so that each pays for one flush
  double goal;
};

constexpr Plan plans[] = {{1, 15, 100, 0.8}, {100, 9, 800, 0.4}, {1000, 9, 80, 0.25}};

void append_raw(int file, const std::vector<std::string>& commits) {
  for (const std::string& one : commits) {
    SKY_CHECK(::write(file, one.data(), one.size()) == static_cast<ssize_t>(one.size()) &&
                  ::fdatasync(file) == 0,
              "the disk takes the benchmark's bytes");
  }
}

void append_log(events::Log& log, const std::vector<std::vector<core::Event>>& groups) {
  for (const auto& group : groups)
    SKY_CHECK(log.append(group), "the disk takes the benchmark's events");
}

void measure(const std::filesystem::path& directory, const Plan& plan) {
  auto log = events::open_log(directory / fmt::format("append_{}", plan.group));
  SKY_CHECK(log, "the benchmark's directory can hold a log");
  const auto raw_path = directory / fmt::format("raw_{}", plan.group);
  const int raw = ::open(raw_path.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  SKY_CHECK(raw >= 0, "the benchmark's directory can hold a file");
  std::vector<double> ratios, raw_rates, log_rates;
  for (int round = 0; round < plan.rounds; ++round) {
    std::vector<std::vector<core::Event>> groups;
    std::vector<std::string> commits;
    std::uint64_t next = (*log)->position().durable.value + 1;
    for (std::size_t i = 0; i < plan.commits; ++i, next += plan.group) {
      groups.push_back(mixed_events(next, plan.group));
      commits.push_back(events::encode_commit(1, 0, groups.back()));
    }
    const Pair seconds = interleaved(
        round, [&] { append_raw(raw, commits); }, [&] { append_log(**log, groups); });
    const auto events = static_cast<double>(plan.group * plan.commits);
    ratios.push_back(seconds.first / seconds.second);
    raw_rates.push_back(events / seconds.first);
    log_rates.push_back(events / seconds.second);
  }
  ::close(raw);
  const std::string what = fmt::format("groups of {}", plan.group);
  tell("raw append and fdatasync, " + what, "events/s", raw_rates);
  tell("append to the log, " + what, "events/s", log_rates);
  tell("append, " + what + ", of raw", "ratio", ratios, at_least(plan.goal));
}

}  // namespace

void measure_append(const std::filesystem::path& directory) {
  for (const Plan& plan : plans) measure(directory, plan);
}

}  // namespace sky::bench
