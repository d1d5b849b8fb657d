#include "cli/print_otherwise.h"

#include <algorithm>
#include <variant>

#include <fmt/format.h>

#include "cli/table.h"
#include "cli/time_text.h"
#include "core/autoscale_request_rate.h"
#include "projections/wording.h"

namespace sky::cli {
namespace {

using projections::count_text;
using projections::duration_text;
using projections::offer_text;
using projections::price_text;
using projections::rate_text;
using Lines = std::vector<std::string>;

constexpr std::size_t most_offers_told = 8;  // a person reads no more; --json has all

// ---- scaling

std::string at_most(std::uint64_t arrivals, core::Duration window) {
  return fmt::format("{} in {} ({})", count_text(arrivals, "request"), duration_text(window),
                     rate_text(core::rate_of(arrivals, window)));
}

// The rate of one request less is not enough: so it is more than that.
std::string at_least(std::uint64_t arrivals, core::Duration window) {
  const std::uint64_t too_few = arrivals == 0 ? 0 : arrivals - 1;
  return fmt::format("{} in {} (more than {})", count_text(arrivals, "request"),
                     duration_text(window), rate_text(core::rate_of(too_few, window)));
}

std::string for_long(core::Duration delay) {
  return delay.count() > 0 ? " for " + duration_text(delay) : "";
}

void add_change(Lines& lines, const projections::ScaleOtherwise& scale) {
  const std::string were = "; there were " + at_most(scale.arrivals, scale.window);
  if (scale.most_to_stay)
    lines.push_back("it would not have been raised with at most " +
                    at_most(*scale.most_to_stay, scale.window) + were);
  if (scale.fewest_to_stay)
    lines.push_back("it would not have been lowered with at least " +
                    at_least(*scale.fewest_to_stay, scale.window) + were);
}

void add_wait(Lines& lines, const projections::ScaleOtherwise& scale) {
  if (!scale.agreed) return;
  if (!scale.left)
    lines.push_back(duration_text(*scale.agreed) +
                    " of the delay agree; how much more it takes is not worked out for so long a "
                    "delay");
  else
    lines.push_back(
        fmt::format("{} of the delay agree; the target moves after {} more of this load",
                    duration_text(*scale.agreed), duration_text(*scale.left)));
}

void add_more(Lines& lines, const projections::ScaleOtherwise& scale) {
  if (scale.target >= scale.upper_limit) {
    std::string line = fmt::format("more than {} needs a larger max_replicas", scale.target);
    if (scale.wanted > scale.upper_limit)
      line += fmt::format(": this load asks for {}", scale.wanted);
    lines.push_back(line);
    return;
  }
  Lines ways;
  if (scale.fewest_for_more) ways.push_back(at_least(*scale.fewest_for_more, scale.window));
  if (scale.running_for_more)
    ways.push_back(count_text(*scale.running_for_more, "request") + " running or held");
  if (ways.empty()) return;
  lines.push_back(fmt::format("a target of {} needs {}{}{}", scale.target + 1, ways.front(),
                              ways.size() > 1 ? ", or " + ways.back() : "",
                              for_long(scale.up_delay)));
}

void add_fewer(Lines& lines, const projections::ScaleOtherwise& scale) {
  if (scale.target == 0) return;
  if (scale.target <= scale.lower_limit)
    lines.push_back(fmt::format("fewer than {} needs a smaller min_replicas", scale.target));
  else if (scale.most_for_fewer)
    lines.push_back(fmt::format("a target below {} needs at most {}{}", scale.target,
                                at_most(*scale.most_for_fewer, scale.window),
                                for_long(scale.down_delay)));
}

// ---- placement

std::string needs_text(const projections::PlacementOtherwise::Other& other,
                       const TimeFrame& times) {
  const core::OfferNeeds& needs = *other.needs;
  Lines parts;
  if (needs.open)
    parts.push_back("it had not been blocked" +
                    (other.blocked_until ? " " + times.until(*other.blocked_until) : ""));
  if (needs.calm) parts.push_back("no machine had been taken there lately");
  if (needs.spared) parts.push_back("it had not preempted us");
  if (needs.unused) parts.push_back("it had held none of our spot replicas");
  if (needs.below) parts.push_back("it had cost less than " + price_text(*needs.below) + "/h");
  std::string text = "if ";
  for (std::size_t i = 0; i < parts.size(); ++i) text += (i == 0 ? "" : " and ") + parts[i];
  return text;
}

std::string difference_text(core::Price next, core::Price chosen) {
  const std::int64_t more = next.micro_usd_per_hour - chosen.micro_usd_per_hour;
  if (more == 0) return "at the same price";
  return price_text({more < 0 ? -more : more}) + (more < 0 ? "/h less" : "/h more");
}

struct Words {
  const core::Event& event;
  TimeFrame times;

  Lines operator()(const std::monostate&) const { return {}; }
  Lines operator()(const projections::ScaleOtherwise& scale) const { return scale_lines(scale); }

  Lines operator()(const projections::PlacementOtherwise& placement) const {
    Lines lines;
    if (placement.chosen && placement.next)
      lines.push_back(fmt::format("had it been blocked, {} would have been chosen ({})",
                                  offer_text(*placement.next),
                                  difference_text(placement.next->price, placement.chosen->price)));
    else if (placement.chosen)
      lines.push_back("had it been blocked, the replica would wait: nothing else is open");
    else if (placement.earliest)
      lines.push_back("the first of them is open again " + times.text(*placement.earliest));
    std::size_t told = 0, behind = 0;
    for (const auto& other : placement.others) {
      if (!other.needs)
        ++behind;
      else if (++told <= most_offers_told)
        lines.push_back(offer_text(other.offer) + " would have been chosen " +
                        needs_text(other, times));
    }
    if (told > most_offers_told)
      lines.push_back(fmt::format("{} more have such conditions: --json", told - most_offers_told));
    if (behind > 0)
      lines.push_back(count_text(behind, "other offer") +
                      " only if everything before had been blocked");
    return lines;
  }

  Lines operator()(const projections::LaunchOtherwise& launch) const;
  Lines operator()(const projections::DropOtherwise& drop) const;

  Lines operator()(const projections::SilenceOtherwise& silence) const {
    const bool is_start = silence.final_phase == core::Phase::failed_initial_delay;
    const char* key = is_start ? "initial_delay_seconds" : "consecutive_failure_threshold_timeout";
    return {fmt::format(
        "one answer of 200 within {} would have kept it; it was silent for {}, the "
        "last probe got {}; a longer {} waits longer",
        duration_text(silence.allowed), duration_text(silence.silent),
        silence.last_http_status == 0 ? "no answer"
                                      : "HTTP " + std::to_string(silence.last_http_status),
        key)};
  }
  Lines operator()(const projections::RollbackOtherwise& rollback) const {
    return {fmt::format(
        "version {} would have stayed had one replica of it been ready for {} "
        "before the first failed; version {} once was",
        rollback.failed.value, duration_text(rollback.bake_time), rollback.restored.value)};
  }
  Lines operator()(const projections::UnreadyOtherwise& unready) const {
    std::string line = "one good probe makes it READY again";
    if (unready.given_up) line += "; without one it waits " + times.until(*unready.given_up);
    return {line};
  }
  Lines operator()(const projections::TakenOtherwise& taken) const {
    std::string line = "the cloud chose it: nothing of ours would have kept it";
    if (taken.is_spot && taken.on_demand_price > taken.price)
      line += fmt::format("; on-demand the same machine is not taken, for {}/h instead of {}/h",
                          price_text(taken.on_demand_price), price_text(taken.price));
    return {line};
  }
  Lines operator()(const projections::HoldOtherwise& hold) const {
    return {
        fmt::format("{} ready then; up to {} may wait for one (hold_limit), each for {} at "
                    "most (hold_timeout_seconds)",
                    count_text(hold.ready, "replica"), count_text(hold.hold_limit, "request"),
                    duration_text(hold.hold_timeout))};
  }
  Lines operator()(const projections::PlanOtherwise& plan) const {
    const std::uint32_t wanted = projections::size_of(plan.fleet.sizes, plan.pool);
    Lines lines = {fmt::format("the {} pool has {} of {} for a target of {}",
                               core::to_text(plan.pool), plan.live, wanted, plan.target)};
    if (plan.target_without)
      lines.back() += fmt::format("; with a target of {}{} it would not be needed",
                                  *plan.target_without, *plan.target_without > 0 ? " or less" : "");
    return lines;
  }
};

// What makes a failure of this kind go away.
const char* cure_text(core::FailureKind kind) {
  using enum core::FailureKind;
  switch (kind) {
    case capacity: return "the cloud has none free there: it passes by itself";
    case quota: return "our limit there: ask the provider for more, or end other machines";
    case price: return "our bid is below the market: it passes when the price falls";
    case unsupported: return "that machine does not exist there";
    case throttled: return "too many calls: it passes by itself";
    case auth: return "our credentials are missing, expired or wrong: renew them";
    case forbidden: return "our account may not do this: a person must allow it";
    case invalid: return "the request itself is wrong: change the service file";
    case transient: return "trouble on the provider's side: it passes by itself";
    case indeterminate: return "nobody knows whether a machine was made: the same call is repeated";
    case conflict:
    case not_found:
    case gone:
    case unknown: break;
  }
  return "the provider's text says more";
}

Lines Words::operator()(const projections::LaunchOtherwise& launch) const {
  Lines lines = {std::string(core::to_text(launch.failure.kind)) + ": " +
                 cure_text(launch.failure.kind)};
  if (launch.next == core::NextLaunch::none)
    lines.push_back("no provider will ever launch this; `skyctl update` with another file does");
  if (launch.next == core::NextLaunch::same_call && launch.retry_at)
    lines.push_back(fmt::format("the same call is made again {} (repeated {} of at most {} times)",
                                times.text(*launch.retry_at), launch.same_calls,
                                core::max_same_calls));
  if (launch.blocked && launch.until) {
    const bool is_one_offer = !launch.blocked->instance_type.empty();
    lines.push_back(core::to_text(launch.blocked->place) + " " +
                    (is_one_offer ? launch.blocked->instance_type : "(every machine type)") +
                    " is left alone " + times.until(*launch.until) +
                    (is_one_offer ? "; a launch there that succeeds meanwhile ends that" : ""));
  }
  if (launch.instead) lines.push_back("tried at once instead: " + offer_text(*launch.instead));
  return lines;
}

std::string trait_text(const projections::DropOtherwise& drop) {
  const core::DownscaleCandidate &gone = drop.gone, &next = *drop.next;
  switch (drop.trait) {
    case core::DownscaleTrait::readiness:
      return fmt::format("it is {}, the next is {}", core::to_text(gone.phase),
                         core::to_text(next.phase));
    case core::DownscaleTrait::outdated: return "it is of an old version, the next is not";
    case core::DownscaleTrait::capacity:
      return fmt::format("it is good for {}, the next for {}", rate_text(gone.capacity),
                         rate_text(next.capacity));
    case core::DownscaleTrait::price:
      return fmt::format("it costs {}/h, the next {}/h", price_text(gone.price),
                         price_text(next.price));
    case core::DownscaleTrait::in_flight:
      return fmt::format("{} on it, {} on the next", count_text(gone.in_flight, "request"),
                         next.in_flight);
    case core::DownscaleTrait::newest: break;
  }
  return "the newest goes first when all else is equal";
}

Lines Words::operator()(const projections::DropOtherwise& drop) const {
  Lines lines;
  if (drop.reason == core::DrainReason::outdated)
    lines.push_back("its version is replaced: enough others are ready without it");
  else
    lines.push_back(fmt::format("the {} pool has {}, {} wanted: it would have stayed with {}",
                                core::to_text(drop.pool), drop.live, drop.wanted, drop.live));
  if (drop.next)
    lines.push_back(fmt::format("{}/{} would have gone next: {}", event.service,
                                drop.next->id.value, trait_text(drop)));
  else
    lines.push_back("there is no other that could have gone instead");
  return lines;
}

}  // namespace

std::string TimeFrame::text(core::Instant at) const {
  const core::WallTime wall = stamp.wall + (at - stamp.at);
  return utc ? utc_text(wall) : local_text(wall);
}

std::string TimeFrame::until(core::Instant at) const {
  const core::Duration left = std::max(core::Duration{0}, at - stamp.at);
  return "until " + text(at) + " (" + duration_text(left) + ")";
}

Lines scale_lines(const projections::ScaleOtherwise& scale) {
  if (!scale.is_scaled)
    return {fmt::format("the number is fixed at {}: another one needs another service file",
                        scale.target)};
  Lines lines;
  add_change(lines, scale);
  add_wait(lines, scale);
  add_more(lines, scale);
  add_fewer(lines, scale);
  return lines;
}

Lines fleet_lines(const projections::FleetView& fleet, const TimeFrame& times) {
  Lines lines;
  if (fleet.missing.empty()) return lines;
  const std::size_t may_launch = fleet.launches().size();
  lines.push_back(count_text(fleet.missing.size(), "replica") + " missing");
  if (fleet.is_given_up)
    lines.push_back(
        fmt::format("none is launched: the version failed {} times in a row and never "
                    "worked; `skyctl update` begins anew",
                    projections::max_failures_unproven));
  else if (fleet.retry_at)
    lines.push_back(fmt::format("{} of them wait {}, the back-off after failures", fleet.held_back,
                                times.until(*fleet.retry_at)));
  const std::size_t open = fleet.missing.size() - fleet.held_back;
  if (may_launch < open)
    lines.push_back(
        fmt::format("{} wait for others to go: {} live, {} wanted, max_surge {}; a "
                    "max_surge of {} would launch them now",
                    open - may_launch, fleet.rollout.live_new + fleet.rollout.live_old,
                    fleet.rollout.wanted, fleet.rollout.surge, projections::surge_for(fleet)));
  return lines;
}

Lines otherwise_lines(const projections::Otherwise& otherwise, const core::Event& event, bool utc) {
  Lines lines = std::visit(Words{event, {event.time, utc}}, otherwise);
  for (std::string& line : lines) line = one_line(line);
  return lines;
}

}  // namespace sky::cli
