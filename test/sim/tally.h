// What a run was made of, for its report: faults by kind, transitions and failures that were seen.
// Sums over worlds, so that several processes can share the work.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace sky::sim {

struct Tally {
  std::uint64_t worlds = 0;
  std::uint64_t simulated_seconds = 0;
  std::uint64_t events = 0;
  std::uint64_t steps = 0;  // tasks of the daemon that changed something
  std::uint64_t requests = 0;
  std::uint64_t machines = 0;
  std::map<std::string, std::uint64_t> faults;
  std::map<std::string, std::uint64_t> transitions;  // "STARTING -> READY"
  std::map<std::string, std::uint64_t> failure_kinds;  // of launches

  void add(const Tally& other);
};

// What a run of many worlds must have seen, and did not: legal transitions and kinds of failure.
std::string unseen(const Tally& tally);
// The report for people, several lines.
std::string report_of(const Tally& tally);
// One line a number, so that processes can hand it on.
std::string to_lines(const Tally& tally);
void add_line(Tally& tally, const std::string& line);

}  // namespace sky::sim
