// The mix of events the measurements in events/README.md speak of: 55 % probe answers, 35 % load
// samples, 10 % decisions, intents and outcomes; about 200 bytes each.
#pragma once

#include <string>
#include <vector>

#include "core/event.h"

namespace sky::bench {

inline core::EventBody mixed_body(std::uint64_t seq) {
  const std::uint64_t kind = seq * 7919 % 100;
  if (kind < 55) return core::ProbeAnswered{200, core::milliseconds(3), "", true};
  if (kind < 90) {
    core::TrafficSampled sample;
    sample.period = core::seconds(1);
    sample.arrivals = static_cast<std::uint32_t>(seq % 50);
    sample.completions = sample.arrivals;
    sample.in_flight = 3;
    sample.latency_p50 = core::milliseconds(120);
    sample.latency_p90 = core::milliseconds(240);
    sample.latency_p99 = core::milliseconds(480);
    sample.replicas = {{core::ReplicaId{1}, 1}, {core::ReplicaId{2}, 2}};
    return sample;
  }
  switch (kind) {
    case 90:
    case 91: {
      core::ScaleEvaluated evaluated;
      evaluated.policy = "request_rate";
      evaluated.reason = "4.2 requests a second need 2 replicas";
      return evaluated;
    }
    case 92: {
      core::LaunchIntended launch;
      launch.offer.place = {"aws", "us-east-2", "us-east-2a"};
      launch.offer.instance_type = "g4dn.xlarge";
      launch.offer.market = core::Market::spot;
      launch.offer.accelerator = {"T4", 1};
      return launch;
    }
    case 93: return core::ProvisionSucceeded{1, "i-0123456789abcdef0", "10.0.0.7", 8081};
    case 94: return core::PreemptionNoticed{core::Instant(core::seconds(120)), "spot notice"};
    case 95: return core::DrainStarted{core::DrainReason::preemption_notice, {}};
    case 96: return core::ReplicaBecameNotReady{"no answer for 15 s"};
    default: return core::ReplicaBecameReady{};
  }
}

inline core::Event mixed_event(std::uint64_t seq) {
  core::Event event;
  event.seq = core::Seq{seq};
  event.time.at = core::Instant(core::milliseconds(static_cast<std::int64_t>(seq)));
  event.time.wall = core::WallTime(core::seconds(1'700'000'000));
  event.cause = core::Seq{seq / 2};
  event.actor = core::Actor::probe;
  event.service = "llama3";
  event.replica = core::ReplicaId{static_cast<std::uint32_t>(seq % 7 + 1)};
  event.body = mixed_body(seq);
  return event;
}

inline std::vector<core::Event> mixed_events(std::uint64_t first, std::size_t count) {
  std::vector<core::Event> events;
  events.reserve(count);
  for (std::size_t i = 0; i < count; ++i) events.push_back(mixed_event(first + i));
  return events;
}

}  // namespace sky::bench
