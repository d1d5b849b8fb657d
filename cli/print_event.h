// One event for people (a line) and for programs (a JSON object).
//
// The line: "2026-11-23 19:20:01.123 #42 llama3/3 PreemptionNoticed  aws takes the machine in
// 120 s  [because #40]". The object's fields are stable: later versions only add some.
// Any thread; nothing is stored.
#pragma once

#include <string>

#include "core/event.h"

namespace sky::adapters {
class JsonWriter;
}

namespace sky::cli {

struct EventFormat {
  bool utc = false;  // else the local time zone
  bool color = false;
};

std::string event_line(const core::Event& event, const EventFormat& format);

// {"seq":42,"time":"2026-11-23T19:20:01.123456Z","at_us":...,"type":"PreemptionNoticed",
//  "cause":40,"actor":"cloud","service":"llama3","replica":3,"text":"...","body":{...}}
std::string event_json(const core::Event& event);
void write_event(adapters::JsonWriter& json, const core::Event& event);

// "llama3/3", "llama3", or "-" for the control plane.
std::string subject_text(const core::Event& event);

}  // namespace sky::cli
