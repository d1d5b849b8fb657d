// A load on a trace: the autoscaler's targets and what requests meet.
#include <boost/test/unit_test.hpp>

#include "projections/simulation/load_series.h"
#include "projections/simulation/request_queue.h"

namespace sky::projections {
namespace {

using core::seconds;
namespace tools = boost::test_tools;

core::ReplicaPolicy policy(std::uint32_t most) {
  core::ReplicaPolicy made;
  made.min_replicas = 1;
  made.max_replicas = most;
  made.target_qps_per_replica = core::MilliRps{1000};
  return made;
}

// One request for each second of a minute, times `rate`.
LoadSeries minutes(std::vector<std::uint64_t> rates) {
  LoadSeries load;
  for (const std::uint64_t rate : rates) load.requests.push_back(rate * 60);
  return load;
}

ReadySpan serving(core::Duration from, std::uint32_t ready, std::uint32_t taken = 0) {
  return {.begin = from, .spot = {ready}, .on_demand = 0, .taken = taken};
}

BOOST_AUTO_TEST_SUITE(projections_load)

BOOST_AUTO_TEST_CASE(the_target_follows_the_load_after_the_delays_and_within_the_limits) {
  std::vector<std::uint64_t> rates(60, 1);
  for (std::size_t minute = 10; minute < 30; ++minute) rates[minute] = 9;
  const auto changes = follow_load(minutes(rates), policy(6), seconds(3600));
  BOOST_REQUIRE_EQUAL(changes.size(), 3u);
  BOOST_TEST(changes[0].target == 1u);
  BOOST_TEST(changes[1].target == 6u);
  BOOST_TEST((changes[1].at >= seconds(600 + 300) && changes[1].at <= seconds(600 + 420)));
  BOOST_TEST(changes[2].target == 1u);
  BOOST_TEST((changes[2].at >= seconds(1800 + 1200) && changes[2].at <= seconds(1800 + 1320)));
}

BOOST_AUTO_TEST_CASE(erlangs_formula_has_its_published_values) {
  BOOST_TEST(erlang_c(1, 0.5) == 0.5, tools::tolerance(1e-12));
  BOOST_TEST(erlang_c(2, 1.0) == 1.0 / 3, tools::tolerance(1e-12));
  BOOST_TEST(erlang_c(10, 8.0) == 0.4092, tools::tolerance(1e-3));
  BOOST_TEST(erlang_c(4, 4.0) == 1.0);
}

BOOST_AUTO_TEST_CASE(one_server_half_used_makes_requests_wait_as_long_as_they_run) {
  const LoadSeries load{seconds(60), {3}};  // 0.05 a second, 10 s each
  RequestQueue queue({}, load, seconds(0));
  queue.serve(serving(seconds(0), 1));
  const RequestScore score = queue.finish(seconds(360'000));
  BOOST_TEST(score.arrived == 18'000.0, tools::tolerance(1e-6));
  BOOST_TEST(score.waited == 9'000.0, tools::tolerance(1e-6));
  BOOST_TEST(static_cast<double>(score.mean.count()) / 1e6 == 20.0, tools::tolerance(0.05));
}

BOOST_AUTO_TEST_CASE(while_nothing_is_ready_requests_wait_and_the_impatient_fail) {
  const LoadSeries load = minutes({1});
  RequestQueue queue({seconds(10), 100, seconds(100)}, load, seconds(0));
  queue.serve(serving(seconds(0), 1));
  queue.serve(serving(seconds(1000), 0, 1));  // 10 are running then
  queue.serve(serving(seconds(1300), 1));
  const RequestScore score = queue.finish(seconds(2000));
  BOOST_TEST(score.failed == 10 + 200.0, tools::tolerance(0.02));
  BOOST_TEST(score.waited == 310.0, tools::tolerance(0.1));
}

BOOST_AUTO_TEST_CASE(no_request_is_lost_count_of) {
  const LoadSeries load = minutes({1, 5, 0, 9, 2});
  for (const std::uint32_t ready : {0U, 1U, 3U, 50U}) {
    RequestQueue queue({seconds(2), 2, seconds(30)}, load, seconds(0));
    queue.serve(serving(seconds(0), ready));
    const RequestScore score = queue.finish(seconds(30'000));
    BOOST_TEST(score.arrived == 17.0 * 60 * 100, tools::tolerance(1e-9));
    BOOST_TEST(score.failed <= score.waited + 1e-6);
    if (ready == 0) BOOST_TEST(score.failed == score.arrived, tools::tolerance(0.01));
    if (ready == 50) BOOST_TEST(score.failed == 0.0);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::projections
