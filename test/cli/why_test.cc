#include "cli/print_why.h"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "adapters/json.h"
#include "test/cli/golden.h"

namespace sky::cli {
namespace {

// A history that reads like one: at(second, cause, actor, replica, body) appends an event.
class History {
 public:
  std::uint64_t at(std::int64_t second, std::uint64_t cause, core::Actor actor,
                   std::uint32_t replica, core::EventBody body) {
    core::Event event;
    event.seq = {events_.size() + 1};
    // 2026-11-23 19:20:00 UTC and so many seconds
    event.time = {core::Instant(core::seconds(1000 + second)),
                  core::WallTime(core::seconds(1'795'461'600 + second))};
    event.cause = {cause};
    event.actor = actor;
    event.service = "llama3";
    event.replica = {replica};
    event.body = std::move(body);
    events_.push_back(std::move(event));
    return events_.size();
  }

  std::string text(WhyQuestion question) const {
    const WhyHistory history = fed(std::move(question));
    const auto answer = history.answer();
    if (!answer) return "error: " + answer.error().text;
    return why_text({history.question(), *answer, {}, {}, true});
  }
  std::string json(WhyQuestion question) const {
    const WhyHistory history = fed(std::move(question));
    adapters::JsonWriter json;
    write_why(json, {history.question(), history.answer().value(), {}, {}, true});
    return json.take();
  }

 private:
  WhyHistory fed(WhyQuestion question) const {
    WhyHistory history(std::move(question));
    for (const core::Event& event : events_) history.add(event);
    return history;
  }

  std::vector<core::Event> events_;
};

core::Offer spot_offer(const std::string& zone) {
  core::Offer offer;
  offer.place = {"aws", zone.substr(0, zone.size() - 1), zone};
  offer.instance_type = "g4dn.xlarge";
  offer.market = core::Market::spot;
  offer.price = {140'000};
  return offer;
}

History preempted_replica() {
  using core::Actor;
  History history;
  core::TrafficSampled traffic;
  traffic.period = core::seconds(1);
  traffic.arrivals = 4;
  const auto load = history.at(0, 0, Actor::balancer, 0, traffic);
  core::ScaleEvaluated scale;
  scale.policy = "request_rate";
  scale.window = core::seconds(60);
  scale.rate = {4000};
  scale.wanted = scale.target_after = scale.upper_limit = 4;
  scale.lower_limit = scale.target_before = 2;
  scale.verdict = core::ScaleVerdict::raised;
  const auto decision = history.at(1, load, Actor::controller, 0, scale);
  const auto planned = history.at(
      1, decision, Actor::controller, 3,
      core::ReplicaPlanned{core::Version{1}, core::Pool::burst, "target 4, 2 are there"});
  core::PlacementChosen placement;
  placement.policy = "static_mixture";
  placement.candidates = {{spot_offer("us-east-2a"), 1, "cheapest", true},
                          {spot_offer("us-west-2a"), 2, "dearer", false}};
  const auto placed = history.at(1, planned, Actor::controller, 3, placement);
  const auto launched = history.at(1, placed, Actor::controller, 3,
                                   core::LaunchIntended{1, spot_offer("us-east-2a"), false});
  const auto there = history.at(31, launched, Actor::cloud, 3,
                                core::ProvisionSucceeded{1, "i-7", "127.0.0.1", 4007});
  const auto probe = history.at(40, there, Actor::probe, 3,
                                core::ProbeAnswered{200, core::milliseconds(12), "", true});
  history.at(40, probe, Actor::controller, 3, core::ReplicaBecameReady{});
  for (int i = 0; i < 10; ++i)
    history.at(50 + i, 0, Actor::probe, 3,
               core::ProbeAnswered{200, core::milliseconds(12), "", true});
  const auto notice =
      history.at(100, 0, Actor::cloud, 3,
                 core::PreemptionNoticed{core::Instant(core::seconds(1220)), "reclaimed"});
  history.at(100, notice, Actor::controller, 4,
             core::ReplicaPlanned{core::Version{1}, core::Pool::burst, "replaces 3"});
  history.at(
      100, notice, Actor::controller, 3,
      core::DrainStarted{core::DrainReason::preemption_notice, core::Instant(core::seconds(1220))});
  return history;
}

WhyQuestion about_replica(std::uint32_t id) {
  WhyQuestion question;
  question.service = "llama3";
  question.replica = {id};
  return question;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cli_why)

BOOST_AUTO_TEST_CASE(a_replica_has_its_newest_cause_first_and_then_its_whole_story) {
  BOOST_TEST(preempted_replica().text(about_replica(3)) == golden("why_replica"));
}

BOOST_AUTO_TEST_CASE(an_event_is_followed_back_to_the_load_that_caused_it) {
  WhyQuestion question;
  question.seq = {8};

  BOOST_TEST(preempted_replica().text(question) == golden("why_event"));
}

BOOST_AUTO_TEST_CASE(a_service_has_its_newest_event_and_its_last_scale_decision) {
  WhyQuestion question;
  question.service = "llama3";
  const std::string text = preempted_replica().text(question);

  BOOST_TEST(text.find("#21 llama3/3 DrainStarted") != std::string::npos);
  BOOST_TEST(text.find("decided last by:\n2026-11-23 19:20:01.000  #2 llama3 ScaleEvaluated") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_probe_can_be_asked_about_too) {
  WhyQuestion question;
  question.seq = {12};

  BOOST_TEST(preempted_replica().text(question) ==
             "2026-11-23 19:20:53.000  #12 llama3/3 ProbeAnswered: probe ok: 200 after 12 ms\n"
             "  and that has no earlier cause: the replica answered so\n");
}

BOOST_AUTO_TEST_CASE(what_the_log_does_not_hold_is_said) {
  WhyQuestion unknown_seq;
  unknown_seq.seq = {99};
  WhyQuestion unknown_service;
  unknown_service.service = "other";

  BOOST_TEST(preempted_replica().text(unknown_seq) ==
             "error: the log holds nothing about an event #99; see `skyctl events`");
  BOOST_TEST(preempted_replica().text(unknown_service) ==
             "error: the log holds nothing about other; see `skyctl events`");
  BOOST_TEST(preempted_replica().text(about_replica(9)) ==
             "error: the log holds nothing about llama3/9; see `skyctl events`");
}

BOOST_AUTO_TEST_CASE(a_cause_that_was_forgotten_is_named) {
  History history;
  for (int i = 0; i < 20'001; ++i)
    history.at(i, 0, core::Actor::balancer, 0, core::TrafficSampled{});
  const auto planned = history.at(30'000, 1, core::Actor::controller, 1, core::ReplicaPlanned{});
  WhyQuestion question;
  question.seq = {planned};

  BOOST_TEST(history.text(question).find("because of #1, which is no longer kept") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_event_says_what_it_led_to) {
  WhyQuestion question;
  question.seq = {19};

  const std::string text = preempted_replica().text(question);
  BOOST_TEST(text.find("\nIt led to:\n  2026-11-23 19:21:40.000  #20 llama3/4 ReplicaPlanned: ") !=
             std::string::npos);
  BOOST_TEST(text.find("  #21 llama3/3 DrainStarted: ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_answer_as_json_has_the_same_events) {
  const auto json = adapters::parse_json(preempted_replica().json(about_replica(3)));
  BOOST_REQUIRE(json.has_value());
  const adapters::JsonView root(*json);

  BOOST_TEST(root.at("chain").size() == 2U);
  BOOST_TEST(root.at("story").size() == 9U);
  BOOST_TEST(*root.at("chain").at(1).at("type").as_text() == "PreemptionNoticed");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::cli
