#include "adapters/vm/call_budget.h"

#include <boost/test/unit_test.hpp>

namespace sky::adapters::vm {
namespace {

core::Instant at(std::int64_t ms) { return core::Instant(core::milliseconds(ms)); }

}  // namespace

BOOST_AUTO_TEST_SUITE(vm_call_budget)

BOOST_AUTO_TEST_CASE(a_burst_goes_at_once_and_the_rest_at_the_rate) {
  CallBudget budget({3, 2}, at(0));
  for (int i = 0; i < 3; ++i) BOOST_CHECK(budget.take(at(0)) == core::Duration{0});
  BOOST_CHECK(budget.take(at(0)) == core::milliseconds(500));
  BOOST_CHECK(budget.take(at(0)) == core::milliseconds(1000));
  BOOST_CHECK(budget.take(at(1000)) == core::milliseconds(500));
}

BOOST_AUTO_TEST_CASE(a_rest_fills_it_to_the_brim_and_not_beyond) {
  CallBudget budget({2, 10}, at(0));
  for (int i = 0; i < 2; ++i) (void)budget.take(at(0));
  for (int i = 0; i < 2; ++i) BOOST_CHECK(budget.take(at(60'000)) == core::Duration{0});
  BOOST_CHECK(budget.take(at(60'000)) > core::Duration{0});
}

BOOST_AUTO_TEST_CASE(a_word_from_the_cloud_empties_it) {
  CallBudget budget({50, 10}, at(0));
  budget.empty(at(0));
  BOOST_CHECK(budget.take(at(0)) == core::milliseconds(100));
}

BOOST_AUTO_TEST_CASE(a_clock_that_stands_still_gives_nothing) {
  CallBudget budget({1, 1}, at(5000));
  (void)budget.take(at(5000));
  BOOST_CHECK(budget.take(at(1000)) == core::seconds(1));
}

BOOST_AUTO_TEST_CASE(waits_are_anything_below_a_limit_that_doubles_and_ends) {
  for (std::uint32_t retries = 0; retries < 40; ++retries) {
    core::Duration longest{0};
    for (std::uint64_t draw = 0; draw < 2000; ++draw) {
      const core::Duration wait = jittered_wait(retries, draw * 0x9e3779b97f4a7c15);
      BOOST_CHECK(wait >= core::Duration{0});
      longest = std::max(longest, wait);
    }
    const core::Duration limit =
        std::min(first_retry_limit * (std::int64_t{1} << std::min(retries, 20U)), last_retry_limit);
    BOOST_CHECK(longest < limit);
    BOOST_CHECK(longest > limit * 9 / 10);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters::vm
