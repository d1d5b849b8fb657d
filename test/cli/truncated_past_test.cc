// The past of truncated logs, and the short way into the past of long ones: whatever can be shown
// is what the fold of everything shows. And a crash between any two steps of a truncation leaves a
// log that opens and has lost nothing that was wanted.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "cli/history.h"
#include "cli/log_deep_check.h"
#include "cli/replay.h"
#include "cli/replay_verify.h"
#include "events/opening.h"
#include "events/rocks_store.h"
#include "projections/step.h"
#include "projections/storms.h"
#include "test/cli/generated_log.h"

namespace sky::cli {
namespace {

using core::Seq;
using projections::Model;

struct TruncatedPast : GeneratedLog {
  std::vector<core::Event> events;  // all that the log ever held

  ReplaySource source() const { return {path}; }

  // A log of that history, as it was before any truncation.
  std::unique_ptr<events::Log> log_of(const RandomHistory& history) {
    std::filesystem::remove_all(path);
    auto log = log_with(history.world.events);
    note(*log);
    return log;
  }
  void note(const events::Log& log) {
    const Seq known = events.empty() ? Seq{} : events.back().seq;
    BOOST_TEST(bool(log.read(known.next(), [&](const events::Commit& commit, auto) {
      for (const core::Event& event : commit.events)
        if (event.seq > known) events.push_back(event);
      return true;
    })));
  }
  void cut(events::Log& log, std::uint64_t wanted) {
    const auto done = truncate_log(log, {Seq{wanted}, "test"}, noon);
    BOOST_TEST_REQUIRE(done.has_value(), (done ? "" : done.error().text));
    BOOST_TEST_REQUIRE(done->first_kept.value > 1u);
    note(log);
  }
  Model until(Seq seq) const {
    Model model;
    for (const core::Event& event : events)
      if (event.seq <= seq) projections::evolve(model, event);
    return model;
  }
  // The long way, from the first event there ever was.
  PastState long_way(const std::optional<Moment>& until) const {
    PastFold fold(until);
    for (const core::Event& event : events)
      if (!fold.add(event)) break;
    return fold.take();
  }
  void compare(const std::optional<Moment>& until, const std::string& when) {
    const auto past = state_at(source(), until);
    BOOST_TEST_REQUIRE(past.has_value(), when << (past ? "" : ": " + past.error().text));
    const PastState expected = long_way(until);
    BOOST_TEST((past->model == expected.model), when);
    BOOST_TEST((past->now == expected.now), when);
  }
  // At sequences and at wall times, on events and between them.
  void compare_from(Seq first, std::size_t moments = 12) {
    compare({}, "now");
    for (std::size_t i = first.value - 1; i < events.size(); i += 1 + events.size() / moments) {
      const core::Event& event = events[i];
      const std::string name = "#" + std::to_string(event.seq.value);
      compare(Moment{event.seq, {}}, name);
      compare(Moment{{}, event.time.wall}, "the time of " + name);
      compare(Moment{{}, event.time.wall + core::milliseconds(1)}, "just after " + name);
    }
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(truncated_past, TruncatedPast)

BOOST_AUTO_TEST_CASE(each_moment_of_a_truncated_log_is_what_the_whole_log_showed) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      events.clear();
      RandomHistory history(seed);
      history.live(25);
      auto log = log_of(history);
      cut(*log, 40 + history.below(static_cast<std::uint32_t>(events.size()) / 2));
      const Seq first = log->position().first_retained;
      compare_from(first);
      // A second cut goes on from the first one's base; newer snapshots do not push out its own.
      cut(*log, first.value + 60);
      for (std::uint64_t back = 5; back > 0; --back) put(*log, until(Seq{events.size() - back}));
      compare_from(log->position().first_retained);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_short_way_into_a_long_log_is_the_long_way) {
  RandomHistory history(7);
  history.live(40);
  auto log = log_of(history);
  for (const std::uint64_t percent : {20, 50, 80})
    put(*log, until(Seq{events.size() * percent / 100}));
  compare_from(Seq{1}, 40);
  compare(Moment{{}, events.front().time.wall - core::seconds(1)}, "before anything happened");
}

BOOST_AUTO_TEST_CASE(a_moment_before_what_is_kept_is_refused_with_the_first_one_that_can_be_shown) {
  RandomHistory history(3);
  history.live(25);
  auto log = log_of(history);
  cut(*log, 80);
  const core::Event& first = events.at(log->position().first_retained.value - 1);
  for (const Moment& moment : {Moment{Seq{first.seq.value - 1}, {}}, Moment{Seq{1}, {}},
                               Moment{{}, first.time.wall - core::milliseconds(1)}}) {
    const auto refused = state_at(source(), moment);
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == core::ErrorCode::not_found));
    for (const std::string& part : {"#" + std::to_string(first.seq.value), std::string(" UTC")})
      BOOST_TEST(refused.error().text.find(part) != std::string::npos, refused.error().text);
  }
  BOOST_TEST(bool(state_at(source(), Moment{first.seq, {}})));
}

BOOST_AUTO_TEST_CASE(the_kept_decisions_are_made_again_and_a_changed_one_is_found) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      events.clear();
      RandomHistory history(seed);
      history.live(25);
      const auto at = static_cast<std::ptrdiff_t>(history.world.events.size() - 40);
      auto scale = std::find_if(history.world.events.begin() + at, history.world.events.end(),
                                [](const core::Event& event) {
                                  return std::holds_alternative<core::ScaleEvaluated>(event.body) ||
                                         std::holds_alternative<core::LaunchIntended>(event.body);
                                });
      for (const bool changed : {false, true}) {
        if (changed && scale == history.world.events.end()) continue;
        if (changed) scale->cause = Seq{1};
        auto log = log_of(history);
        cut(*log, 60);
        const auto answer = verify_decisions(source(), {}, false);
        BOOST_TEST_REQUIRE(answer.has_value(), (answer ? "" : answer.error().text));
        BOOST_TEST(answer->is_identical == !changed, answer->text);
        const std::string begin = "#" + std::to_string(log->position().first_retained.value);
        if (!changed) BOOST_TEST(answer->text.find(begin) != std::string::npos, answer->text);
        events.clear();
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_storm_after_the_cut_is_told_as_from_the_whole_log) {
  projections::World world;
  world.up(projections::usual_spec());
  world.arrivals["llama"] = 4;
  world.pass(core::seconds(60));
  const Seq calm = world.model.seq;
  for (const std::uint32_t replica : {3U, 4U})
    world.change(replica, core::InstanceChange::noticed, core::seconds(20));
  world.pass(core::seconds(120));
  auto log = log_with(world.events);
  note(*log);
  projections::StormFinder whole;
  for (const core::Event& event : events) whole.add(event);
  BOOST_TEST_REQUIRE(whole.storms().size() == 1u);
  cut(*log, calm.value);
  auto base = oldest_base(source());
  BOOST_REQUIRE(base);
  const Seq first = base->first();
  BOOST_TEST(first.value == log->position().first_retained.value);
  projections::StormFinder kept(std::move(base->model));
  BOOST_TEST(bool(read_source(source(), first, [&](const core::Event& event) {
    kept.add(event);
    return true;
  })));
  BOOST_TEST((kept.storms() == whole.storms()));
}

BOOST_AUTO_TEST_CASE(a_crash_between_any_two_steps_of_a_truncation_loses_nothing_wanted) {
  RandomHistory history(5);
  history.live(25);
  auto log = log_of(history);
  const Model present = whole(*log);
  const Seq first = commit_of(*log, Seq{90});
  Model after = present;
  const auto record = [&] {
    const core::LogTruncated fact{first, Seq{first.value - 1}, "test"};
    const auto step = projections::step(after, {{present.now, noon}, core::LogTended{fact}});
    BOOST_REQUIRE(log->append(step.events));
    note(*log);
  };
  const auto tell_readers = [&] {  // the first half of Log::truncate()
    log.reset();
    auto store = events::RocksStore::open(path / events::database_name, {},
                                          rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords,
                                          events::RocksStore::Access::read_write);
    BOOST_REQUIRE(store);
    BOOST_REQUIRE((*store)->put_meta({{events::first_retained_key, std::to_string(first.value)}}));
    store->reset();
    auto again = events::open_log(path);
    BOOST_REQUIRE(again);
    log = std::move(*again);
  };
  const std::vector<std::pair<std::string, std::function<void()>>> steps = {
      {"nothing", [] {}},
      {"the snapshot", [&] { put(*log, present); }},
      {"the base", [&] { BOOST_REQUIRE(store_base(*log, first)); }},
      {"the record", record},
      {"what readers are told", tell_readers},
      {"all", [&] {
         put(*log, after);
         BOOST_REQUIRE(log->truncate(first));
       }}};
  for (const auto& [name, step] : steps) {
    step();
    BOOST_TEST_CONTEXT("a crash after " << name) {
      std::filesystem::remove_all(home / "crashed");
      std::filesystem::copy(path, home / "crashed", std::filesystem::copy_options::recursive);
      const auto whole_path = std::exchange(path, home / "crashed");
      const auto whole_events = events;
      auto crashed = events::open_log(path);
      BOOST_TEST_REQUIRE(crashed.has_value(), (crashed ? "" : crashed.error().text));
      const Seq begins = (*crashed)->position().first_retained;
      BOOST_TEST((begins.value == 1u || begins == first));
      const auto start = fold_history(**crashed);
      BOOST_REQUIRE(start);
      BOOST_TEST((start->model == long_way({}).model));
      compare_from(begins, 3);
      // And the next attempt ends well.
      cut(**crashed, first.value);
      BOOST_TEST((*crashed)->position().first_retained.value == first.value);
      crashed->reset();
      const auto found = deep_check(path);
      BOOST_REQUIRE(found);
      BOOST_TEST((!found->check.damage && found->wrong_snapshots == 0u));
      path = whole_path;
      events = whole_events;
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::cli
