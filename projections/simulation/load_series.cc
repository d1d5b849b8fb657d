#include "projections/simulation/load_series.h"

#include <algorithm>
#include <span>

#include "core/autoscale_request_rate.h"
#include "core/scale_vote.h"

namespace sky::projections {
namespace {

using core::Direction;

class Autoscaler {
 public:
  Autoscaler(const LoadSeries& load, const core::ReplicaPolicy& policy)
      : load_(load), policy_(policy), window_(core::whole_seconds(policy.qps_window)) {}

  std::vector<TargetChange> run(std::int64_t length) {
    for (std::int64_t second = 0; second < length; ++second) {
      arrived_ += load_.arrivals(second);
      if (second >= window_) arrived_ -= load_.arrivals(second - window_);
      core::Load seen;
      seen.arrivals = arrived_;
      const std::uint32_t wanted =
          core::within_limits(policy_, core::wanted_by_request_rate(policy_, seen));
      evaluations_.push_back(wanted);
      if (changes_.empty() || (target() == 0 && wanted > 0))
        move_to(second, wanted);
      else if (wanted != target())
        vote(second, wanted > target() ? Direction::up : Direction::down);
    }
    return std::move(changes_);
  }

 private:
  std::uint32_t target() const { return changes_.back().target; }

  void vote(std::int64_t second, Direction direction) {
    const core::Duration delay =
        direction == Direction::up ? policy_.upscale_delay : policy_.downscale_delay;
    const std::size_t known = evaluations_.size() - since_;
    const std::size_t due = std::min(core::evaluations_due(delay), known);
    const core::Vote vote =
        core::count_votes(std::span(evaluations_).last(due), target(), direction, delay);
    if (vote.is_carried) move_to(second, vote.target);
  }
  void move_to(std::int64_t second, std::uint32_t target) {
    changes_.push_back({core::seconds(second), target});
    since_ = evaluations_.size() - 1;
  }

  const LoadSeries& load_;
  const core::ReplicaPolicy& policy_;
  std::int64_t window_;
  std::uint64_t arrived_ = 0;  // within the window
  std::vector<std::uint32_t> evaluations_;  // one a second
  std::size_t since_ = 0;  // the first that counts for a vote
  std::vector<TargetChange> changes_;
};

}  // namespace

double LoadSeries::rate_at(core::Duration at) const {
  const auto index = static_cast<std::size_t>(at / gap) % requests.size();
  return static_cast<double>(requests[index]) / static_cast<double>(core::whole_seconds(gap));
}

std::uint64_t LoadSeries::arrivals(std::int64_t second) const {
  const std::int64_t length = core::whole_seconds(gap);
  const std::uint64_t all = requests[static_cast<std::size_t>(second / length) % requests.size()];
  const auto part = static_cast<std::uint64_t>(second % length);
  const auto whole = static_cast<std::uint64_t>(length);
  return all * (part + 1) / whole - all * part / whole;
}

std::vector<TargetChange> follow_load(const LoadSeries& load, const core::ReplicaPolicy& policy,
                                      core::Duration length) {
  return Autoscaler(load, policy).run(core::whole_seconds(length));
}

}  // namespace sky::projections
