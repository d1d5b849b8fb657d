// Which replicas are to be probed now, and how. The prober makes its timers agree with this list;
// it is derived from state, so nothing about probing needs to survive a restart.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/ids.h"
#include "core/spec.h"
#include "projections/model.h"

namespace sky::projections {

struct ProbeTarget {
  core::ServiceName service;
  core::ReplicaId replica;
  std::uint32_t attempt = 0;
  core::Version version;
  std::string host;
  std::uint16_t port = 0;
  core::ReadinessProbe probe;
  core::Duration interval{0};  // shorter than the spec's while the replica starts
  bool operator==(const ProbeTarget&) const = default;
};

std::vector<ProbeTarget> probe_targets(const Model& model);

}  // namespace sky::projections
