#include "projections/storms_series.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "projections/wording.h"

namespace sky::projections {
namespace {

std::optional<BlowKind> blow_kind(const core::Event& event) {
  if (std::holds_alternative<core::PreemptionNoticed>(event.body)) return BlowKind::notice;
  if (std::holds_alternative<core::ReplicaPreempted>(event.body)) return BlowKind::taken;
  if (const auto* lost = std::get_if<core::InstanceLost>(&event.body); lost && !lost->by_user_code)
    return BlowKind::lost;
  const auto* failed = std::get_if<core::ProvisionFailed>(&event.body);
  if (failed && failed->failure.kind == core::FailureKind::capacity) return BlowKind::refused;
  return {};
}

core::MilliRps rate_of(std::uint32_t count, core::Duration period) {
  const std::int64_t us = std::max<std::int64_t>(period.count(), 1);
  return {std::int64_t{count} * 1'000'000'000 / us};
}

std::string zone_name(const core::Offer& offer) {
  return place_text(offer.place) + (offer.is_spot() ? " spot" : "");
}

}  // namespace

bool FleetPoint::same_as(const FleetPoint& other) const {
  return target == other.target && coming == other.coming && ready == other.ready;
}

StormSeriesFold::StormSeriesFold(core::ServiceName service, core::Instant from, core::Instant to,
                                 Model before)
    : model_(std::move(before)) {
  series_.service = std::move(service);
  series_.from = from;
  series_.to = to;
}

std::size_t StormSeriesFold::zone_index(const std::string& zone) {
  auto& zones = series_.zones;
  const auto found = std::find(zones.begin(), zones.end(), zone);
  if (found != zones.end()) return static_cast<std::size_t>(found - zones.begin());
  zones.push_back(zone);
  return zones.size() - 1;
}

FleetPoint StormSeriesFold::point(core::Instant at) {
  FleetPoint point;
  point.at = at;
  const auto service = model_.services.find(series_.service);
  if (service == model_.services.end()) return point;
  point.target = service->second.target;
  for (const auto& [id, replica] : service->second.replicas) {
    if (replica.phase == core::Phase::provisioning || replica.phase == core::Phase::starting)
      ++point.coming;
    if (replica.phase != core::Phase::ready) continue;
    const std::size_t zone = zone_index(zone_name(replica.offer));
    if (point.ready.size() <= zone) point.ready.resize(zone + 1);
    ++point.ready[zone];
  }
  return point;
}

void StormSeriesFold::note_blow(const core::Event& event) {
  const auto kind = blow_kind(event);
  const auto service = model_.services.find(event.service);
  if (!kind || service == model_.services.end() || series_.blows.size() >= max_points) return;
  const auto replica = service->second.replicas.find(event.replica);
  if (replica == service->second.replicas.end()) return;
  series_.blows.push_back(
      {event.time.at, *kind, event.replica, place_text(replica->second.offer.place)});
}

void StormSeriesFold::note_traffic(const core::Event& event) {
  const auto* sample = std::get_if<core::TrafficSampled>(&event.body);
  if (!sample || series_.traffic.size() >= max_points) return;
  series_.traffic.push_back({event.time.at, sample->period,
                             rate_of(sample->arrivals, sample->period),
                             rate_of(sample->failures, sample->period), sample->held});
}

void StormSeriesFold::add(const core::Event& event) {
  if (event.time.at > series_.to) return;
  const bool is_inside = event.service == series_.service && event.time.at >= series_.from;
  if (is_inside) {
    series_.wall_offset = event.time.wall.time_since_epoch() - event.time.at.time_since_epoch();
    if (series_.fleet.empty()) series_.fleet.push_back(point(series_.from));
    note_blow(event);
    note_traffic(event);
  }
  evolve(model_, event);
  if (!is_inside || series_.fleet.size() >= max_points) return;
  FleetPoint now = point(event.time.at);
  if (now.same_as(series_.fleet.back())) return;
  if (series_.fleet.back().at == now.at)
    series_.fleet.back() = std::move(now);
  else
    series_.fleet.push_back(std::move(now));
}

}  // namespace sky::projections
