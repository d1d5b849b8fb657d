// Which events a reader wants to see: by service, type, replica, zone, cause, and time.
//
// EventFilter is what was asked for; EventSieve applies it to a history in order, because the zone
// of a replica and the causes of an event are known only from what came before. Any thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/moment.h"
#include "core/event.h"
#include "core/result.h"

namespace sky::cli {

struct EventFilter {
  core::ServiceName service;  // empty: all
  std::vector<std::string> types;  // "ScaleEvaluated"; empty: all
  core::ReplicaId replica;  // zero: all
  core::Seq first;  // zero: from the beginning
  std::optional<core::WallTime> not_before;
  std::optional<Moment> until;  // the last one to be shown
  std::string zone;  // events about it, and about replicas that are launched in it; empty: all
  core::Seq cause;  // this event, and all that followed from it; zero: all
};

// What needs no history: all but zone and cause.
bool matches(const EventFilter& filter, const core::Event& event);

class EventSieve {
 public:
  explicit EventSieve(EventFilter filter) : filter_(std::move(filter)) {}

  // Where reading has to begin: earlier than what is shown when history is needed.
  core::Seq read_from() const;
  // Each event from there on, in order.
  bool passes(const core::Event& event);
  // Nothing after this event can pass any more.
  bool is_past(const core::Event& event) const;

 private:
  bool is_in_zone(const core::Event& event);
  bool follows_from_cause(const core::Event& event);

  EventFilter filter_;
  std::map<std::pair<core::ServiceName, core::ReplicaId>, std::string> zones_;  // newest launch
  std::set<core::Seq> followed_;  // the cause and what followed; the newest ones
};

// Reads `--since` and `--until` (cli/moment.h). `now` is what "ago" counts from.
core::Result<void> set_since(EventFilter& filter, std::string_view text, core::WallTime now);
core::Result<void> set_until(EventFilter& filter, std::string_view text, core::WallTime now);

// Reads one `--type`, ignoring case; the error names the nearest types.
core::Result<void> add_type(EventFilter& filter, std::string_view text);

}  // namespace sky::cli
