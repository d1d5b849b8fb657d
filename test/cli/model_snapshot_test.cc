// Snapshots of generated histories: loading one gives the model back, a start from it and the tail
// is the fold of everything, and one that is wrong is found and not used. Truncation rests on them.
#include "cli/model_snapshot.h"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "cli/history.h"
#include "cli/log_deep_check.h"
#include "test/cli/generated_log.h"

namespace sky::cli {
namespace {

using core::seconds;
using core::Seq;
using projections::Model;
using projections::World;

BOOST_FIXTURE_TEST_SUITE(model_snapshot, GeneratedLog)

BOOST_AUTO_TEST_CASE(a_loaded_snapshot_is_the_model_in_generated_histories) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    RandomHistory history(seed);
    for (int part = 0; part < 6; ++part) {
      history.live(5);
      const Model& model = history.world.model;
      const auto snapshot = take_snapshot(model);
      const auto loaded = load_snapshot(snapshot, model.log_id);
      BOOST_TEST_REQUIRE(loaded.has_value(), "seed " << seed);
      BOOST_TEST((*loaded == model), "seed " << seed << " at #" << model.seq.value);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_snapshot_and_the_tail_are_the_fold_of_everything) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    RandomHistory history(seed);
    history.live(20);
    std::filesystem::remove_all(path);
    auto log = log_with(history.world.events);
    const Seq middle{1 + history.below(static_cast<std::uint32_t>(history.world.events.size()))};
    put(*log, folded(*log, middle));
    const auto start = fold_history(*log);
    BOOST_REQUIRE(start);
    BOOST_TEST(start->snapshot.value == middle.value);
    BOOST_TEST((start->model == whole(*log)), "seed " << seed);
  }
}

BOOST_AUTO_TEST_CASE(snapshots_that_do_not_verify_are_passed_over_and_reported) {
  RandomHistory history(1);
  history.live(20);
  auto log = log_with(history.world.events);
  const Seq last = log->position().durable;
  put(*log, folded(*log, Seq{10}));
  // of a form this program does not read; and whole, but not the state of that event
  auto foreign = take_snapshot(folded(*log, Seq{20}));
  foreign.format = model_format + 1;
  BOOST_REQUIRE(log->put_snapshot(foreign));
  auto wrong = take_snapshot(folded(*log, Seq{29}));
  wrong.seq = Seq{30};
  BOOST_REQUIRE(log->put_snapshot(wrong));
  const auto start = fold_history(*log);
  BOOST_REQUIRE(start);
  BOOST_TEST(start->snapshot.value == 10u);
  BOOST_REQUIRE(start->rejected.size() == 2u);
  BOOST_TEST(start->rejected[0].of.value == 30u);
  BOOST_TEST(start->rejected[1].of.value == 20u);
  BOOST_TEST((start->model == whole(*log)));
  BOOST_TEST(start->model.seq.value == last.value);
}

BOOST_AUTO_TEST_CASE(no_flipped_bit_of_a_state_loads_as_another_model) {
  RandomHistory history(2);
  history.live(10);
  const auto good = take_snapshot(history.world.model);
  for (std::size_t i = 0; i < 300; ++i) {
    auto flipped = good;
    const std::size_t at = i * 7919 % flipped.state.size();
    flipped.state[at] = static_cast<char>(flipped.state[at] ^ (1 << (i % 8)));
    const auto loaded = load_snapshot(flipped, history.world.model.log_id);
    // The log's hash finds it before; here even without the hash nothing passes for the model.
    BOOST_TEST((!loaded || !(*loaded == history.world.model) || flipped.state == good.state));
  }
}

BOOST_AUTO_TEST_CASE(a_deep_check_finds_a_snapshot_of_another_state) {
  RandomHistory history(3);
  history.live(20);
  Seq of;
  {
    auto log = log_with(history.world.events);
    Model model = whole(*log);
    put(*log, folded(*log, Seq{15}));
    of = model.seq;
    model.epoch += 1;  // whole and loadable, but not what the events lead to
    put(*log, model);
  }
  const auto found = deep_check(path);
  BOOST_TEST_REQUIRE(found.has_value(), (found ? "" : found.error().text));
  BOOST_TEST(!found->check.damage);
  BOOST_TEST(found->wrong_snapshots == 1u);
  BOOST_REQUIRE(found->snapshots.size() == 2u);
  BOOST_TEST(found->snapshots[0].find("#15 is what the events lead to") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(truncation_keeps_the_state_and_says_where_the_log_begins) {
  RandomHistory history(4);
  history.live(30);
  auto log = log_with(history.world.events);
  const Model before = whole(*log);
  const auto cut = truncate_log(*log, {Seq{60}, "test"}, noon);
  BOOST_TEST_REQUIRE(cut.has_value(), (cut ? "" : cut.error().text));
  BOOST_TEST(cut->first_kept.value <= 60u);
  BOOST_TEST(log->position().first_retained.value == cut->first_kept.value);
  BOOST_TEST(cut->first_kept.value > 1u);
  BOOST_TEST(cut->snapshot.next().value == cut->first_kept.value);  // the base
  auto start = fold_history(*log);
  BOOST_REQUIRE(start);
  BOOST_TEST(start->model.seq.value == before.seq.value + 1);  // LogTruncated
  start->model.seq = before.seq;
  start->model.now = before.now;
  BOOST_TEST((start->model == before));
  log.reset();
  const auto found = deep_check(path);
  BOOST_REQUIRE(found);
  BOOST_TEST(!found->check.damage);
  BOOST_TEST(found->wrong_snapshots == 0u);
}

BOOST_AUTO_TEST_CASE(nothing_is_cut_past_an_open_intent_or_an_older_snapshot) {
  World world;
  world.provisioning = seconds(1000);  // every launch stays open
  world.pass(seconds(5));
  world.up(projections::usual_spec());
  world.pass(seconds(30));
  auto log = log_with(world.events);
  Seq oldest_open = log->position().durable;
  for (const auto& [id, replica] : world.service().replicas)
    if (replica.launch_open) oldest_open = std::min(oldest_open, replica.intent);
  BOOST_REQUIRE(oldest_open < log->position().durable);
  put(*log, whole(*log));
  const Seq wanted = before_open_intents(whole(*log), log->position().durable);
  BOOST_TEST(wanted.value == oldest_open.value);
  const auto at_intent = allowed_cut(*log, wanted);
  BOOST_REQUIRE(at_intent);
  BOOST_TEST(at_intent->value <= oldest_open.value);
  BOOST_TEST((world.event(*at_intent).time == world.event(oldest_open).time));
  BOOST_TEST((world.event(Seq{at_intent->value - 1}).time != world.event(oldest_open).time));
  put(*log, folded(*log, Seq{at_intent->value - 1}));
  const auto at_snapshot = allowed_cut(*log, log->position().durable);
  BOOST_REQUIRE(at_snapshot);
  BOOST_TEST(at_snapshot->value == at_intent->value);
}

BOOST_AUTO_TEST_CASE(without_a_good_snapshot_nothing_is_cut_and_a_cut_log_does_not_start) {
  RandomHistory history(5);
  history.live(10);
  auto log = log_with(history.world.events);
  BOOST_TEST(!allowed_cut(*log, Seq{20}));
  const Seq commit = commit_of(*log, Seq{41});
  auto foreign = take_snapshot(folded(*log, Seq{commit.value - 1}));
  foreign.format = model_format + 1;  // whole to the log, and of a form that nobody here reads
  BOOST_REQUIRE(log->put_snapshot(foreign));
  BOOST_REQUIRE(log->truncate(commit));
  const auto start = fold_history(*log);
  BOOST_REQUIRE(!start);
  BOOST_TEST(start.error().text.find("skyctl log restore") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_first_event_since_a_time_is_found) {
  RandomHistory history(6);
  history.live(10);
  auto log = log_with(history.world.events);
  const core::Event& some = history.world.events.at(30);
  const auto found = first_since(*log, some.time.wall);
  BOOST_REQUIRE(found);
  BOOST_TEST((history.world.event(*found).time.wall >= some.time.wall));
  BOOST_TEST((history.world.event(Seq{found->value - 1}).time.wall < some.time.wall));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::cli
