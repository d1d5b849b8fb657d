// The body of an event as a JSON object, for programs that read `skyctl events --json`.
//
// Field names are those of core/event.h; durations end in _us, prices in _usd_per_hour. Fields are
// only ever added. Secrets cannot appear: no event holds one. Any thread; pure.
#pragma once

#include <optional>

#include "adapters/json.h"
#include "core/event.h"

namespace sky::cli {

void write_body(adapters::JsonWriter& json, const core::EventBody& body);

void write_offer(adapters::JsonWriter& json, const core::Offer& offer);
void write_offer(adapters::JsonWriter& json, const std::optional<core::Offer>& offer);  // or null
void write_spec(adapters::JsonWriter& json, const core::ServiceSpec& spec);

}  // namespace sky::cli
