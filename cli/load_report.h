// What a load run found: counts, causes of failure, percentiles; as a text and as JSON. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/load.h"
#include "core/time.h"

namespace sky::cli {

struct Percentiles {  // nearest rank; all zero when nothing was measured
  core::Duration p50{0};
  core::Duration p90{0};
  core::Duration p99{0};
  core::Duration max{0};
};

class LoadReport {
 public:
  void add_sent() { ++sent_; }
  void add_not_sent() { ++not_sent_; }
  void add_ok(core::Duration latency, core::Duration first_byte);
  void add_failure(const std::string& cause);  // "status 503", "connect", "cut stream", ...
  void add_replica(const std::string& replica);  // who answered, whatever the answer was
  // The run as a whole: how long arrivals went on, and how far the generator was behind at worst.
  void set_run(core::Duration elapsed, core::Duration worst_lag, bool was_interrupted);

  std::uint64_t sent() const { return sent_; }
  std::uint64_t ok() const { return latency_us_.size(); }
  std::uint64_t failed() const { return failed_; }
  std::uint64_t not_sent() const { return not_sent_; }
  bool all_went_well() const { return failed_ == 0 && not_sent_ == 0; }
  const std::map<std::string, std::uint64_t>& failures() const { return failures_; }
  const std::map<std::string, std::uint64_t>& replicas() const { return replicas_; }
  Percentiles latency() const;
  Percentiles first_byte() const;

  std::string as_text(const LoadOptions& options) const;
  std::string as_json(const LoadOptions& options) const;  // one line

 private:
  std::uint64_t sent_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t not_sent_ = 0;
  std::vector<std::uint32_t> latency_us_;  // more than an hour is counted as an hour
  std::vector<std::uint32_t> first_byte_us_;
  std::map<std::string, std::uint64_t> failures_;
  std::map<std::string, std::uint64_t> replicas_;
  core::Duration elapsed_{0};
  core::Duration worst_lag_{0};
  bool was_interrupted_ = false;
};

}  // namespace sky::cli
