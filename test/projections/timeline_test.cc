#include "projections/timeline.h"

#include <boost/test/unit_test.hpp>
#include <set>
#include <string>
#include <utility>

#include "projections/wording.h"

namespace sky::projections {
namespace {

std::string said(core::EventBody body) {
  core::Event event;
  event.time.at = core::Instant(core::seconds(1000));
  event.body = std::move(body);
  return sentence(event);
}

core::Offer spot_offer() {
  core::Offer offer;
  offer.place = {"aws", "us-east-2", "us-east-2a"};
  offer.instance_type = "g4dn.xlarge";
  offer.market = core::Market::spot;
  offer.price = {140'000};
  return offer;
}

core::ScaleEvaluated four_qps() {
  core::ScaleEvaluated scale;
  scale.policy = "request_rate";
  scale.window = core::seconds(60);
  scale.rate = {4000};
  scale.wanted = 4;
  scale.lower_limit = 2;
  scale.upper_limit = 4;
  scale.target_before = 2;
  scale.target_after = 4;
  scale.delay = core::seconds(300);
  scale.verdict = core::ScaleVerdict::raised;
  return scale;
}

template <std::size_t... index>
std::set<std::string> said_of_all(std::index_sequence<index...>) {
  return {said(std::variant_alternative_t<index, core::EventBody>{})...};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(projections_timeline)

BOOST_AUTO_TEST_CASE(every_event_has_a_sentence_of_its_own) {
  constexpr std::size_t count = std::variant_size_v<core::EventBody>;
  const auto sentences = said_of_all(std::make_index_sequence<count>());

  BOOST_TEST(sentences.size() == count);
  BOOST_TEST(sentences.count("") == 0U);
}

BOOST_AUTO_TEST_CASE(a_scale_decision_says_its_numbers) {
  core::ScaleEvaluated scale = four_qps();
  BOOST_TEST(said(scale) == "target 2 -> 4: 4 QPS over 60 s needs 4");

  scale.rate = {9500};
  scale.wanted = 10;
  scale.in_flight = 7;
  scale.held = 3;
  BOOST_TEST(said(scale) ==
             "target 2 -> 4: 9.5 QPS over 60 s, 7 in flight, 3 held needs 10 (at most 4)");
  scale.reason = "9.5 QPS over 60 s needs 10, at most 4; 300 s of 300 s agreed";  // says it all
  BOOST_TEST(said(scale) == "target 2 -> 4: " + scale.reason);

  scale = four_qps();
  scale.verdict = core::ScaleVerdict::waiting_to_raise;
  scale.target_after = 2;
  scale.votes = 40;
  scale.votes_needed = 80;
  BOOST_TEST(said(scale) ==
             "target stays 2 for now: 4 QPS over 60 s needs 4, 40% of the last 300 s agree, 80% "
             "needed");

  scale = four_qps();
  scale.verdict = core::ScaleVerdict::lowered;
  scale.rate = {50};
  scale.wanted = 1;
  scale.target_before = 4;
  scale.target_after = 2;
  BOOST_TEST(said(scale) == "target 4 -> 2: 0.05 QPS over 60 s needs 1 (at least 2)");
}

BOOST_AUTO_TEST_CASE(a_replicas_life_reads_as_a_story) {
  using namespace core;
  const Instant in_two_minutes = Instant(seconds(1120));
  BOOST_TEST(said(ReplicaPlanned{Version{1}, Pool::burst, "target 4, 2 there"}) ==
             "planned in the burst pool, version 1: target 4, 2 there");
  BOOST_TEST(said(LaunchIntended{2, spot_offer(), false}) ==
             "launch 2: AWS g4dn.xlarge[Spot] in us-east-2a at $0.14/h");
  Offer paid = spot_offer();
  paid.market = Market::on_demand;
  paid.price = {526'000};
  BOOST_TEST(said(LaunchIntended{1, paid, true}) ==
             "launch 1: AWS g4dn.xlarge in us-east-2a at $0.526/h, PAID OVERFLOW: no free machine "
             "for a base replica");
  BOOST_TEST(said(ProvisionSucceeded{1, "i-7", "10.0.0.7", 8888}) ==
             "launch 1 succeeded: i-7 at 10.0.0.7:8888");
  BOOST_TEST(said(ProvisionFailed{1,
                                  {FailureKind::capacity, FailureScope::zone,
                                   "InsufficientInstanceCapacity", seconds(0)}}) ==
             "launch 1 failed: capacity (zone): InsufficientInstanceCapacity");
  BOOST_TEST(said(ProbeAnswered{200, milliseconds(12), "", true}) == "probe ok: 200 after 12 ms");
  BOOST_TEST(said(ProbeAnswered{0, seconds(15), "connection refused", false}) ==
             "probe failed: no answer after 15 s, connection refused");
  BOOST_TEST(said(PreemptionNoticed{in_two_minutes, "spot interruption"}) ==
             "the cloud takes the machine in 120 s: spot interruption");
  BOOST_TEST(said(DrainStarted{DrainReason::preemption_notice, in_two_minutes}) ==
             "drains (preemption_notice): no new request, running ones have 120 s");
  BOOST_TEST(said(TerminationIntended{Phase::preempted, "its notice"}) ==
             "is terminated, will be PREEMPTED: its notice");
  BOOST_TEST(said(InstanceLost{"exit status 1", true}) == "its program ended: exit status 1");
}

BOOST_AUTO_TEST_CASE(a_placement_names_the_chosen_offers) {
  core::PlacementChosen placement;
  placement.policy = "spot_hedge";
  placement.candidates = {{spot_offer(), 1, "cheapest", true}, {spot_offer(), 2, "", false}};
  placement.reason = "two zones had preemptions";

  BOOST_TEST(said(placement) ==
             "spot_hedge chose AWS g4dn.xlarge[Spot] in us-east-2a at $0.14/h (cheapest) out of 2 "
             "offers: two zones had preemptions");
}

BOOST_AUTO_TEST_CASE(traffic_and_held_requests_are_counted) {
  core::TrafficSampled sample;
  sample.period = core::seconds(1);
  sample.arrivals = 12;
  sample.completions = 11;
  sample.in_flight = 3;
  BOOST_TEST(said(sample) == "12 in, 11 done, 0 failed in 1 s; 3 in flight");

  sample.latency_p50 = core::milliseconds(10);
  sample.latency_p90 = core::milliseconds(250);
  sample.latency_p99 = core::milliseconds(1500);
  sample.held = 2;
  BOOST_TEST(said(sample) ==
             "12 in, 11 done, 0 failed in 1 s; 3 in flight, 2 held; p50 10 ms, p90 250 ms, p99 "
             "1.5 s");
  BOOST_TEST(said(core::RequestsHeld{1}) == "1 request waits for a ready replica");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(projections_wording)

BOOST_AUTO_TEST_CASE(durations_rates_and_prices_are_short_and_exact) {
  BOOST_TEST(duration_text(core::seconds(300)) == "300 s");
  BOOST_TEST(duration_text(core::milliseconds(1500)) == "1.5 s");
  BOOST_TEST(duration_text(core::milliseconds(12)) == "12 ms");
  BOOST_TEST(duration_text(core::Duration(7)) == "7 us");
  BOOST_TEST(duration_text(core::seconds(0)) == "0 s");
  BOOST_TEST(rate_text({50}) == "0.05 QPS");
  BOOST_TEST(rate_text({1000}) == "1 QPS");
  BOOST_TEST(price_text({140'000}) == "$0.14");
  BOOST_TEST(price_text({585'000}) == "$0.585");
  BOOST_TEST(price_text({0}) == "$0.00");
  BOOST_TEST(price_text({32'772'600}) == "$32.7726");
  BOOST_TEST(money_text({1'234'000'000}) == "$1.23");
  BOOST_TEST(money_text({4'210'000}) == "$0.0042");
  BOOST_TEST(count_text(1, "offer") == "1 offer");
  BOOST_TEST(count_text(0, "offer") == "0 offers");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::projections
