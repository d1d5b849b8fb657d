// Goal: `skyctl why` says what the state was at a moment, and what another outcome would have
// needed, in words that hold. Method: histories of the scripted world, asked about.
#include <boost/test/unit_test.hpp>
#include <string>

#include "adapters/json.h"
#include "cli/print_why.h"
#include "cli/replay.h"
#include "test/projections/random_world.h"

namespace sky::cli {
namespace {

using core::seconds;
using projections::RandomWorld;
using projections::World;

WhyReport report_of(const WhyHistory& history, const World& world,
                    const std::optional<Moment>& moment) {
  auto answer = history.answer();
  BOOST_TEST_REQUIRE(answer.has_value(), (answer ? "" : answer.error().text));
  AlternativesFold alternatives(answer->decisions());
  MomentWitness witness;
  PastFold past(moment);
  for (const core::Event& event : world.events) {
    alternatives.add(event);
    if (past.add(event)) witness.add(event);
  }
  WhyReport report{history.question(), *answer, alternatives.take(), {}, true};
  const PastState state = past.take();
  if (moment)
    report.moment = report_moment(state.model, state.now, witness, report.question.service,
                                  report.question.replica);
  return report;
}

std::string text_of(const World& world, WhyQuestion question,
                    const std::optional<Moment>& moment = {}) {
  WhyHistory history(std::move(question));
  for (const core::Event& event : world.events)
    if (!moment || !moment->is_before(event)) history.add(event);
  return why_text(report_of(history, world, moment));
}

std::string json_of(const World& world, WhyQuestion question,
                    const std::optional<Moment>& moment = {}) {
  WhyHistory history(std::move(question));
  for (const core::Event& event : world.events)
    if (!moment || !moment->is_before(event)) history.add(event);
  adapters::JsonWriter json;
  write_why(json, report_of(history, world, moment));
  return json.take();
}

WhyQuestion about(core::Seq seq) { return {seq, {}, {}}; }
WhyQuestion about(const char* service, std::uint32_t replica = 0) {
  return {{}, service, core::ReplicaId{replica}};
}

bool has(const std::string& text, const std::string& words) {
  const bool found = text.find(words) != std::string::npos;
  if (!found) BOOST_TEST_MESSAGE("no \"" << words << "\" in:\n" << text);
  return found;
}

// Two replicas on the cluster; four requests a second; the cheapest zone has no capacity.
World drought() {
  World world;
  world.refuse = [](const core::LaunchInstance& order) -> std::optional<core::Failure> {
    if (order.offer.place.zone != "east-a" || !order.offer.is_spot()) return {};
    return core::Failure{
        core::FailureKind::capacity, core::FailureScope::zone, "no t4 left in east-a", {}};
  };
  world.up(projections::usual_spec());
  world.pass(seconds(20));
  world.arrivals["llama"] = 4;
  return world;
}

BOOST_AUTO_TEST_SUITE(cli_why_worlds)

BOOST_AUTO_TEST_CASE(a_moment_of_a_wait_says_how_far_it_is_and_what_is_missing) {
  World world = drought();
  while (world.service().last_evaluation.verdict != core::ScaleVerdict::waiting_to_raise)
    world.pass(seconds(1));
  world.pass(seconds(4));
  const core::Seq then = world.model.seq;
  world.pass(seconds(60));
  const std::string text = text_of(world, about("llama"), Moment{then, {}});

  BOOST_TEST(has(text, ", after #" + std::to_string(then.value) + ": READY\n"));
  BOOST_TEST(has(text, "  target 2, ready 2, live 2; "));
  BOOST_TEST(has(text, "last scale evaluation #"));
  BOOST_TEST(has(text, "waiting_to_raise; target 2 -> 2, limits 2 to 4\n"));
  BOOST_TEST(has(text, "more of this load\n"));
  BOOST_TEST(has(text, "a target of 3 needs 21 requests in 10 s (more than 2 QPS) for 10 s\n"));
  BOOST_TEST(has(text, "fewer than 2 needs a smaller min_replicas\n"));
}

BOOST_AUTO_TEST_CASE(a_moment_of_a_drought_names_the_block_its_end_and_the_providers_words) {
  World world = drought();
  while (world.all<core::ZoneBlocked>().empty()) world.pass(seconds(1));
  const core::Event block = world.all<core::ZoneBlocked>().front();
  const core::Seq then = world.model.seq;
  world.pass(seconds(60));
  const std::string text = text_of(world, about("llama"), Moment{then, {}});

  BOOST_TEST(has(text, "  target 4, ready 2, live 4; "));
  BOOST_TEST(has(text, "  pending:\n    llama/3 PROVISIONING for "));
  BOOST_TEST(has(text, "  blocked:\n    aws/east-/east-a aws-t4[Spot] until "));
  BOOST_TEST(
      has(text, "capacity: \"no t4 left in east-a\" (#" + std::to_string(block.seq.value) + ")\n"));
  BOOST_TEST(has(text, "more than 4 needs a larger max_replicas\n"));

  const std::string json = json_of(world, about("llama"), Moment{then, {}});
  const auto parsed = adapters::parse_json(json);
  BOOST_REQUIRE(parsed);
  const auto moment = adapters::JsonView(*parsed).at("moment");
  BOOST_TEST(moment.at("after").integer_or(0) == static_cast<std::int64_t>(then.value));
  BOOST_TEST(moment.at("blocked").at(0).at("provider_text").text_or("") == "no t4 left in east-a");
  BOOST_TEST(moment.at("pending").at(0).at("replica").integer_or(0) == 3);
  BOOST_TEST(moment.at("another_target").at("upper_limit").integer_or(0) == 4);
}

BOOST_AUTO_TEST_CASE(what_is_not_kept_any_more_is_said) {
  World world = drought();
  while (world.all<core::ZoneBlocked>().empty()) world.pass(seconds(1));
  const auto report =
      report_moment(world.model, {world.now(), {}}, MomentWitness{}, "llama", core::ReplicaId{});
  BOOST_REQUIRE(report.has_value());
  BOOST_TEST(has(moment_text(*report, true), "in an event that is not kept any more"));
}

BOOST_AUTO_TEST_CASE(a_moment_of_one_replica_is_about_that_one) {
  World world = drought();
  world.pass(seconds(60));
  world.change(3, core::InstanceChange::noticed, seconds(30));
  const core::Seq then = world.model.seq;
  world.pass(seconds(60));
  const std::string text = text_of(world, about("llama", 3), Moment{then, {}});

  BOOST_TEST(has(text, "  the replica:\n    llama/3 DRAINING for 0 s, GCP gcp-t4[Spot] in west-c"));
  BOOST_TEST(has(text, "the cloud takes the machine in 30 s\n"));
  BOOST_TEST(has(text, "The story of llama/3:\n"));
  BOOST_TEST(text.find("is gone") == std::string::npos);  // that came later
}

BOOST_AUTO_TEST_CASE(a_service_that_wants_nothing_says_what_wakes_it) {
  World world;
  core::ServiceSpec spec = projections::usual_spec();
  spec.replicas.min_replicas = spec.replicas.base_ondemand_fallback_replicas = 0;
  world.up(spec);
  world.pass(seconds(10));
  const std::string text = text_of(world, about("llama"), Moment{world.model.seq, {}});

  BOOST_TEST(has(text, ": NO_REPLICA\n"));
  BOOST_TEST(has(text, "the first request wakes it, a min_replicas of 1 keeps one"));
  BOOST_TEST(has(text, "a target of 1 needs 1 request in 10 s (more than 0 QPS)"));
}

BOOST_AUTO_TEST_CASE(a_refused_launch_says_why_until_when_and_what_came_instead) {
  World world = drought();
  world.pass(seconds(60));
  const std::string text = text_of(world, about(world.all<core::ProvisionFailed>()[0].seq));

  BOOST_TEST(
      has(text, "otherwise: capacity: the cloud has none free there: it passes by itself\n"));
  BOOST_TEST(has(text, "aws/east-/east-a aws-t4 is left alone until "));
  BOOST_TEST(has(text, "tried at once instead: GCP gcp-t4[Spot] in west-c at $0.12/h\n"));
}

BOOST_AUTO_TEST_CASE(a_choice_of_a_zone_says_what_the_others_lacked) {
  World world = drought();
  world.pass(seconds(60));
  core::Seq second;  // after the refusal
  for (const core::Event& event : world.all<core::PlacementChosen>())
    if (event.replica.value == 3) second = event.seq;
  const std::string text = text_of(world, about(second));

  BOOST_TEST(
      has(text, "east-a at $0.10/h would have been chosen if it had not been blocked until "));
  BOOST_TEST(has(text,
                 "east-b at $0.11/h would have been chosen if it had held none of our spot "
                 "replicas\n"));
}

BOOST_AUTO_TEST_CASE(whatever_happened_can_be_asked_about_in_both_forms) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    RandomWorld random(seed);
    random.begin();
    random.live(20);
    const World& world = random.world;
    for (std::uint64_t seq = 1; seq <= world.events.size(); seq += 7) {
      const std::string text = text_of(world, about(core::Seq{seq}));
      BOOST_TEST(text.find("#" + std::to_string(seq) + " ") != std::string::npos);
      BOOST_TEST(adapters::parse_json(json_of(world, about(core::Seq{seq}))).has_value());
    }
    for (std::uint64_t seq = 5; seq <= world.events.size(); seq += 41)
      BOOST_TEST(adapters::parse_json(json_of(world, about("llama"), Moment{core::Seq{seq}, {}}))
                     .has_value());
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::cli
