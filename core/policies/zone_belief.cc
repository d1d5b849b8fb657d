#include "core/policies/zone_belief.h"

#include <algorithm>

#include "core/policies/fixed_point.h"

namespace sky::core {
namespace {

constexpr std::int64_t prior_failures_q16 = 3 * one_q16;  // alpha

std::uint64_t above_young(Duration age) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, whole_seconds(age)) + young_seconds);
}

// The integral of kappa / (age + a0) since we began to watch.
std::int64_t watched_q16(const ZoneBelief& zone, Instant now) {
  if (!zone.watched_since || !zone.up_since) return 0;
  return ln_ratio_q16(above_young(now - *zone.up_since),
                      above_young(*zone.watched_since - *zone.up_since));
}

void count_burst(LossHabits& habits, const ZoneBelief& zone) {
  if (!zone.burst_began || zone.burst_held < 2) return;
  if (zone.burst_lost >= zone.burst_held)
    ++habits.all;
  else
    ++(zone.burst_lost == 1 ? habits.one : habits.some);
}

void begin_burst(ZoneBelief& zone, std::uint32_t held, Instant now) {
  LossHabits before;
  count_burst(before, zone);
  zone.took_one += before.one;
  zone.took_some += before.some;
  zone.took_all += before.all;
  if (before.one + before.some > 0 && now - *zone.burst_began <= follow_time) ++zone.followed;
  zone.burst_began = now;
  zone.burst_held = held;
  zone.burst_lost = 0;
}

void stop_watching(ZoneBelief& zone, Instant now) {
  zone.exposure_q16 += watched_q16(zone, now);
  zone.watched_since.reset();
}

}  // namespace

void saw_capacity(ZoneBelief& zone, Instant now) {
  if (!zone.watched_since) {
    zone.up_since = now - age_of(zone, now);
    zone.watched_since = now;
  }
  zone.seen_up = zone.tried = now;
  zone.refusals = 0;
}

void saw_refusal(ZoneBelief& zone, std::uint32_t held, Instant now) {
  zone.tried = now;
  ++zone.refusals;
  zone.room = held;
  zone.room_seen = now;
  if (held > 0) return;  // full, not down
  stop_watching(zone, now);
  zone.seen_down = now;
  zone.up_since.reset();
}

void saw_loss(ZoneBelief& zone, std::uint32_t held, Instant now) {
  if (!zone.burst_began || now - *zone.burst_began > burst_gap) begin_burst(zone, held + 1, now);
  ++zone.burst_lost;
  const bool is_new = !zone.taken || now - *zone.taken > burst_time;
  if (is_new) ++zone.failures;
  stop_watching(zone, now);
  zone.taken = zone.seen_down = now;
  zone.up_since.reset();
  if (held > 0) zone.up_since = zone.watched_since = now;  // it begins anew with what is left
}

void left_zone(ZoneBelief& zone, Instant now) {
  if (!zone.watched_since) return;
  stop_watching(zone, now);
  zone.seen_up = now;
}

std::optional<Instant> retry_at(const ZoneBelief& zone) {
  if (zone.refusals == 0 || !zone.tried) return {};
  const auto doublings = std::min<std::uint32_t>(zone.refusals - 1, 10);
  return *zone.tried + std::min<Duration>(first_retry * (1 << doublings), longest_retry);
}

Duration age_of(const ZoneBelief& zone, Instant now) {
  if (zone.watched_since && zone.up_since) return now - *zone.up_since;
  const Duration since_down = zone.seen_down ? (now - *zone.seen_down) / 2 : unseen_age;
  const Duration guess = std::min(since_down, unseen_age);
  if (!zone.up_since || !zone.seen_up || (zone.seen_down && *zone.seen_down >= *zone.seen_up))
    return guess;
  // We left while it was up: it stayed up since with probability (a + a0) / (a + away + a0).
  const std::int64_t known = whole_seconds(*zone.seen_up - *zone.up_since);
  const std::int64_t now_age = whole_seconds(now - *zone.up_since);
  const std::int64_t kept =
      now_age * (known + young_seconds) / std::max<std::int64_t>(1, now_age + young_seconds);
  return seconds(kept);
}

std::int64_t frailty_q16(const ZoneBelief& zone, Instant now) {
  const std::int64_t expected = prior_failures_q16 + zone.exposure_q16 + watched_q16(zone, now);
  const std::int64_t seen = prior_failures_q16 + zone.failures * one_q16;
  return (seen << q16_bits) / expected;
}

void add_habits(LossHabits& habits, const ZoneBelief& zone) {
  habits.one += zone.took_one;
  habits.some += zone.took_some;
  habits.all += zone.took_all;
  habits.followed += zone.followed;
  count_burst(habits, zone);
}

std::int64_t burst_hazard_micro(const ZoneBelief& zone, const LossHabits& habits, Instant now) {
  if (!zone.taken || zone.up_since != zone.taken) return 0;
  constexpr std::int64_t fading_seconds = 300;
  const std::uint64_t left_some = habits.one + habits.some;
  const std::uint64_t calm = left_some - std::min<std::uint64_t>(habits.followed, left_some);
  const std::int64_t whole_q16 = ln_ratio_q16(left_some + 4, calm + 1);
  const std::int64_t kept_q16 =
      exp_q16(-whole_seconds(now - *zone.taken) * one_q16 / fading_seconds);
  const std::int64_t now_q16 = whole_q16 * kept_q16 >> q16_bits;
  return now_q16 * (seconds_an_hour / fading_seconds) * 1'000'000 >> q16_bits;
}

std::int64_t hazard_micro(const ZoneBelief& zone, Instant now) {
  const std::int64_t base =
      1'000'000 * seconds_an_hour / static_cast<std::int64_t>(above_young(age_of(zone, now)));
  return base * frailty_q16(zone, now) >> q16_bits;
}

}  // namespace sky::core
