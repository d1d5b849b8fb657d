// A world with a random service and a random history of load, refusals, crashes, preemptions,
// losses, updates and restarts: the same seed gives the same history.
#pragma once

#include <cstdint>
#include <optional>
#include <random>

#include "test/projections/world.h"

namespace sky::projections {

class RandomWorld {
 public:
  explicit RandomWorld(std::uint64_t seed);

  void begin();  // the service comes up
  void live(int steps);  // so many things happen, up to nine seconds apart

  // The most replicas that may be live at once under any spec seen, its surge included; the
  // dynamic cover for spot comes on top as SpotHedge says.
  std::size_t bound() const { return bound_; }
  std::uint32_t below(std::uint32_t limit);

  World world;

 private:
  core::ServiceSpec spec();
  std::optional<core::Failure> refusal();
  void note_bound(const core::ServiceSpec& made);
  std::uint32_t some_replica();
  void act();
  void happen(core::InstanceChange what);
  void update();

  std::mt19937_64 random_;
  core::ServiceSpec newest_;
  std::uint32_t refuse_percent_ = 0;
  std::uint32_t crash_percent_ = 0;
  std::size_t bound_ = 0;
  std::size_t most_wanted_ = 0;
};

}  // namespace sky::projections
