// The status view as one JSON document (cli/print_status.h). Fields are only ever added.
#include <optional>
#include <string>

#include "adapters/json.h"
#include "cli/event_body_json.h"
#include "cli/status_json.h"

namespace sky::cli {
namespace {

using adapters::JsonWriter;

void write_duration(JsonWriter& json, const char* key,
                    const std::optional<core::Duration>& duration) {
  json.key(key);
  if (duration)
    json.number(static_cast<double>(duration->count()) / 1e6);
  else
    json.null();
}

void write_service(JsonWriter& json, const projections::ServiceRow& row) {
  json.begin_object().member("name", row.name).key("serving_versions").begin_array();
  for (const core::Version version : row.serving) json.unsigned_integer(version.value);
  json.end_array().member("version", row.wanted.value);
  write_duration(json, "uptime_seconds", row.uptime);
  json.member("status", projections::to_text(row.status))
      .member("ready", row.ready)
      .member("live", row.live)
      .member("endpoint", row.endpoint)
      .member("sandbox", row.sandbox)
      .member("target", row.target)
      .member("overprovisioned", row.overprovisioned)
      .member("qps", static_cast<double>(row.rate.value) / 1000)
      .member("in_flight", row.in_flight)
      .member("held", row.held)
      .member("usd_spent", row.cost.spent.usd())
      .member("usd_all_on_demand", row.cost.all_on_demand.usd())
      .member("usd_per_hour", row.cost.now.usd_per_hour())
      .member("usd_per_hour_all_on_demand", row.cost.now_all_on_demand.usd_per_hour())
      .member("failing", row.failing)
      .member("reason", row.reason)
      .end_object();
}

void write_replica(JsonWriter& json, const projections::ReplicaRow& row) {
  json.begin_object()
      .member("service", row.service)
      .member("id", row.id.value)
      .member("version", row.version.value)
      .member("host", row.host)
      .member("port", std::uint32_t{row.port});
  write_duration(json, "launched_seconds_ago", row.launched);
  json.member("status", core::to_text(row.phase));
  write_duration(json, "in_status_seconds", row.in_phase);
  json.member("reason", row.reason)
      .member("pool", core::to_text(row.pool))
      .member("paid_overflow", row.paid_overflow)
      .member("ejected", row.ejected)
      .member("in_flight", row.in_flight)
      .member("last_http_status", row.last_http_status)
      .member("usd_spent", row.cost.usd())
      .member("sandbox", row.sandbox);
  write_duration(json, "notice_left_seconds", row.notice_left);
  write_offer(json.key("offer"), row.offer);
  json.end_object();
}

}  // namespace

std::string status_json(const projections::StatusView& view) {
  JsonWriter json;
  json.begin_object().key("services").begin_array();
  for (const auto& row : view.services) write_service(json, row);
  json.end_array().key("replicas").begin_array();
  for (const auto& row : view.replicas) write_replica(json, row);
  json.end_array().end_object();
  return json.take();
}

}  // namespace sky::cli
