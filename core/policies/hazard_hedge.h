// HazardHedge: the fleet whose cost and risk together are least (plan_search.h), on hazards that
// fall with the time a zone has been up (zone_belief.h).
//
//   hazard of zone z   h_z = belief's hazard * (1 + 1.5 e^(-t / 1 h)), t since another zone of its
//                      region took a machine from us
//   committed plan     over zones where we hold confirmed machines; kept unless another gains more
//                      than the change costs
//   tries              other zones, when a plan with them is better by more than the try may cost
//   race and cancel    what confirmed spot does not cover is launched on demand at once, and ended
//                      as soon as spot is confirmed; ready on-demand machines stay until spot is
//                      ready
//   bursts             what is left in a zone that took a part of ours is expected to go within
//                      minutes, and is replaced before
//   refusals           teach a zone's room for five minutes, doubled with each in a row up to an
//                      hour; zones of which nothing is known are taken to have what others hold
//                      when two were full within 12 hours; a refused zone is tried again after one
//                      or two minutes
//   scout              a plan without spot keeps one replica, so that a zone's age becomes known
//   probes             a zone we are not in is asked for one machine each `probe_every`, which is
//                      ended as soon as it is confirmed and nothing has use for it
//   stated availability  the weight of risk follows it: slo_tracking.h
//   splits             no zone holds more than half of the target while two are up
#pragma once

#include "core/policies/market_policy.h"

namespace sky::core {

MarketPlan plan_hazard_hedge(const MarketPolicy& policy, const MarketView& view);

// In 10^-6 an hour, with what its region and a burst of losses add.
std::int64_t zone_hazard_micro(const MarketView& view, const LossHabits& habits, std::size_t zone);

}  // namespace sky::core
