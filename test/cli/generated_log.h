// Logs on disk with generated histories, for what is told and forgotten of them.
#pragma once

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include "cli/model_snapshot.h"
#include "cli/truncation.h"
#include "events/log.h"
#include "test/events/temporary_directory.h"
#include "test/projections/world.h"

namespace sky::cli {

inline const core::WallTime noon{core::seconds(1'800'000'000)};

// A history with all that happens to replicas: load, refusals, preemptions, losses, restarts.
class RandomHistory {
 public:
  explicit RandomHistory(std::uint64_t seed) : random_(seed) {
    world.refuse = [this](const core::LaunchInstance&) -> std::optional<core::Failure> {
      if (below(4) != 0) return {};
      const auto kind = static_cast<core::FailureKind>(1 + below(12));
      return core::Failure{kind, {}, "the cloud says no", {}};
    };
    core::ServiceSpec spec = projections::usual_spec();
    spec.replicas.num_overprovision = below(2);
    spec.replicas.dynamic_ondemand_fallback = below(2) == 0;
    if (below(2) == 0) spec.replicas.placement = core::Placement::spot_hedge;
    world.up(spec);
  }

  void live(int steps) {
    for (int i = 0; i < steps; ++i) {
      world.arrivals["llama"] = below(7);
      const auto& replicas = world.service().replicas;
      if (!replicas.empty() && below(3) == 0) {
        auto row = replicas.begin();
        std::advance(row, below(static_cast<std::uint32_t>(replicas.size())));
        if (world.machine(row->first.value) != nullptr)
          world.change(row->first.value,
                       below(2) == 0 ? core::InstanceChange::noticed : core::InstanceChange::lost,
                       core::seconds(5));
      }
      if (below(8) == 0) world.restart();
      world.pass(core::milliseconds(below(4000)));
    }
  }

  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_() % limit); }

  projections::World world;

 private:
  std::mt19937_64 random_;
};

struct GeneratedLog {
  events::TemporaryDirectory home;
  std::filesystem::path path = home / "log";

  // A log whose id is the world's: the events say it. It was closed about `closed` times on the
  // way, each of which leaves a table file.
  std::unique_ptr<events::Log> log_with(std::vector<core::Event> events, std::size_t closed = 0) {
    auto log = opened();
    for (core::Event& event : events)
      if (auto* started = std::get_if<core::DaemonStarted>(&event.body))
        started->log_id = log->id();
    const std::size_t part = events.size() / (closed + 1);
    std::size_t next_end = part;
    for (std::size_t at = 0, count = 1; at < events.size(); at += count) {  // an instant a commit
      for (count = 1; at + count < events.size(); ++count)
        if (events[at + count].time != events[at].time) break;
      BOOST_REQUIRE(log->append(std::span(events).subspan(at, count)));
      if (at + count < next_end || at + count == events.size()) continue;
      next_end += part;
      log.reset();
      log = opened();
    }
    return log;
  }
  std::unique_ptr<events::Log> opened() const {
    auto log = events::open_log(path);
    BOOST_TEST_REQUIRE(log.has_value(), (log ? "" : log.error().text));
    return std::move(*log);
  }
  static projections::Model folded(const events::Log& log, core::Seq until) {
    projections::Model model;
    BOOST_TEST(
        bool(log.read(core::Seq{1}, [&](const events::Commit& commit, std::span<const std::byte>) {
          for (const core::Event& event : commit.events)
            if (event.seq <= until) projections::evolve(model, event);
          return true;
        })));
    return model;
  }
  static core::Seq commit_of(const events::Log& log, core::Seq seq) {
    core::Seq first;
    BOOST_REQUIRE(log.read(seq, [&](const events::Commit& found, std::span<const std::byte>) {
      first = found.events.front().seq;
      return false;
    }));
    return first;
  }
  static projections::Model whole(const events::Log& log) {
    return folded(log, log.position().durable);
  }
  static void put(events::Log& log, const projections::Model& model) {
    const auto stored = store_snapshot(log, take_snapshot(model));
    BOOST_TEST_REQUIRE(stored.has_value(), (stored ? "" : stored.error().text));
  }
};

}  // namespace sky::cli
