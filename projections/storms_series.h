// What a picture of a storm shows: replicas by zone, target, blows and traffic over some time.
//
// A fold over a log, or over what comes after the state `before`, that keeps only the range. One
// point per change, so that a picture of an hour stays small. Bounded by `max_points` each. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/event.h"
#include "projections/model.h"

namespace sky::projections {

inline constexpr std::size_t max_points = 20'000;  // more than a picture has pixels

struct FleetPoint {
  core::Instant at;
  std::uint32_t target = 0;
  std::uint32_t coming = 0;  // provisioning or starting
  std::vector<std::uint32_t> ready;  // by StormSeries::zones; shorter: zero
  bool same_as(const FleetPoint& other) const;
};
struct TrafficPoint {
  core::Instant at;  // the end of the sample
  core::Duration period{0};
  core::MilliRps arrived;
  core::MilliRps failed;
  std::uint32_t held = 0;
};
enum class BlowKind : std::uint8_t { notice, taken, lost, refused };
struct BlowMark {
  core::Instant at;
  BlowKind kind = BlowKind::notice;
  core::ReplicaId replica;
  std::string zone;
};

struct StormSeries {
  core::ServiceName service;
  core::Instant from, to;
  core::Duration wall_offset{0};  // wall time since 1970 minus the log's clock
  std::vector<std::string> zones;  // in the order they came up
  std::vector<FleetPoint> fleet;
  std::vector<TrafficPoint> traffic;
  std::vector<BlowMark> blows;
};

class StormSeriesFold {
 public:
  StormSeriesFold(core::ServiceName service, core::Instant from, core::Instant to,
                  Model before = {});
  void add(const core::Event& event);  // all of them, in order
  const StormSeries& series() const { return series_; }

 private:
  FleetPoint point(core::Instant at);
  std::size_t zone_index(const std::string& zone);
  void note_blow(const core::Event& event);
  void note_traffic(const core::Event& event);

  Model model_;
  StormSeries series_;
};

}  // namespace sky::projections
