#include <boost/test/unit_test.hpp>
#include <vector>

#include "core/autoscale_instance_aware.h"
#include "core/autoscale_request_rate.h"
#include "core/downscale_order.h"
#include "core/pool_split.h"
#include "core/rollout.h"
#include "core/scale_vote.h"

namespace sky::core {
namespace {

ReplicaPolicy policy_of(std::uint32_t min, std::uint32_t max, std::int64_t milli_qps) {
  ReplicaPolicy policy;
  policy.min_replicas = min;
  policy.max_replicas = max;
  policy.target_qps_per_replica = MilliRps{milli_qps};
  return policy;
}

BOOST_AUTO_TEST_SUITE(core_request_rate)

BOOST_AUTO_TEST_CASE(the_target_is_the_rate_over_the_window_by_the_rate_of_one_rounded_up) {
  struct Row {
    std::uint64_t arrivals;
    int window;
    std::int64_t milli;
    std::uint32_t wanted;
  };
  const Row rows[] = {{0, 60, 1000, 0},  {1, 60, 1000, 1},   {60, 60, 1000, 1},
                      {61, 60, 1000, 2}, {240, 60, 1000, 4}, {241, 60, 1000, 5},
                      {60, 60, 300, 4},  {100, 10, 2500, 4}, {101, 10, 2500, 5},
                      {600, 60, 0, 0},   {600, 60, -5, 0},   {4'000'000'000, 1, 1, 1'000'000}};
  for (const Row& row : rows)
    BOOST_TEST(wanted_by_rate(row.arrivals, seconds(row.window), MilliRps{row.milli}) ==
               row.wanted);
}

BOOST_AUTO_TEST_CASE(a_burst_and_a_steady_stream_with_as_many_arrivals_want_the_same) {
  // SkyServe's own meaning: 61 requests at one instant are 1.02 QPS over 60 s.
  BOOST_TEST(wanted_by_request_rate(policy_of(1, 9, 1000), Load{61, 0, 0}) == 2u);
}

BOOST_AUTO_TEST_CASE(concurrency_and_rate_count_the_larger) {
  ReplicaPolicy policy = policy_of(0, 9, 1000);
  policy.target_concurrency_per_replica = 4;
  BOOST_TEST(wanted_by_request_rate(policy, Load{60, 9, 0}) == 3u);
  BOOST_TEST(wanted_by_request_rate(policy, Load{60, 2, 3}) == 2u);
  BOOST_TEST(wanted_by_request_rate(policy, Load{300, 1, 0}) == 5u);
}

BOOST_AUTO_TEST_CASE(one_running_or_waiting_request_needs_one_replica) {
  const ReplicaPolicy policy = policy_of(0, 9, 1000);
  BOOST_TEST(wanted_by_request_rate(policy, Load{0, 0, 0}) == 0u);
  BOOST_TEST(wanted_by_request_rate(policy, Load{0, 1, 0}) == 1u);
  BOOST_TEST(wanted_by_request_rate(policy, Load{0, 0, 1}) == 1u);
}

BOOST_AUTO_TEST_CASE(without_a_usable_target_nothing_is_scaled) {
  BOOST_TEST(is_autoscaled(policy_of(1, 4, 1000)));
  BOOST_TEST(!is_autoscaled(policy_of(1, 4, 0)));
  BOOST_TEST(!is_autoscaled(policy_of(3, 3, 1000)));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(core_instance_aware)

const RateByAccelerator targets = {
    {"A100", MilliRps{4000}}, {"A100:8", MilliRps{30000}}, {"T4", MilliRps{1000}}};

BOOST_AUTO_TEST_CASE(capacity_is_by_exact_key_then_by_name_then_the_least) {
  BOOST_TEST(capacity_of(targets, {"A100", 8}).value == 30000);
  BOOST_TEST(capacity_of(targets, {"A100", 1}).value == 4000);
  BOOST_TEST(capacity_of(targets, {"H100", 1}).value == 1000);
  BOOST_TEST(capacity_of({}, {"H100", 1}).value == 0);
}

BOOST_AUTO_TEST_CASE(missing_capacity_is_filled_and_spare_capacity_given_up_weakest_first) {
  ReplicaPolicy policy = policy_of(0, 99, 0);
  policy.target_qps_per_accelerator = {{"A100", MilliRps{4000}}, {"T4", MilliRps{1000}}};
  const auto wanted = [&](std::uint64_t arrivals, std::vector<MilliRps> live) {
    return wanted_by_capacity(policy, Load{arrivals, 0, 0}, std::move(live));
  };
  const MilliRps t4{1000}, a100{4000};
  BOOST_TEST(wanted(300, {}) == 2u);  // 5 QPS, nothing there: two strong ones
  BOOST_TEST(wanted(300, {t4}) == 2u);  // 4 missing: one strong one more
  BOOST_TEST(wanted(300, {t4, t4}) == 3u);
  BOOST_TEST(wanted(240, {t4, a100, t4}) == 1u);  // the strong one is enough
  BOOST_TEST(wanted(241, {t4, a100, t4}) == 2u);
  BOOST_TEST(wanted(0, {t4, a100}) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(core_scale_vote)

Vote up(std::vector<std::uint32_t> wanted, std::uint32_t current, int delay) {
  return count_votes(wanted, current, Direction::up, seconds(delay));
}
Vote down(std::vector<std::uint32_t> wanted, std::uint32_t current, int delay) {
  return count_votes(wanted, current, Direction::down, seconds(delay));
}

BOOST_AUTO_TEST_CASE(no_delay_acts_on_one_evaluation) {
  const Vote vote = up({3}, 1, 0);
  BOOST_TEST(vote.is_carried);
  BOOST_TEST(vote.target == 3u);
  BOOST_TEST(!up({1}, 1, 0).is_carried);
}

BOOST_AUTO_TEST_CASE(before_the_delay_is_over_nothing_is_carried) {
  BOOST_TEST(evaluations_due(seconds(9)) == 10u);
  BOOST_TEST(!up(std::vector<std::uint32_t>(9, 3), 1, 9).is_carried);
  BOOST_TEST(up(std::vector<std::uint32_t>(9, 3), 1, 9).is_waiting);
  BOOST_TEST(up(std::vector<std::uint32_t>(10, 3), 1, 9).is_carried);
}

BOOST_AUTO_TEST_CASE(two_odd_ones_of_ten_change_neither_the_time_nor_the_size) {
  const Vote vote = up({3, 3, 0, 3, 3, 9, 3, 0, 3, 3}, 1, 9);
  BOOST_TEST(vote.is_carried);
  BOOST_TEST(vote.target == 3u);
  BOOST_TEST(vote.percent == 80u);
  BOOST_TEST(!up({3, 3, 0, 0, 3, 3, 0, 3, 3, 3}, 1, 9).is_carried);
}

BOOST_AUTO_TEST_CASE(it_moves_as_far_as_the_share_supports) {
  BOOST_TEST(up({2, 2, 3, 3, 4, 4, 4, 4, 4, 4}, 1, 9).target == 3u);
  BOOST_TEST(down({4, 3, 2, 2, 1, 1, 1, 1, 1, 1}, 5, 9).target == 2u);
}

BOOST_AUTO_TEST_CASE(it_does_not_move_against_the_newest_evaluation) {
  BOOST_TEST(!up({3, 3, 3, 3, 3, 3, 3, 3, 3, 1}, 1, 9).is_carried);
  BOOST_TEST(!down({1, 1, 1, 1, 1, 1, 1, 1, 1, 2}, 2, 9).is_carried);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(core_fleet_rules)

ServiceSpec mixed(std::uint32_t base, std::uint32_t extra, bool has_fallback) {
  ServiceSpec spec;
  spec.resources.choices.resize(1);
  spec.resources.choices[0].use_spot = true;
  spec.replicas.base_ondemand_fallback_replicas = base;
  spec.replicas.num_overprovision = extra;
  spec.replicas.dynamic_ondemand_fallback = has_fallback;
  return spec;
}

BOOST_AUTO_TEST_CASE(pools_are_split_as_documented) {
  BOOST_TEST((split_pools(mixed(2, 0, false), 4, 0) == PoolSizes{2, 2, 0}));
  BOOST_TEST((split_pools(mixed(2, 1, false), 4, 0) == PoolSizes{2, 3, 0}));
  BOOST_TEST((split_pools(mixed(5, 0, false), 3, 0) == PoolSizes{5, 0, 0}));
  BOOST_TEST((split_pools(mixed(2, 1, true), 0, 0) == PoolSizes{}));
  // SpotHedge: O = min(N, N + E - ready spot)
  BOOST_TEST((split_pools(mixed(0, 1, true), 3, 0) == PoolSizes{0, 4, 3}));
  BOOST_TEST((split_pools(mixed(0, 1, true), 3, 2) == PoolSizes{0, 4, 2}));
  BOOST_TEST((split_pools(mixed(0, 1, true), 3, 4) == PoolSizes{0, 4, 0}));
  BOOST_TEST((split_pools(mixed(0, 1, true), 3, 9) == PoolSizes{0, 4, 0}));
  ServiceSpec plain = mixed(0, 1, true);
  plain.resources.choices[0].use_spot = false;
  BOOST_TEST((split_pools(plain, 3, 0) == PoolSizes{4, 0, 0}));
}

BOOST_AUTO_TEST_CASE(the_order_of_giving_up_is_as_documented) {
  const auto one = [](std::uint32_t id, Phase phase, bool is_outdated, std::int64_t price,
                      std::uint32_t in_flight) {
    return DownscaleCandidate{ReplicaId{id}, phase, is_outdated, {}, {price}, in_flight};
  };
  const std::vector<ReplicaId> order =
      downscale_order({one(1, Phase::ready, false, 10, 5), one(2, Phase::ready, false, 20, 9),
                       one(3, Phase::ready, true, 1, 9), one(4, Phase::not_ready, false, 1, 9),
                       one(5, Phase::pending, false, 1, 0), one(6, Phase::ready, false, 10, 2),
                       one(7, Phase::ready, false, 10, 2)});
  const std::vector<std::uint32_t> expected = {5, 4, 3, 2, 7, 6, 1};
  for (std::size_t i = 0; i < expected.size(); ++i) BOOST_TEST(order[i].value == expected[i]);
}

BOOST_AUTO_TEST_CASE(a_rolling_update_keeps_within_the_surge_and_never_below_what_is_wanted) {
  using V = RolloutView;
  const auto moves = [](V view) { return plan_rollout(view); };
  const auto rolling = UpdateMode::rolling;
  BOOST_TEST((moves({rolling, 1, 3, 0, 0, 3, 3}) == RolloutMoves{1, 0, 0}));
  BOOST_TEST((moves({rolling, 1, 3, 1, 0, 3, 3}) == RolloutMoves{0, 0, 0}));
  BOOST_TEST((moves({rolling, 1, 3, 1, 1, 3, 3}) == RolloutMoves{0, 0, 1}));
  BOOST_TEST((moves({rolling, 1, 3, 1, 0, 3, 1}) == RolloutMoves{0, 2, 0}));
  BOOST_TEST((moves({rolling, 0, 3, 0, 0, 3, 3}) == RolloutMoves{1, 0, 0}));
  const auto green = UpdateMode::blue_green;
  BOOST_TEST((moves({green, 1, 3, 0, 0, 3, 3}) == RolloutMoves{3, 0, 0}));
  BOOST_TEST((moves({green, 1, 3, 3, 2, 3, 3}) == RolloutMoves{0, 0, 0}));
  BOOST_TEST((moves({green, 1, 3, 3, 3, 3, 3}) == RolloutMoves{0, 0, 3}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::core
