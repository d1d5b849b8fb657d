#include "projections/storms.h"

#include <algorithm>
#include <utility>

#include "projections/timeline.h"

namespace sky::projections {
namespace {

using core::Event;

enum class Kind { none, preempted, lost, refused };

Kind kind_of(const Event& event) {
  if (std::holds_alternative<core::PreemptionNoticed>(event.body)) return Kind::preempted;
  if (std::holds_alternative<core::ReplicaPreempted>(event.body)) return Kind::preempted;
  if (const auto* lost = std::get_if<core::InstanceLost>(&event.body))
    return lost->by_user_code ? Kind::none : Kind::lost;
  if (const auto* failed = std::get_if<core::ProvisionFailed>(&event.body))
    return failed->failure.kind == core::FailureKind::capacity ? Kind::refused : Kind::none;
  return Kind::none;
}

StormZone& zone_of(Storm& storm, const core::Offer& offer) {
  for (StormZone& zone : storm.zones)
    if (zone.place == offer.place && zone.market == offer.market) return zone;
  StormZone zone;
  zone.place = offer.place;
  zone.market = offer.market;
  return storm.zones.emplace_back(std::move(zone));
}

// What the controller chose to do about it; the rest follows from these.
bool is_told(const Event& event) {
  if (const auto* scale = std::get_if<core::ScaleEvaluated>(&event.body))
    return scale->target_after != scale->target_before;
  return event.actor == core::Actor::controller &&
         (std::holds_alternative<core::LaunchIntended>(event.body) ||
          std::holds_alternative<core::DrainStarted>(event.body) ||
          std::holds_alternative<core::ZoneBlocked>(event.body) ||
          std::holds_alternative<core::VersionRolledBack>(event.body));
}

void note_decision(Storm& storm, const Event& event) {
  if (!is_told(event)) return;
  if (storm.decisions.size() >= max_storm_decisions) {
    ++storm.more_decisions;
    return;
  }
  storm.decisions.push_back(
      {event.seq, event.time, event.replica, core::type_name(event.body), sentence(event)});
}

bool overlap(const Storm& one, const Storm& other) {
  return one.service != other.service && one.began.at <= other.end() + at_once_window &&
         other.began.at <= one.end() + at_once_window;
}

}  // namespace

void StormFinder::add(const Event& event) {
  const auto old = open_.find(event.service);
  if (old != open_.end() && event.time.at - old->second.now.last_blow.at > storm_gap &&
      (old->second.recovered || !is_storm(old->second)))
    close(event.service);
  if (kind_of(event) != Kind::none && find_replica(model_, event)) note_blow(event);
  const auto found = open_.find(event.service);
  if (found != open_.end()) note_event(found->second, event);
  evolve(model_, event);
  if (found == open_.end()) return;
  note_capacity(found->second, event);
  if (std::holds_alternative<core::ServiceRemoved>(event.body)) close(event.service);
}

void StormFinder::begin(const Event& event) {
  const ServiceState& service = model_.services.at(event.service);
  const CostReport cost = cost_of(service, event.time.at);
  Open open;
  open.now.service = event.service;
  open.now.first = event.seq;
  open.now.began = event.time;
  open.now.target = service.target;
  open.now.ready_before = open.now.lowest_ready = ready_count(service);
  open.spent_before = cost.spent;
  open.price_before = cost.now;
  open.looked = event.time.at;
  open_[event.service] = std::move(open);
}

void StormFinder::note_blow(const Event& event) {
  const Replica& replica = *find_replica(model_, event);
  const Kind kind = kind_of(event);
  const auto is_known = [&](const Blow& blow) { return blow.replica == event.replica; };
  if (!open_.contains(event.service)) {
    if (kind == Kind::refused) return;
    begin(event);
  }
  Open& open = open_.at(event.service);
  const bool is_second_word =
      kind != Kind::refused && std::any_of(open.taken.begin(), open.taken.end(), is_known);
  if (is_second_word) return;  // the end that was announced
  open.recovered.reset();
  open.now.last_blow = event.time;
  StormZone& zone = zone_of(open.now, replica.offer);
  if (kind == Kind::refused) {
    ++zone.refused, ++open.now.refused;
    return;
  }
  kind == Kind::lost ? (++zone.lost, ++open.now.lost) : (++zone.preempted, ++open.now.preempted);
  open.taken.push_back({event.replica, event.time.at});
  const auto recent = std::count_if(open.taken.begin(), open.taken.end(), [&](const Blow& blow) {
    return event.time.at - blow.at <= at_once_window;
  });
  open.now.most_at_once = std::max(open.now.most_at_once, static_cast<std::uint32_t>(recent));
}

void StormFinder::note_event(Open& open, const Event& event) {
  Storm& storm = open.now;
  note_decision(storm, event);
  if (const auto* sample = std::get_if<core::TrafficSampled>(&event.body)) {
    storm.requests.arrived += sample->arrivals;
    storm.requests.completed += sample->completions;
    storm.requests.failed += sample->failures;
    storm.requests.retried += sample->retries;
    storm.requests.most_held = std::max(storm.requests.most_held, sample->held);
  } else if (const auto* held = std::get_if<core::RequestsHeld>(&event.body)) {
    storm.requests.most_held = std::max(storm.requests.most_held, held->waiting);
  } else if (const auto* shed = std::get_if<core::RequestsShed>(&event.body)) {
    storm.requests.shed += shed->count;
  } else if (const auto* drain = std::get_if<core::DrainStarted>(&event.body)) {
    const Replica* replica = find_replica(model_, event);
    if (drain->reason == core::DrainReason::preemption_notice && replica)
      open.draining[event.replica] = replica->in_flight;
  } else if (std::holds_alternative<core::ReplicaDrained>(event.body)) {
    const auto running = open.draining.extract(event.replica);
    if (!running.empty()) storm.requests.drained += running.mapped();
  } else if (std::holds_alternative<core::RemovalRequested>(event.body)) {
    storm.removed = true;
  }
}

// After the event: ready against the target, and what was spent.
void StormFinder::note_capacity(Open& open, const Event& event) {
  Storm& storm = open.now;
  if (open.is_below) storm.below += event.time.at - open.looked;
  open.looked = event.time.at;
  const ServiceState* service = find_service(model_, storm.service);
  if (!service) return;
  const std::uint32_t ready = ready_count(*service), target = service->target;
  const std::uint32_t missing = target > ready ? target - ready : 0;
  open.is_below = missing > 0 && !storm.removed;
  if (missing > storm.depth && !storm.removed) {
    storm.depth = missing;
    storm.target = target;
    storm.lowest_ready = ready;
  }
  const core::Duration length = event.time.at - storm.began.at;
  storm.cost.nano_usd =
      cost_of(*service, event.time.at).spent.nano_usd - open.spent_before.nano_usd;
  storm.extra_cost.nano_usd = storm.cost.nano_usd - open.price_before.for_duration(length).nano_usd;
  if (missing > 0 || storm.removed || open.recovered) return;
  // With the blow itself nothing has happened yet: the drain that follows it takes the replica out.
  if (event.time == storm.last_blow) return;
  open.recovered = storm;
  open.recovered->recovered = event.time;
}

bool StormFinder::is_storm(const Open& open) {
  return open.now.preempted + open.now.lost > 0 &&
         open.now.preempted + open.now.lost + open.now.refused >= fewest_blows;
}

const Storm& StormFinder::told(const Open& open) {
  return open.recovered ? *open.recovered : open.now;
}

void StormFinder::close(const core::ServiceName& service) {
  const auto open = open_.extract(service);
  if (open.empty() || !is_storm(open.mapped())) return;
  if (closed_.size() >= max_storms) closed_.erase(closed_.begin());
  closed_.push_back(told(open.mapped()));
}

std::vector<Storm> StormFinder::storms() const {
  std::vector<Storm> all = closed_;
  for (const auto& [name, open] : open_)
    if (is_storm(open)) all.push_back(told(open));
  std::sort(all.begin(), all.end(),
            [](const Storm& one, const Storm& other) { return one.first < other.first; });
  for (Storm& storm : all)
    for (const Storm& other : all) {
      auto& names = storm.also_hit;
      const bool is_known = std::find(names.begin(), names.end(), other.service) != names.end();
      if (overlap(storm, other) && !is_known) names.push_back(other.service);
    }
  return all;
}

}  // namespace sky::projections
