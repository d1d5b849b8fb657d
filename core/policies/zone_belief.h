// What our own launches, losses and refusals tell about one spot zone: a fold over them, and the
// hazard that follows.
//
// Nothing else is known of a zone. The longer it has been continuously up, the longer it will be:
// on every public trace the hazard of a zone is close to kappa / (age + a0) (Lomax), between 10 and
// 50 times lower for an old zone than for a young one.
//
//   hazard  h = f * kappa / (age + a0), kappa = 1, a0 = 0.8 h: the pooled fit, rounded
//   frailty f = (alpha + failures) / (alpha + exposure), alpha = 3: the mean of a gamma-Poisson
//           model; exposure is what the formula above expected while we watched
//
// Ages of zones that we are not in: half the time since it was last down, 2.5 h at most and when
// nothing is known; a zone that we left while it was up keeps its age, discounted by the chance
// that it went down meanwhile. Times in seconds, hazards in 10^-6 an hour. Pure; integers only.
#pragma once

#include <cstdint>
#include <optional>

#include "core/time.h"

namespace sky::core {

struct ZoneBelief {
  std::optional<Instant> up_since;  // as far as we know: its age counts from here
  std::optional<Instant> watched_since;  // we hold a machine there: a loss would be seen
  std::optional<Instant> seen_up;  // newest sign of capacity
  std::optional<Instant> seen_down;  // newest refusal while we held nothing, or loss
  std::optional<Instant> taken;  // newest loss, or notice of one
  std::optional<Instant> tried;  // newest launch that was answered
  std::uint32_t failures = 0;  // losses; those that come together count as one
  std::int64_t exposure_q16 = 0;
  std::uint32_t refusals = 0;  // launches refused in a row
  std::uint32_t room = 0;  // what we held when a launch was refused; counts for room_memory
  std::optional<Instant> room_seen;
  std::optional<Instant>
      burst_began;  // the newest loss: machines taken within burst_gap of the first
  std::uint32_t burst_held = 0;  // ours there before it
  std::uint32_t burst_lost = 0;
  // Of the losses before it that met two machines or more: how many took one, some, all, and after
  // how many of those that left some the next followed within follow_time.
  std::uint32_t took_one = 0, took_some = 0, took_all = 0, followed = 0;
  bool operator==(const ZoneBelief&) const = default;
};

inline constexpr std::int64_t seconds_an_hour = 3600;
inline constexpr std::int64_t young_seconds = 2880;  // a0
inline constexpr Duration unseen_age = seconds(9000);  // 2.5 h
// Losses within this time of the first are one failure of the zone: 83 to 97 % of further losses
// come within 5 minutes (the SkyServe paper).
inline constexpr Duration burst_time = seconds(300);

inline constexpr Duration burst_gap = seconds(60);
inline constexpr Duration follow_time = seconds(600);

// A refused zone is tried again after a minute, then every two. Refusals cost nothing, a machine on
// demand instead of a spot one does: measured on public traces, longer times cost 2 to 3 % of
// all-on-demand and save only calls.
inline constexpr Duration first_retry = seconds(60), longest_retry = seconds(120);

// How zones take machines: of the losses that met two or more. Pooled over zones, since each sees
// few.
struct LossHabits {
  std::uint32_t one = 0, some = 0, all = 0, followed = 0;
  bool operator==(const LossHabits&) const = default;
};
void add_habits(LossHabits& habits, const ZoneBelief& zone);

// A launch there was answered with a machine.
void saw_capacity(ZoneBelief& zone, Instant now);
// A launch there was refused for want of capacity while we held that many machines there.
void saw_refusal(ZoneBelief& zone, std::uint32_t held, Instant now);
// A machine of ours was taken there; `held` of ours are left.
void saw_loss(ZoneBelief& zone, std::uint32_t held, Instant now);
// We ended our last machine there.
void left_zone(ZoneBelief& zone, Instant now);

// After refusals: not before that.
std::optional<Instant> retry_at(const ZoneBelief& zone);
Duration age_of(const ZoneBelief& zone, Instant now);
std::int64_t frailty_q16(const ZoneBelief& zone, Instant now);
// Without what its region adds, and without the next one.
std::int64_t hazard_micro(const ZoneBelief& zone, Instant now);
// What a loss that left some of ours adds: the rest mostly follows within minutes.
//
//   ln((n + 4) / (n - followed + 1)) / 5 min * e^(-t / 5 min), n losses that left some: the chance
//   that the next follows is estimated from 3 of 4 on (83 to 97 %, 34 to 95 % in the SkyServe
//   paper)
std::int64_t burst_hazard_micro(const ZoneBelief& zone, const LossHabits& habits, Instant now);

}  // namespace sky::core
