// `skyctl replay --what-if`: the recorded past under another replica policy, as an estimate.
//
// Demand and zone availability are taken out of the log; the deciding code runs in the simulator
// (projections/simulation) twice, with the recorded policy and with the other one. The first run
// shows how far the simulator is from what was recorded. Only reads. Blocking; any thread.
// Errors: not_found when the log holds no such service, usage when there are several and none is
// named, those of reading the log, and invalid_input when the policy does not fit the service.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "adapters/policy_change.h"
#include "cli/moment.h"
#include "cli/replay_source.h"
#include "core/result.h"
#include "projections/service_score.h"
#include "projections/simulation/recorded_scenario.h"

namespace sky::cli {

struct WhatIfQuestion {
  core::ServiceName service;  // empty: the only one
  adapters::PolicyChange change;
  std::optional<Moment> since;  // the policy is changed then; none: it was like that from the start
  std::optional<Moment> until;
};

struct WhatIfAnswer {
  core::ServiceName service;
  core::Stamp begin, end;
  bool is_sandbox = false;
  core::ReplicaPolicy policy, other_policy;  // as of the beginning
  projections::ServiceScore recorded, same, other;  // as it was; simulated with each policy
  // What it rests on.
  projections::Evidence evidence;
  std::size_t offers_without_evidence = 0;  // of those the service could use
  std::uint32_t launches_without_evidence = 0;  // of the other policy
  core::Duration provisioning{0}, startup{0};  // the middle ones of all that were seen
  std::vector<std::string> left_out;  // of the policy file
};

// `on_progress` is told the share of the simulations that is done; it may be empty.
core::Result<WhatIfAnswer> ask_what_if(const ReplaySource& source, const WhatIfQuestion& question,
                                       const std::function<void(double)>& on_progress = {});

}  // namespace sky::cli
