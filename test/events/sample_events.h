// Small realistic events with dense sequences, and reading a log back.
#pragma once

#include <string>
#include <vector>

#include "core/event.h"
#include "events/log.h"

namespace sky::events {

inline core::Event sample_event(std::uint64_t seq) {
  core::Event event;
  event.seq = core::Seq{seq};
  event.time.at = core::Instant(core::seconds(static_cast<std::int64_t>(seq)));
  event.time.wall = core::WallTime(core::seconds(1'700'000'000 + static_cast<std::int64_t>(seq)));
  event.cause = core::Seq{seq / 2};
  event.actor = core::Actor::probe;
  event.service = "llama3";
  event.replica = core::ReplicaId{static_cast<std::uint32_t>(seq % 7 + 1)};
  if (seq % 3 == 0) {
    event.body = core::ReplicaBecameNotReady{"no answer since event " + std::to_string(seq)};
  } else {
    event.body = core::ProbeAnswered{200, core::milliseconds(3), "", true};
  }
  return event;
}

inline std::vector<core::Event> sample_events(std::uint64_t first, std::size_t count) {
  std::vector<core::Event> events;
  for (std::size_t i = 0; i < count; ++i) events.push_back(sample_event(first + i));
  return events;
}

// A whole snapshot of that event with a state of that size.
inline Snapshot sample_snapshot(std::uint64_t seq, std::size_t size = 3000) {
  Snapshot one{core::Seq{seq}, 1, 0, "1.2.3", std::string(size, 's')};
  one.state_hash = state_hash(one.state);
  return one;
}

// All events from `from`; empty when reading fails.
inline std::vector<core::Event> read_all(const Log& log, core::Seq from = core::Seq{1}) {
  std::vector<core::Event> events;
  const auto outcome = log.read(from, [&](const Commit& commit, std::span<const std::byte>) {
    for (const core::Event& event : commit.events) {
      if (event.seq >= from) events.push_back(event);
    }
    return true;
  });
  if (!outcome) events.clear();
  return events;
}

}  // namespace sky::events
