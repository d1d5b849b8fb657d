#include "projections/simulation/trace_run.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "core/check.h"
#include "core/placement.h"
#include "core/policies/slo_tracking.h"
#include "core/policies/spot_hedge.h"
#include "core/splitmix.h"
#include "projections/simulation/trace_bound.h"

namespace sky::projections {
namespace {

using core::Duration;
using core::Instant;

constexpr std::int64_t price_unit = 1'000'000;  // one spot replica hour

struct Machine {
  std::uint64_t id = 0;
  Instant launched, ready_at;
  bool is_answered = false;
  bool is_ready = false;
};

struct Zone {
  std::vector<Machine> machines;  // by launch: the newest is last
  std::uint32_t refused = 0;  // launches whose refusal is not known yet
  std::uint32_t capacity = 0;
  std::uint32_t region = 0;
  core::ZoneBelief belief;

  std::uint32_t held() const { return static_cast<std::uint32_t>(machines.size()); }
  std::uint32_t ready() const {
    return static_cast<std::uint32_t>(
        std::count_if(machines.begin(), machines.end(), [](auto& one) { return one.is_ready; }));
  }
};

class Run {
 public:
  Run(const TraceQuestion& question, const TraceWatch& watch)
      : question_(question),
        trace_(*question.trace),
        watch_(watch),
        zones_(trace_.zones.size()),
        target_(question.targets.empty() ? question.target : question.targets.front().target) {
    begin_ = Instant(question.begin);
    const Duration left = trace_.length() - question.begin;
    end_ = begin_ + std::min(question.length.value_or(left), left);
    now_ = begin_;
    std::vector<std::pair<std::string, std::string>> regions;
    for (std::size_t z = 0; z < zones_.size(); ++z) {
      const std::pair region{trace_.zones[z].cloud, trace_.zones[z].region};
      const auto found = std::find(regions.begin(), regions.end(), region);
      zones_[z].region = static_cast<std::uint32_t>(found - regions.begin());
      if (found == regions.end()) regions.push_back(region);
      all_zones_.insert(trace_.zones[z]);
    }
    forgiving_ = question.policy.forgives_late ? core::forgiving_as_artifact(zones_.size())
                                               : core::forgiving_as_printed;
    is_binary_ = is_binary(trace_);
    find_changes();
  }

  TraceScore score() {
    apply_sample(question_.begin / trace_.gap);
    next_change_ = std::upper_bound(changes_.begin(), changes_.end(), question_.begin / trace_.gap);
    Instant tick = begin_;
    while (now_ < end_) {
      const Instant next = std::min({tick, next_sample(), next_ready(), next_target(), end_});
      advance(next);
      settle();
      if (now_ == tick) {
        look();
        const Instant soonest = now_ + question_.period;
        tick = is_stirred_ ? soonest : std::max(soonest, on_grid(wake_.value_or(end_)));
      } else if (is_stirred_) {
        tick = std::min(tick, on_grid(now_));
      }
    }
    finish();
    return score_;
  }

 private:
  // The first look at or after that moment.
  Instant on_grid(Instant when) const {
    const Duration since = when - begin_;
    const auto periods = (since + question_.period - Duration{1}) / question_.period;
    return begin_ + question_.period * periods;
  }

  void find_changes() {
    for (std::size_t i = 1; i < trace_.samples(); ++i)
      for (const auto& row : trace_.capacity)
        if (row[i] != row[i - 1]) {
          changes_.push_back(static_cast<std::int64_t>(i));
          break;
        }
  }
  Instant next_sample() const {
    return next_change_ == changes_.end() ? end_ : Instant(trace_.gap * *next_change_);
  }
  Instant next_ready() const {
    Instant next = end_;
    const auto look_at = [&](const Machine& one) {
      if (!one.is_ready) next = std::min(next, one.ready_at);
    };
    for (const Zone& zone : zones_)
      std::for_each(zone.machines.begin(), zone.machines.end(), look_at);
    std::for_each(on_demand_.begin(), on_demand_.end(), look_at);
    return next;
  }

  void apply_sample(std::int64_t sample) {
    for (std::size_t z = 0; z < zones_.size(); ++z) {
      const std::uint32_t count = trace_.capacity[z][static_cast<std::size_t>(sample)];
      const bool is_unlimited = is_binary_ && !question_.is_literal && count > 0;
      zones_[z].capacity = is_unlimited ? std::numeric_limits<std::uint32_t>::max() : count;
      while (zones_[z].held() > zones_[z].capacity) take_newest(z);
    }
  }

  void take_newest(std::size_t z) {
    const Machine gone = zones_[z].machines.back();
    zones_[z].machines.pop_back();
    is_stirred_ = true;
    if (!gone.is_answered) {  // what was not answered yet is refused
      ++zones_[z].refused;
      tell(TraceEvent::ended, gone.id, z);  // its refusal is told when it is heard
      return;
    }
    ++score_.preemptions;
    told_.taken += gone.is_ready ? 1 : 0;
    tell(TraceEvent::taken, gone.id, z);
    core::saw_loss(zones_[z].belief, zones_[z].held(), now_);
    core::mark_preempting(preempting_, trace_.zones[z], all_zones_, forgiving_);
  }

  void follow_target() {
    const auto& targets = question_.targets;
    while (next_target_ < targets.size() && begin_ + targets[next_target_].at <= now_) {
      is_stirred_ = is_stirred_ || target_ != targets[next_target_].target;
      target_ = targets[next_target_++].target;
    }
  }
  Instant next_target() const {
    const auto& targets = question_.targets;
    return next_target_ < targets.size() ? begin_ + targets[next_target_].at : end_;
  }

  // What happens at this moment by itself.
  void settle() {
    follow_target();
    while (next_change_ != changes_.end() && Instant(trace_.gap * *next_change_) <= now_)
      apply_sample(*next_change_++);
    for (std::size_t z = 0; z < zones_.size(); ++z)
      for (Machine& one : zones_[z].machines)
        if (!one.is_ready && one.ready_at <= now_) {
          one.is_ready = is_stirred_ = true;
          preempting_.erase(trace_.zones[z]);
          tell(TraceEvent::served, one.id, z);
        }
    for (Machine& one : on_demand_)
      if (!one.is_ready && one.ready_at <= now_) {
        one.is_ready = is_stirred_ = true;
        tell(TraceEvent::served, one.id, {});
      }
    count_ready();
  }

  void count_ready() {
    std::uint32_t ready = 0;
    for (const Zone& zone : zones_) ready += zone.ready();
    for (const Machine& one : on_demand_) ready += one.is_ready ? 1 : 0;
    const bool is_short = ready < target_;
    if (is_short && !is_short_ && now_ >= begin_ + question_.warm_up) ++score_.episodes;
    is_short_ = is_short;
    ready_ = ready;
    if (question_.policy.availability_ppm > 0)
      core::track(slo_, question_.policy.availability_ppm, is_short, now_);
    if (watch_.ready) tell_ready();
  }

  void tell(TraceEvent event, std::uint64_t machine, std::optional<std::size_t> zone) const {
    if (watch_.fact) watch_.fact({event, now_, machine, zone});
  }
  void tell_ready() {
    ReadySpan span;
    span.begin = now_ - begin_;
    for (const Zone& zone : zones_) span.spot.push_back(zone.ready());
    for (const Machine& one : on_demand_) span.on_demand += one.is_ready ? 1 : 0;
    span.taken = told_.taken;
    const bool is_new = span.spot != told_.spot || span.on_demand != told_.on_demand;
    if (!is_new && span.taken == 0) return;
    watch_.ready(span);
    told_ = std::move(span);
    told_.taken = 0;
  }

  void advance(Instant to) {
    const Instant from = std::max(now_, begin_ + question_.warm_up);
    now_ = to;
    if (to <= from) return;
    const Duration passed = to - from;
    const double part = static_cast<double>(passed.count());
    score_.counted += passed;
    if (!is_short_) score_.available += passed;
    if (ready_ * 2 < target_) score_.below_half += passed;
    if (ready_ == 0 && target_ > 0) score_.nothing_ready += passed;
    wanted_ += part * target_;
    shortage_ += part * (target_ - std::min(ready_, target_));
    for (std::size_t z = 0; z < zones_.size(); ++z)
      spent_ += part * zones_[z].held() * static_cast<double>(price_of(z)) / price_unit;
    spent_on_demand_ += part * static_cast<double>(on_demand_.size());
  }

  void finish() {
    if (wanted_ <= 0) return;
    const double ratio = static_cast<double>(question_.on_demand_ratio_milli) / 1000;
    score_.shortfall = shortage_ / wanted_;
    score_.on_demand_cost = spent_on_demand_ / wanted_;
    score_.cost = score_.on_demand_cost + spent_ / wanted_ / ratio;
  }

  std::int64_t price_of(std::size_t zone) const {
    return question_.zone_prices.empty() ? price_unit : question_.zone_prices[zone];
  }

  void hear_answers() {
    for (std::size_t z = 0; z < zones_.size(); ++z) {
      Zone& zone = zones_[z];
      for (Machine& one : zone.machines)
        if (!one.is_answered && one.launched < now_) {
          one.is_answered = true;
          tell(TraceEvent::answered, one.id, z);
          core::saw_capacity(zone.belief, now_);
        }
      if (zone.refused == 0) continue;
      tell(TraceEvent::launched, ++machines_, z);
      tell(TraceEvent::refused, machines_, z);
      core::saw_refusal(zone.belief, zone.held(), now_);
    }
    // One after the other as they were launched: every zone once, then again.
    for (bool is_done = false; !is_done;) {
      is_done = true;
      for (std::size_t z = 0; z < zones_.size(); ++z) {
        if (zones_[z].refused == 0) continue;
        --zones_[z].refused;
        core::mark_preempting(preempting_, trace_.zones[z], all_zones_, forgiving_);
        is_done = false;
      }
    }
  }

  // Fixed shares of zones stay where they are; the other policies choose anew each time.
  std::uint32_t drawn_rank(std::size_t zone) const {
    const auto rule = question_.policy.rule;
    const bool is_fixed =
        rule == core::MarketRule::even_spread || rule == core::MarketRule::static_mixture;
    const std::uint64_t draw =
        core::mixed(question_.seed) ^ (is_fixed ? 0 : core::mixed(score_.plans));
    return static_cast<std::uint32_t>(core::mixed(draw + zone) >> 32U);
  }

  core::MarketPlan ask() {
    views_.clear();
    for (std::size_t z = 0; z < zones_.size(); ++z) {
      core::ZoneView view{.region = zones_[z].region, .price = price_of(z)};
      view.rank = static_cast<std::uint32_t>(z);
      if (question_.seed != 0) view.rank = drawn_rank(z);
      view.ready = zones_[z].ready();
      for (const Machine& one : zones_[z].machines) {
        view.warming += one.is_answered && !one.is_ready ? 1 : 0;
        view.asked += one.is_answered ? 0 : 1;
      }
      // The others ask a refused zone again at every look, as published.
      const auto retry = core::retry_at(zones_[z].belief);
      view.is_open =
          question_.policy.rule != core::MarketRule::hazard_hedge || !retry || *retry <= now_;
      view.is_preempting = preempting_.contains(trace_.zones[z]);
      view.belief = &zones_[z].belief;
      views_.push_back(view);
    }
    core::MarketView view;
    view.zones = views_;
    view.target = target_;
    view.on_demand_price = question_.on_demand_ratio_milli * (price_unit / 1000);
    for (const Machine& one : on_demand_)
      ++(one.is_ready ? view.on_demand_ready : view.on_demand_warming);
    view.cold_start = question_.cold_start;
    view.period = question_.period;
    view.pressure_q16 = question_.policy.availability_ppm > 0 ? core::pressure_q16(slo_) : 0;
    view.now = now_;
    ++score_.plans;
    core::MarketPlan plan = core::plan_market(question_.policy, view);
    if (watch_.plan) watch_.plan(view, plan);
    return plan;
  }

  void look() {
    is_stirred_ = false;
    hear_answers();
    const core::MarketPlan plan = ask();
    wake_ = plan.look_again;
    for (std::size_t z = 0; z < zones_.size(); ++z) follow(z, plan.spot[z]);
    while (on_demand_.size() > plan.on_demand) {
      tell(TraceEvent::ended, on_demand_.back().id, {});
      on_demand_.pop_back();
    }
    while (on_demand_.size() < plan.on_demand) {
      on_demand_.push_back({++machines_, now_, now_ + question_.cold_start, true, false});
      ++score_.on_demand_launches;
      tell(TraceEvent::launched, machines_, {});
      tell(TraceEvent::answered, machines_, {});
    }
    std::stable_partition(on_demand_.begin(), on_demand_.end(),
                          [](auto& one) { return one.is_ready; });
    count_ready();
  }

  // Ends the newest, or launches.
  void follow(std::size_t z, std::uint32_t wanted) {
    Zone& zone = zones_[z];
    while (zone.held() > wanted) {
      tell(TraceEvent::ended, zone.machines.back().id, z);
      zone.machines.pop_back();
      if (zone.machines.empty()) core::left_zone(zone.belief, now_);
    }
    for (std::uint32_t i = zone.held(); i < wanted; ++i) {
      ++score_.launches;
      is_stirred_ = true;  // its answer comes
      if (zone.held() < zone.capacity) {
        zone.machines.push_back({++machines_, now_, now_ + question_.cold_start, false, false});
        tell(TraceEvent::launched, machines_, z);
      } else {
        ++zone.refused;
        ++score_.refused;
      }
    }
  }

  const TraceQuestion& question_;
  const SpotTrace& trace_;
  const TraceWatch& watch_;
  std::vector<Zone> zones_;
  std::uint32_t target_ = 0;
  std::size_t next_target_ = 0;
  std::uint64_t machines_ = 0;  // launched so far
  std::vector<Machine> on_demand_;  // ready ones first
  std::set<core::Place> all_zones_, preempting_;
  std::size_t forgiving_ = 1;
  bool is_binary_ = false;
  std::vector<std::int64_t> changes_;  // samples that differ from the one before
  std::vector<std::int64_t>::const_iterator next_change_ = changes_.end();
  std::vector<core::ZoneView> views_;
  core::SloDebt slo_;
  Instant begin_, end_, now_;
  std::optional<Instant> wake_;
  bool is_stirred_ = true, is_short_ = false;
  std::uint32_t ready_ = 0;
  double wanted_ = 0, shortage_ = 0, spent_ = 0, spent_on_demand_ = 0;
  ReadySpan told_;
  TraceScore score_;
};

}  // namespace

double TraceScore::availability() const {
  return counted.count() == 0
             ? 0
             : static_cast<double>(available.count()) / static_cast<double>(counted.count());
}

TraceScore run_trace(const TraceQuestion& question, const TraceWatch& watch) {
  SKY_CHECK(question.trace != nullptr && question.trace->samples() > 0, "a trace has samples");
  return Run(question, watch).score();
}

}  // namespace sky::projections
