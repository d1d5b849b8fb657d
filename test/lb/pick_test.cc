#include "lb/pick.h"

#include <boost/test/unit_test.hpp>
#include <map>
#include <vector>

#include "lb/in_flight.h"
#include "lb/latency_histogram.h"
#include "lb/meter.h"
#include "lb/replay_buffer.h"

namespace sky::lb {
namespace {

using core::BalancingPolicy;
using core::ReplicaId;

std::vector<Candidate> loads(std::initializer_list<std::uint32_t> in_flight) {
  std::vector<Candidate> candidates;
  for (const std::uint32_t load : in_flight) {
    candidates.push_back({ReplicaId{static_cast<std::uint32_t>(candidates.size() + 1)}, load, 1});
  }
  return candidates;
}

class CountsIdle final : public InFlight::Observer {
 public:
  void on_none_in_flight() override { ++times; }
  int times = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(pick)

BOOST_AUTO_TEST_CASE(least_load_takes_the_smallest_count_exactly) {
  Picker picker(BalancingPolicy::least_load);
  for (int i = 0; i < 10; ++i) BOOST_TEST(*picker.pick(loads({3, 1, 2, 4}), {}) == 1U);
}

BOOST_AUTO_TEST_CASE(equal_loads_take_turns) {
  Picker picker(BalancingPolicy::least_load);
  std::map<std::size_t, int> times;
  for (int i = 0; i < 30; ++i) ++times[*picker.pick(loads({5, 0, 0, 0}), {})];
  BOOST_TEST((times == std::map<std::size_t, int>{{1, 10}, {2, 10}, {3, 10}}));
}

BOOST_AUTO_TEST_CASE(round_robin_does_not_look_at_load) {
  Picker picker(BalancingPolicy::round_robin);
  std::vector<std::size_t> order;
  for (int i = 0; i < 6; ++i) order.push_back(*picker.pick(loads({9, 0, 5}), {}));
  BOOST_TEST((order == std::vector<std::size_t>{0, 1, 2, 0, 1, 2}));
}

BOOST_AUTO_TEST_CASE(instance_aware_fills_in_proportion_to_the_weights) {
  Picker picker(BalancingPolicy::instance_aware_least_load);
  std::vector<Candidate> candidates = loads({0, 0});
  candidates[0].weight = 1000;
  candidates[1].weight = 3000;
  BOOST_TEST(*picker.pick(candidates, {}) == 1U);  // the stronger of two idle ones
  for (int i = 0; i < 40; ++i) ++candidates[*picker.pick(candidates, {})].in_flight;
  BOOST_TEST(candidates[0].in_flight == 10U);
  BOOST_TEST(candidates[1].in_flight == 30U);
}

BOOST_AUTO_TEST_CASE(tried_ones_are_left_out) {
  Picker picker(BalancingPolicy::least_load);
  const std::vector<ReplicaId> tried{{1}, {3}};
  BOOST_TEST(*picker.pick(loads({0, 9, 0}), tried) == 1U);
  BOOST_TEST(!picker.pick(loads({0}), tried).has_value());
  BOOST_TEST(!picker.pick({}, {}).has_value());
}

BOOST_AUTO_TEST_CASE(token_counts_once_however_it_moves) {
  CountsIdle observer;
  InFlight counter(observer);
  {
    InFlight::Token first = counter.enter();
    InFlight::Token moved = std::move(first);
    InFlight::Token second = counter.enter();
    BOOST_TEST(counter.count() == 2U);
    first.release();  // holds nothing any more
    BOOST_TEST(counter.count() == 2U);
    moved = std::move(second);  // lets its own go
    BOOST_TEST(counter.count() == 1U);
    moved.release();
    moved.release();
    BOOST_TEST(counter.count() == 0U);
    BOOST_TEST(observer.times == 1);
  }
  BOOST_TEST(counter.count() == 0U);
}

BOOST_AUTO_TEST_CASE(quantiles_are_within_a_bucket) {
  LatencyHistogram histogram;
  BOOST_TEST(histogram.quantile(500).count() == 0);
  for (int ms = 1; ms <= 1000; ++ms) histogram.add(core::milliseconds(ms));
  const auto near = [&](std::uint32_t per_mille, std::int64_t us) {
    const auto value = histogram.quantile(per_mille).count();
    return value > us * 93 / 100 && value < us * 107 / 100;
  };
  BOOST_TEST(near(500, 500'000));
  BOOST_TEST(near(900, 900'000));
  BOOST_TEST(near(990, 990'000));
  histogram.add(core::seconds(1'000'000));  // beyond the range: the last bucket
  BOOST_TEST(histogram.total() == 1001U);
}

BOOST_AUTO_TEST_CASE(sample_starts_anew_after_it_was_taken) {
  Meter meter;
  meter.arrived();
  meter.arrived();
  meter.retried();
  meter.ended(Cause::ok, 200, core::milliseconds(10), core::milliseconds(1));
  meter.ended(Cause::replica_lost, 502, core::milliseconds(10), core::milliseconds(1));
  meter.ended(Cause::client_gone, 0, core::milliseconds(10), core::milliseconds(1));
  const core::TrafficSampled sample = meter.take_sample(core::seconds(1));
  BOOST_TEST(sample.arrivals == 2U);
  BOOST_TEST(sample.completions == 1U);
  BOOST_TEST(sample.failures == 1U);
  BOOST_TEST(sample.retries == 1U);
  BOOST_TEST(sample.latency_p99.count() > 9000);
  BOOST_TEST((meter.take_sample(core::seconds(1)) ==
              core::TrafficSampled{.period = core::seconds(1), .replicas = {}}));
  BOOST_TEST(meter.totals().requests == 2U);
  BOOST_TEST(meter.totals().by_status_class[5] == 1U);
}

BOOST_AUTO_TEST_CASE(replay_buffer_keeps_all_until_its_limit_and_counts_what_it_keeps) {
  std::atomic<std::size_t> budget{0};
  {
    ReplayBuffer buffer(budget);
    buffer.add("abc");
    buffer.mark_all_sent();
    buffer.add("de");
    BOOST_TEST(buffer.unsent() == "de");
    buffer.rewind();
    BOOST_TEST(buffer.unsent() == "abcde");
    BOOST_TEST(buffer.is_whole());
    BOOST_TEST(budget == 5U);
    buffer.mark_all_sent();
    buffer.add(std::string(max_replay_bytes, 'x'));
    BOOST_TEST(!buffer.is_whole());
    BOOST_TEST(buffer.unsent().size() == max_replay_bytes);
    buffer.mark_all_sent();
    BOOST_TEST(budget == 0U);
    buffer.add("y");
    BOOST_TEST(buffer.unsent() == "y");
  }
  BOOST_TEST(budget == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::lb
