#include "test/sim/tally.h"

#include <array>
#include <utility>

namespace sky::sim {
namespace {

constexpr std::array failure_kinds = {
    "capacity", "quota",     "price",    "unsupported", "throttled", "auth",    "forbidden",
    "invalid",  "transient", "conflict", "not_found",   "gone",      "unknown", "indeterminate"};

// The transitions that a replica really makes; core/phase.cc allows some more.
constexpr std::array transitions = {
    "PENDING -> PROVISIONING",
    "PENDING -> TERMINATED",
    "PENDING -> FAILED_PROVISION",
    "PROVISIONING -> PENDING",
    "PROVISIONING -> STARTING",
    "PROVISIONING -> SHUTTING_DOWN",
    "STARTING -> READY",
    "STARTING -> SHUTTING_DOWN",
    "STARTING -> PREEMPTED",
    "STARTING -> FAILED",
    "READY -> NOT_READY",
    "READY -> DRAINING",
    "READY -> PREEMPTED",
    "READY -> FAILED",
    "NOT_READY -> READY",
    "NOT_READY -> DRAINING",
    "NOT_READY -> SHUTTING_DOWN",
    "NOT_READY -> PREEMPTED",
    "NOT_READY -> FAILED",
    "DRAINING -> SHUTTING_DOWN",
    "DRAINING -> PREEMPTED",
    "SHUTTING_DOWN -> TERMINATED",
    "SHUTTING_DOWN -> PREEMPTED",
    "SHUTTING_DOWN -> FAILED_INITIAL_DELAY",
    "SHUTTING_DOWN -> FAILED_PROBING",
    "SHUTTING_DOWN -> FAILED_CLEANUP",
};

using Counts = std::map<std::string, std::uint64_t>;

void add_counts(Counts& to, const Counts& from) {
  for (const auto& [name, count] : from) to[name] += count;
}

std::string list_of(const char* title, const Counts& counts) {
  std::string text = std::string(title) + "\n";
  for (const auto& [name, count] : counts)
    text += "  " + name + std::string(name.size() < 40 ? 40 - name.size() : 1, ' ') +
            std::to_string(count) + "\n";
  return text;
}

template <class Visit>
void visit_numbers(Tally& tally, Visit visit) {
  visit("worlds", tally.worlds);
  visit("simulated_seconds", tally.simulated_seconds);
  visit("events", tally.events);
  visit("steps", tally.steps);
  visit("requests", tally.requests);
  visit("machines", tally.machines);
}

}  // namespace

void Tally::add(const Tally& other) {
  worlds += other.worlds;
  simulated_seconds += other.simulated_seconds;
  events += other.events;
  steps += other.steps;
  requests += other.requests;
  machines += other.machines;
  add_counts(faults, other.faults);
  add_counts(transitions, other.transitions);
  add_counts(failure_kinds, other.failure_kinds);
}

std::string unseen(const Tally& tally) {
  std::string text;
  for (const char* kind : failure_kinds)
    if (!tally.failure_kinds.contains(kind)) text += std::string("failure ") + kind + "\n";
  for (const char* transition : transitions)
    if (!tally.transitions.contains(transition))
      text += std::string("transition ") + transition + "\n";
  return text;
}

std::string report_of(const Tally& tally) {
  const auto line = [](const char* name, std::uint64_t value) {
    return std::string(name) + ": " + std::to_string(value) + "\n";
  };
  return line("worlds", tally.worlds) + line("simulated hours", tally.simulated_seconds / 3600) +
         line("events", tally.events) + line("steps of the daemon", tally.steps) +
         line("requests", tally.requests) + line("machines", tally.machines) +
         list_of("faults and misfortunes", tally.faults) +
         list_of("transitions of replicas", tally.transitions) +
         list_of("failed launches", tally.failure_kinds);
}

std::string to_lines(const Tally& tally) {
  std::string text;
  Tally copy = tally;
  visit_numbers(copy, [&](const char* name, std::uint64_t value) {
    text += "number " + std::to_string(value) + " " + name + "\n";
  });
  const auto add = [&](const char* kind, const Counts& counts) {
    for (const auto& [name, count] : counts)
      text += std::string(kind) + " " + std::to_string(count) + " " + name + "\n";
  };
  add("fault", tally.faults);
  add("transition", tally.transitions);
  add("failure", tally.failure_kinds);
  return text;
}

void add_line(Tally& tally, const std::string& line) {
  const std::size_t first = line.find(' '), second = line.find(' ', first + 1);
  if (first == std::string::npos || second == std::string::npos) return;
  const std::string kind = line.substr(0, first), name = line.substr(second + 1);
  const std::uint64_t count = std::stoull(line.substr(first + 1, second - first - 1));
  if (kind == "fault") tally.faults[name] += count;
  if (kind == "transition") tally.transitions[name] += count;
  if (kind == "failure") tally.failure_kinds[name] += count;
  if (kind != "number") return;
  visit_numbers(tally, [&](const char* number, std::uint64_t& value) {
    if (name == number) value += count;
  });
}

}  // namespace sky::sim
