#include "adapters/json.h"
#include "cli/print_storms.h"
#include "cli/time_text.h"

namespace sky::cli {
namespace {

using adapters::JsonWriter;
using projections::Storm;

void write_zones(JsonWriter& json, const Storm& storm) {
  json.key("zones").begin_array();
  for (const auto& zone : storm.zones)
    json.begin_object()
        .member("cloud", zone.place.cloud)
        .member("region", zone.place.region)
        .member("zone", zone.place.zone)
        .member("market", core::to_text(zone.market))
        .member("preempted", zone.preempted)
        .member("lost", zone.lost)
        .member("refused", zone.refused)
        .end_object();
  json.end_array();
}

void write_requests(JsonWriter& json, const projections::StormRequests& requests) {
  json.key("requests")
      .begin_object()
      .member("arrived", requests.arrived)
      .member("completed", requests.completed)
      .member("failed", requests.failed)
      .member("shed", requests.shed)
      .member("most_held", requests.most_held)
      .member("saved_by_draining", requests.drained)
      .member("saved_by_retrying", requests.retried)
      .end_object();
}

void write_decisions(JsonWriter& json, const Storm& storm) {
  json.key("decisions").begin_array();
  for (const auto& decision : storm.decisions)
    json.begin_object()
        .member("seq", decision.seq.value)
        .member("time", iso_text(decision.time.wall))
        .member("replica", decision.replica.value)
        .member("type", decision.type)
        .member("text", decision.text)
        .end_object();
  json.end_array().member("more_decisions", storm.more_decisions);
}

void write_storm(JsonWriter& json, const Storm& storm) {
  json.begin_object()
      .member("service", storm.service)
      .member("first_seq", storm.first.value)
      .member("began", iso_text(storm.began.wall))
      .member("last_blow", iso_text(storm.last_blow.wall))
      .key("recovered");
  if (storm.recovered)
    json.text(iso_text(storm.recovered->wall)).member("to_recover_us", storm.to_recover().count());
  else
    json.null().key("to_recover_us").null();
  json.member("removed", storm.removed)
      .member("preempted", storm.preempted)
      .member("lost", storm.lost)
      .member("refused", storm.refused)
      .member("most_at_once", storm.most_at_once)
      .member("target", storm.target)
      .member("ready_before", storm.ready_before)
      .member("lowest_ready", storm.lowest_ready)
      .member("depth", storm.depth)
      .member("below_target_us", storm.below.count())
      .member("usd_cost", storm.cost.usd())
      .member("usd_extra_cost", storm.extra_cost.usd());
  write_zones(json, storm);
  write_requests(json, storm.requests);
  write_decisions(json, storm);
  json.key("also_hit").begin_array();
  for (const core::ServiceName& other : storm.also_hit) json.text(other);
  json.end_array().end_object();
}

}  // namespace

std::string storms_json(const std::vector<Storm>& storms) {
  JsonWriter json;
  json.begin_object().key("storms").begin_array();
  for (const Storm& storm : storms) write_storm(json, storm);
  json.end_array().end_object();
  return json.take() + "\n";
}

}  // namespace sky::cli
