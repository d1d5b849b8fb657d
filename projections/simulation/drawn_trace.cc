#include "projections/simulation/drawn_trace.h"

#include <algorithm>
#include <cmath>

#include "core/splitmix.h"

namespace sky::projections {
namespace {

constexpr double up_shape = 1.19, up_scale_hours = 0.8;
constexpr double down_shape = 1.43, down_scale_hours = 1.0;
constexpr double taken_along = 0.2;
constexpr double longest_hours = 24.0 * 14;  // the distribution has no mean worth the name

class Drawing {
 public:
  explicit Drawing(const TraceRecipe& recipe) : recipe_(recipe), state_(core::mixed(recipe.seed)) {
    const std::uint32_t zones = recipe.regions * recipe.zones_per_region;
    for (std::uint32_t zone = 0; zone < zones; ++zone) {
      const std::string region = "region-" + std::to_string(zone / recipe.zones_per_region + 1);
      const char letter = static_cast<char>('a' + zone % recipe.zones_per_region % 26);
      trace_.zones.push_back({"drawn", region, region + letter});
      is_up_.push_back(random() < 0.6);
      ends_.push_back(period(is_up_.back()));
    }
    trace_.name = "drawn-" + std::to_string(recipe.seed);
    trace_.gap = recipe.gap;
    trace_.capacity.resize(zones);
  }

  SpotTrace draw() {
    for (std::uint32_t sample = 0; sample < recipe_.samples; ++sample) {
      now_ = static_cast<double>(sample) * static_cast<double>(recipe_.gap.count()) / 3600e6;
      for (std::size_t zone = 0; zone < ends_.size(); ++zone)
        while (ends_[zone] <= now_) turn(zone);
      for (std::size_t zone = 0; zone < ends_.size(); ++zone)
        trace_.capacity[zone].push_back(is_up_[zone] ? recipe_.machines : 0);
    }
    return std::move(trace_);
  }

 private:
  double random() { return core::uniform(state_ = core::mixed(state_)); }
  double period(bool is_up) {
    const double shape = is_up ? up_shape : down_shape;
    const double hours =
        (is_up ? up_scale_hours : down_scale_hours) * (std::pow(random(), -1 / shape) - 1);
    return std::min(hours, longest_hours);
  }
  void turn(std::size_t zone) {
    const bool fails = is_up_[zone];
    is_up_[zone] = !fails;
    ends_[zone] += period(is_up_[zone]);
    if (!fails) return;
    const std::size_t first = zone / recipe_.zones_per_region * recipe_.zones_per_region;
    for (std::size_t other = first; other < first + recipe_.zones_per_region; ++other)
      if (other != zone && is_up_[other] && random() < taken_along) {
        is_up_[other] = false;
        ends_[other] = now_ + period(false);
      }
  }

  const TraceRecipe& recipe_;
  std::uint64_t state_;
  SpotTrace trace_;
  std::vector<bool> is_up_;
  std::vector<double> ends_;  // hours
  double now_ = 0;
};

}  // namespace

SpotTrace draw_trace(const TraceRecipe& recipe) { return Drawing(recipe).draw(); }

}  // namespace sky::projections
