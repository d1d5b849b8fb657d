#include "cli/print_event.h"

#include <variant>

#include <fmt/format.h>

#include "adapters/json.h"
#include "cli/event_body_json.h"
#include "cli/table.h"
#include "cli/time_text.h"
#include "projections/timeline.h"

namespace sky::cli {
namespace {

// What deserves an eye in a scrolling list.
struct ColorChoice {
  Color operator()(const core::ProvisionFailed&) const { return Color::red; }
  Color operator()(const core::InstanceLost&) const { return Color::red; }
  Color operator()(const core::ReplicaPreempted&) const { return Color::red; }
  Color operator()(const core::TerminationFailed&) const { return Color::red; }
  Color operator()(const core::VersionRolledBack&) const { return Color::red; }
  Color operator()(const core::EndpointFailed&) const { return Color::red; }
  Color operator()(const core::RequestsShed&) const { return Color::red; }
  Color operator()(const core::PreemptionNoticed&) const { return Color::yellow; }
  Color operator()(const core::ReplicaBecameNotReady&) const { return Color::yellow; }
  Color operator()(const core::ZoneBlocked&) const { return Color::yellow; }
  Color operator()(const core::ReplicaBecameReady&) const { return Color::green; }
  Color operator()(const core::ScaleEvaluated&) const { return Color::bold; }
  Color operator()(const core::TrafficSampled&) const { return Color::dim; }
  Color operator()(const core::ProbeAnswered& probe) const {
    return probe.ok ? Color::dim : Color::yellow;
  }
  template <class Other>
  Color operator()(const Other&) const {
    return Color::none;
  }
};

}  // namespace

std::string subject_text(const core::Event& event) {
  if (event.service.empty()) return "-";
  if (!event.replica) return event.service;
  return fmt::format("{}/{}", event.service, event.replica.value);
}

std::string event_line(const core::Event& event, const EventFormat& format) {
  const std::string time = format.utc ? utc_text(event.time.wall) : local_text(event.time.wall);
  const Color color = std::visit(ColorChoice{}, event.body);
  std::string line =
      fmt::format("{} #{} {} {}  {}", time, event.seq.value, subject_text(event),
                  colored(core::type_name(event.body), color, format.color && color != Color::none),
                  one_line(projections::sentence(event)));
  if (event.cause) line += fmt::format("  [because #{}]", event.cause.value);
  return line;
}

void write_event(adapters::JsonWriter& json, const core::Event& event) {
  json.begin_object()
      .member("seq", event.seq.value)
      .member("time", iso_text(event.time.wall))
      .member("at_us", event.time.at.time_since_epoch().count())
      .member("type", core::type_name(event.body))
      .member("cause", event.cause.value)
      .member("actor", core::to_text(event.actor))
      .member("service", event.service)
      .member("replica", event.replica.value)
      .member("text", projections::sentence(event));
  json.key("body");
  write_body(json, event.body);
  json.end_object();
}

std::string event_json(const core::Event& event) {
  adapters::JsonWriter json;
  write_event(json, event);
  return json.take();
}

}  // namespace sky::cli
