// What another outcome would have needed (projections/otherwise.h), in words and as JSON. Any
// thread; nothing is stored.
#pragma once

#include <string>
#include <vector>

#include "core/event.h"
#include "projections/otherwise.h"

namespace sky::adapters {
class JsonWriter;
}

namespace sky::cli {

// Turns instants of the log clock into times for people, counted from a stamp beside them.
struct TimeFrame {
  core::Stamp stamp;
  bool utc = false;

  std::string text(core::Instant at) const;
  std::string until(core::Instant at) const;  // "until 2026-11-23 19:22:40.000 (120 s)"
};

// One sentence a line; none when nothing of ours decided it.
std::vector<std::string> otherwise_lines(const projections::Otherwise& otherwise,
                                         const core::Event& event, bool utc);
std::vector<std::string> scale_lines(const projections::ScaleOtherwise& scale);
// What keeps missing replicas from being launched; none: nothing is missing.
std::vector<std::string> fleet_lines(const projections::FleetView& fleet, const TimeFrame& times);

// {"seq":799,"kind":"scale","text":["..."], and the numbers; durations end in _us}
void write_otherwise(adapters::JsonWriter& json, const projections::Otherwise& otherwise,
                     const core::Event& event, bool utc);
void write_scale(adapters::JsonWriter& json, const projections::ScaleOtherwise& scale);

}  // namespace sky::cli
