#include "core/policies/plan_search.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace sky::core {
namespace {

constexpr int probability_bits = 24;
constexpr std::int64_t certain = std::int64_t{1} << probability_bits;
constexpr std::int64_t together_in_region = certain / 5, together_elsewhere = certain / 50;
constexpr std::uint32_t max_units = max_lots + max_extra_lots + 1;
constexpr int max_moves = 40;

using Units = std::array<std::uint32_t, max_plan_zones>;
using Distribution = std::array<std::int64_t, max_units + 1>;

// The problem in lots, over the zones that are looked at.
class Search {
 public:
  explicit Search(const PlanProblem& problem) : problem_(problem) {
    lot_ = std::max<std::uint32_t>(1, (problem.target + max_lots - 1) / max_lots);
    target_ = (problem.target + lot_ - 1) / lot_;
    const LossHabits& habits = problem.habits;
    const std::int64_t seen = habits.one + habits.some + habits.all + 4;
    takes_one_ = certain * (habits.one + 1) / seen;
    takes_some_ = certain * (habits.some + 1) / seen;
    for (std::size_t i = 0; i < problem.zones.size(); ++i)
      if (room_of(i) > 0) zones_.push_back(i);
    const auto by_worth = [&](std::size_t a, std::size_t b) { return worth(a) < worth(b); };
    std::stable_sort(zones_.begin(), zones_.end(), by_worth);
    if (zones_.size() > max_plan_zones) zones_.resize(max_plan_zones);
    for (const std::size_t zone : zones_) failing_.push_back(probability(zone));
    for (std::uint32_t missing = 0; missing < phi_.size(); ++missing) phi_[missing] = phi(missing);
  }

  FleetShape best() {
    consider({});  // all on demand
    const std::vector<std::size_t> plain = order(false), diverse = order(true);
    spread(plain);
    if (plain != diverse) spread(diverse);
    for (int move = 0; move < max_moves && improve(); ++move) {
    }
    return shape();
  }

  FleetShape with_spot(const std::vector<std::uint32_t>& spot) {
    Units units{};
    for (std::size_t i = 0; i < zones_.size(); ++i) units[i] = (spot[zones_[i]] + lot_ - 1) / lot_;
    consider(units);
    return shape();
  }

 private:
  std::uint32_t room_of(std::size_t zone) const {
    return std::min(problem_.zones[zone].room, problem_.most_share) / lot_;
  }
  std::int64_t probability(std::size_t zone) const {
    const std::int64_t micro =
        problem_.zones[zone].hazard_micro * whole_seconds(problem_.exposure) / 3600;
    return (micro << probability_bits) / (1'000'000 + micro);
  }
  // What a replica there costs when its own loss is counted as the whole fleet's.
  std::pair<std::int64_t, std::uint32_t> worth(std::size_t zone) const {
    const RiskWeights& weights = problem_.weights_micro;
    const std::int64_t lost = weights.any + weights.share + weights.square;
    return {
        problem_.zones[zone].price_micro +
            (probability(zone) * (lost / std::max<std::uint32_t>(1, target_)) >> probability_bits),
        problem_.zones[zone].rank};
  }
  std::int64_t phi(std::uint32_t missing) const {
    if (missing == 0) return 0;
    const std::int64_t short_of = std::min(missing, target_), all = target_;
    const RiskWeights& weights = problem_.weights_micro;
    return weights.any + weights.share * short_of / all +
           weights.square / all * short_of * short_of / all;
  }

  std::vector<std::size_t> order(bool is_diverse) const {
    std::vector<std::size_t> order(zones_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    if (!is_diverse) return order;
    std::vector<std::uint32_t> turn(zones_.size());  // the how manieth of its region
    for (std::size_t i = 0; i < zones_.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        if (region(j) == region(i)) ++turn[i];
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return turn[a] < turn[b]; });
    return order;
  }
  std::uint32_t region(std::size_t i) const { return problem_.zones[zones_[i]].region; }

  void spread(const std::vector<std::size_t>& order) {
    for (std::size_t width = 1; width <= order.size(); ++width)
      for (std::uint32_t total = 1; total <= target_ + max_extra_lots; ++total) {
        if (total < width) continue;
        Units units{};
        std::uint32_t left = total;
        for (bool placed = true; left > 0 && placed;) {
          placed = false;
          for (std::size_t i = 0; i < width && left > 0; ++i)
            if (units[order[i]] < room_of(zones_[order[i]])) {
              ++units[order[i]];
              --left;
              placed = true;
            }
        }
        if (left == 0) consider(units);
      }
  }

  bool improve() {
    const std::int64_t before = best_score_;
    const Units base = best_units_;
    for (std::size_t from = 0; from <= zones_.size(); ++from)
      for (std::size_t to = 0; to <= zones_.size(); ++to) {
        if (from == to || (from < zones_.size() && base[from] == 0)) continue;
        Units units = base;
        if (from < zones_.size()) --units[from];
        if (to < zones_.size() && ++units[to] > room_of(zones_[to])) continue;
        if (total(units) < max_units) consider(units);
      }
    return best_score_ < before;
  }

  static std::uint32_t total(const Units& units) {
    return std::accumulate(units.begin(), units.end(), 0U);
  }

  // How likely the zone that fails first loses each number of its lots.
  Distribution first_losses(std::size_t zone, std::uint32_t held) const {
    Distribution lost{};
    const std::int64_t failing = failing_[zone];
    const std::int64_t one = held < 2 ? 0 : failing * takes_one_ >> probability_bits;
    const std::int64_t some = held < 2 ? 0 : failing * takes_some_ >> probability_bits;
    lost[1] += one;
    lost[(held + 1) / 2] += some;
    lost[held] += failing - one - some;
    return lost;
  }

  // How likely each number of lots is lost within the exposure, summed over who fails first.
  Distribution losses(const Units& units) const {
    Distribution lost{};
    for (std::size_t first = 0; first < zones_.size(); ++first) {
      if (units[first] == 0) continue;
      Distribution along = first_losses(first, units[first]);
      for (std::size_t i = 0; i < zones_.size(); ++i) {
        if (i == first || units[i] == 0) continue;
        const bool is_near = region(i) == region(first);
        const std::int64_t taken =
            std::min(certain, failing_[i] + (is_near ? together_in_region : together_elsewhere));
        for (std::size_t x = along.size(); x-- > 0;) {
          const std::int64_t moved = along[x] * taken >> probability_bits;
          along[x] -= moved;
          along[std::min<std::size_t>(x + units[i], max_units)] += moved;
        }
      }
      for (std::size_t x = 0; x < lost.size(); ++x) lost[x] += along[x];
    }
    return lost;
  }

  void consider(const Units& units) {
    const std::uint32_t spot = total(units);
    std::int64_t spot_cost = 0;
    for (std::size_t i = 0; i < zones_.size(); ++i)
      spot_cost += units[i] * problem_.zones[zones_[i]].price_micro;
    if (spot_cost >= best_score_) return;
    const Distribution lost = losses(units);
    for (std::uint32_t on_demand = spot < target_ ? target_ - spot : 0; on_demand <= target_;
         ++on_demand) {
      const std::int64_t cost = spot_cost + on_demand * problem_.on_demand_price_micro;
      if (cost >= best_score_) break;
      const std::uint32_t slack = spot + on_demand - target_;
      std::int64_t risk = 0;
      for (std::uint32_t x = slack + 1; x < lost.size(); ++x)
        risk += lost[x] * phi_[x - slack] >> probability_bits;
      if (cost + risk >= best_score_) continue;
      best_score_ = cost + risk;
      best_units_ = units;
      best_on_demand_ = on_demand;
      best_cost_ = cost;
    }
  }

  FleetShape shape() const {
    FleetShape shape;
    shape.spot.assign(problem_.zones.size(), 0);
    for (std::size_t i = 0; i < zones_.size(); ++i) shape.spot[zones_[i]] = best_units_[i] * lot_;
    shape.on_demand = std::min(best_on_demand_ * lot_, problem_.target);
    shape.cost = best_cost_ * lot_;
    shape.risk = (best_score_ - best_cost_) * lot_;
    return shape;
  }

  const PlanProblem& problem_;
  std::uint32_t lot_ = 1, target_ = 0;
  std::vector<std::size_t> zones_;
  std::vector<std::int64_t> failing_;
  std::int64_t takes_one_ = 0, takes_some_ = 0;  // the rest of failures takes all
  std::array<std::int64_t, max_units + 1> phi_{};
  Units best_units_{};
  std::uint32_t best_on_demand_ = 0;
  std::int64_t best_score_ = std::int64_t{1} << 60, best_cost_ = 0;
};

}  // namespace

FleetShape cheapest_fleet(const PlanProblem& problem) { return Search(problem).best(); }

FleetShape with_best_on_demand(const PlanProblem& problem, const std::vector<std::uint32_t>& spot) {
  return Search(problem).with_spot(spot);
}

}  // namespace sky::core
