// Goal: `replay --verify` finds what is wrong in a log, and nothing in one that is right. Method:
// whole histories of random worlds must come out identical; then one event is changed, left out or
// put in, and the first divergence must be there, with the field and the cause named.
#include "cli/replay_verify.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <random>
#include <string>
#include <vector>

#include "cli/replay.h"
#include "events/log.h"
#include "test/events/temporary_directory.h"
#include "test/projections/random_world.h"

namespace sky::cli {
namespace {

using core::Event;
using core::seconds;
using projections::RandomWorld;
using projections::World;

constexpr std::uint64_t worlds = 400;

DecisionCheck checked(const std::vector<Event>& events) {
  DecisionCheck check;
  for (const Event& event : events) check.add(event);
  check.finish();
  return check;
}

std::string what_differs(const DecisionCheck& check) {
  if (!check.divergence()) return "identical";
  const auto& [recorded, again] = *check.divergence();
  if (!recorded) return std::string("more is decided: ") + core::type_name(again->body);
  const std::string where =
      "#" + std::to_string(recorded->seq.value) + " " + core::type_name(recorded->body);
  if (!again) return where + " is not decided";
  return where + " against " + core::type_name(again->body) + ": " +
         difference_text(*recorded, *again);
}

// Machines that nobody remembers, and machines that went without a word: only a sweep finds them.
void disturb(RandomWorld& random) {
  World& world = random.world;
  if (random.below(3) == 0) {
    const std::string id = "i-orphan" + std::to_string(world.events.size());
    const auto& offer = world.offers[random.below(static_cast<std::uint32_t>(world.offers.size()))];
    world.machines[id] = {id, "llama", core::ReplicaId{9000}, 1, offer, world.now()};
  }
  if (random.below(3) == 0 && !world.machines.empty()) {
    auto gone = world.machines.begin();
    std::advance(gone, random.below(static_cast<std::uint32_t>(world.machines.size())));
    world.machines.erase(gone);
  }
  if (random.below(2) == 0) world.restart(core::milliseconds(random.below(90'000)));
}

// Two lives of a service in one log, every third time beside another one on the same clouds, with
// everything that happens to services.
std::vector<Event> whole_history(std::uint64_t seed) {
  RandomWorld random(seed);
  random.begin();
  if (seed % 3 == 1) {
    random.world.up(projections::usual_spec("mistral"));
    random.world.arrivals["mistral"] = random.below(6);
  }
  for (int part = 0; part < 4; ++part) {
    random.live(8);
    disturb(random);
  }
  World& world = random.world;
  if (seed % 4 == 0) world.pass(seconds(400));  // a sweep of its own accord
  if (seed % 5 == 0) world.send(core::PreemptRequested{"llama", {}, "east-a", 0, "ada"});
  if (seed % 5 == 1) world.send(core::PreemptRequested{"llama", {}, "", 2, "ada", "storm"});
  world.pass(seconds(5));
  world.send(core::DownRequested{"llama", "ada", "down-1"});
  world.send(core::DownRequested{"llama", "eve", "down-2"});  // while it is under way
  world.pass(seconds(60));
  if (!world.has()) {
    world.up(projections::usual_spec());
    world.pass(seconds(20));
  }
  if (seed % 3 == 0) world.send(core::Stopping{"told to"});
  if (seed % 3 == 0) world.restart();
  return world.events;
}

// A quiet one in which every kind of decision comes up once: load, a preemption, load gone.
std::vector<Event> usual_history() {
  World world;
  world.up(projections::usual_spec());
  world.pass(seconds(20));
  world.arrivals["llama"] = 4;
  world.pass(seconds(40));
  world.change(3, core::InstanceChange::noticed, seconds(10));
  world.pass(seconds(40));
  world.arrivals["llama"] = 0;
  world.pass(seconds(60));
  return world.events;
}

template <class Body>
std::size_t find(const std::vector<Event>& events, auto&& is_it) {
  for (std::size_t i = 0; i < events.size(); ++i)
    if (const auto* body = std::get_if<Body>(&events[i].body); body && is_it(*body)) return i;
  BOOST_FAIL("the history has no such event");
  return 0;
}

std::size_t raise_of(const std::vector<Event>& events) {
  return find<core::ScaleEvaluated>(events, [](const core::ScaleEvaluated& one) {
    return one.verdict == core::ScaleVerdict::raised && one.target_before == 2;
  });
}

// As if the events from there on had been recorded one later, or one earlier.
void renumber(std::vector<Event>& events, std::size_t from, std::int64_t by) {
  const core::Seq first = events[from].seq;
  const auto moved = [&](core::Seq seq) {
    return core::Seq{static_cast<std::uint64_t>(static_cast<std::int64_t>(seq.value) + by)};
  };
  for (std::size_t i = from; i < events.size(); ++i) {
    if (events[i].cause >= first) events[i].cause = moved(events[i].cause);
    events[i].seq = moved(events[i].seq);
  }
}

void leave_out(std::vector<Event>& events, std::size_t at) {
  events.erase(events.begin() + static_cast<std::ptrdiff_t>(at));
  renumber(events, at, -1);
}

BOOST_AUTO_TEST_SUITE(cli_replay_verify)

BOOST_AUTO_TEST_CASE(the_logs_of_random_worlds_are_identical_when_decided_again) {
  std::uint64_t unasked = 0, decisions = 0;
  for (std::uint64_t seed = 1; seed <= worlds; ++seed) {
    const DecisionCheck check = checked(whole_history(seed));
    BOOST_TEST(!check.divergence(), "seed " << seed << ": " << what_differs(check));
    unasked += check.unasked();
    decisions += check.decisions();
  }
  BOOST_TEST(unasked == 0U);
  BOOST_TEST(decisions > worlds * 50);
}

BOOST_AUTO_TEST_CASE(any_prefix_of_a_log_is_identical_as_far_as_it_goes) {
  const std::vector<Event> events = whole_history(7);
  for (std::size_t end = 1; end <= events.size(); ++end) {
    DecisionCheck check;
    for (std::size_t i = 0; i < end; ++i) check.add(events[i]);
    BOOST_TEST(!check.divergence(), "up to #" << end << ": " << what_differs(check));
  }
}

BOOST_AUTO_TEST_CASE(a_changed_target_is_found) {
  std::vector<Event> events = usual_history();
  const std::size_t at = raise_of(events);
  std::get<core::ScaleEvaluated>(events[at].body).target_after = 3;

  BOOST_TEST(what_differs(checked(events)) ==
             "#" + std::to_string(at + 1) +
                 " ScaleEvaluated against ScaleEvaluated: body.target_after: recorded 3, again 4");
}

BOOST_AUTO_TEST_CASE(a_changed_number_in_an_evaluation_is_found) {
  const std::vector<Event> events = usual_history();
  const std::size_t at = raise_of(events);
  const auto changed = [&](auto&& change) {
    std::vector<Event> copy = events;
    change(std::get<core::ScaleEvaluated>(copy[at].body));
    return what_differs(checked(copy));
  };
  const std::string here =
      "#" + std::to_string(at + 1) + " ScaleEvaluated against ScaleEvaluated: body.";

  BOOST_TEST(changed([](core::ScaleEvaluated& one) { ++one.votes; }).starts_with(here + "votes"));
  BOOST_TEST(changed([](core::ScaleEvaluated& one) { ++one.wanted; }).starts_with(here + "wanted"));
  BOOST_TEST(changed([](core::ScaleEvaluated& one) { ++one.rate.value; }).starts_with(here));
  BOOST_TEST(changed([](core::ScaleEvaluated& one) { one.reason = "so"; }).starts_with(here));
}

BOOST_AUTO_TEST_CASE(another_zone_chosen_is_found) {
  std::vector<Event> events = usual_history();
  const std::size_t at = find<core::PlacementChosen>(
      events,
      [](const core::PlacementChosen& placement) { return placement.policy == "static_mixture"; });
  auto& candidates = std::get<core::PlacementChosen>(events[at].body).candidates;
  BOOST_REQUIRE(candidates[0].chosen);
  std::swap(candidates[0].chosen, candidates[1].chosen);
  std::swap(candidates[0].note, candidates[1].note);
  std::get<core::LaunchIntended>(events[at + 1].body).offer = candidates[1].offer;

  BOOST_TEST(what_differs(checked(events))
                 .starts_with("#" + std::to_string(at + 1) +
                              " PlacementChosen against PlacementChosen: body.candidates[0]."));
}

BOOST_AUTO_TEST_CASE(a_decision_that_is_missing_is_found) {
  std::vector<Event> events = usual_history();
  const std::size_t at = find<core::DrainStarted>(events, [](const core::DrainStarted& drain) {
    return drain.reason == core::DrainReason::preemption_notice;
  });
  leave_out(events, at);

  const DecisionCheck check = checked(events);
  BOOST_REQUIRE(check.divergence());
  BOOST_REQUIRE(check.divergence()->again);
  BOOST_TEST(check.divergence()->again->seq.value == at + 1);
  BOOST_TEST(std::holds_alternative<core::DrainStarted>(check.divergence()->again->body));
}

BOOST_AUTO_TEST_CASE(a_decision_that_nobody_made_is_found) {
  std::vector<Event> events = usual_history();
  const std::size_t at = raise_of(events) - 2;
  Event extra = events[raise_of(events)];
  extra.seq = events[at].seq;
  extra.time = events[at].time;
  extra.cause = core::Seq{extra.seq.value - 1};
  renumber(events, at, +1);
  events.insert(events.begin() + static_cast<std::ptrdiff_t>(at), extra);

  const DecisionCheck check = checked(events);
  BOOST_REQUIRE(check.divergence());
  BOOST_REQUIRE(check.divergence()->recorded);
  BOOST_TEST(check.divergence()->recorded->seq.value == at + 1);
}

BOOST_AUTO_TEST_CASE(a_log_that_ends_before_what_had_to_follow_is_found) {
  std::vector<Event> events = usual_history();
  const std::size_t at = find<core::PreemptionNoticed>(events, [](const auto&) { return true; });
  events.resize(at + 1);

  BOOST_TEST(what_differs(checked(events)) == "more is decided: DrainStarted");
}

BOOST_AUTO_TEST_CASE(any_decision_changed_anywhere_is_the_first_divergence) {
  std::mt19937_64 random(5);
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    std::vector<Event> events = whole_history(seed);
    std::vector<std::size_t> decided;
    for (std::size_t i = 0; i < events.size(); ++i)
      if (events[i].actor == core::Actor::controller && events[i].cause) decided.push_back(i);
    const std::size_t at = decided[random() % decided.size()];
    events[at].replica.value += 1;
    const DecisionCheck check = checked(events);
    BOOST_TEST_REQUIRE(check.divergence().has_value(), "seed " << seed << ", #" << at + 1);
    const auto& found = *check.divergence();
    const Event& first = found.recorded ? *found.recorded : *found.again;
    BOOST_TEST(first.seq.value == at + 1, "seed " << seed << ": " << what_differs(check));
  }
}

BOOST_AUTO_TEST_CASE(the_answer_about_a_stored_log_names_the_divergence_and_its_cause) {
  std::vector<Event> events = usual_history();
  const std::size_t at = raise_of(events);
  const events::TemporaryDirectory home;
  const auto answer = [&](const char* name, bool json) {
    {
      auto log = events::open_log(home / name);
      BOOST_TEST_REQUIRE(log.has_value(), (log ? "" : log.error().text));
      for (const Event& event : events) BOOST_REQUIRE((*log)->append(std::span(&event, 1)));
    }
    ReplaySource source;
    source.directory = home / name;
    auto verified = verify_decisions(source, {}, json, true);
    BOOST_TEST_REQUIRE(verified.has_value(), (verified ? "" : verified.error().text));
    return *verified;
  };
  const VerifyAnswer right = answer("right", false);
  std::get<core::ScaleEvaluated>(events[at].body).target_after = 3;
  const VerifyAnswer wrong = answer("wrong", false);

  BOOST_TEST(right.is_identical);
  BOOST_TEST(right.text.find("decisions: identical") != std::string::npos);
  BOOST_TEST(!wrong.is_identical);
  const std::string number = "#" + std::to_string(at + 1);
  BOOST_TEST(wrong.text.starts_with(number + " is decided differently: body.target_after: "
                                             "recorded 3, again 4\n"));
  BOOST_TEST(wrong.text.find("\n  because   2023-11-26 12:00:") != std::string::npos);
  BOOST_TEST(wrong.text.find("#" + std::to_string(events[at].cause.value) + " llama") !=
             std::string::npos);
  BOOST_TEST(answer("wrong_too", true)
                 .text.find("\"recorded\":{\"seq\":" + std::to_string(at + 1) + ",") !=
             std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::cli
