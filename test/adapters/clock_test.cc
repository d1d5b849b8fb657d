#include "adapters/clock.h"

#include <time.h>

#include <boost/test/unit_test.hpp>

namespace sky::adapters {

BOOST_AUTO_TEST_SUITE(adapters_clock)

BOOST_AUTO_TEST_CASE(the_log_clock_starts_at_wall_time_in_an_empty_log) {
  const auto before = wall_now().time_since_epoch();
  const Clock clock{core::Instant{}};
  const auto after = wall_now().time_since_epoch();

  const core::Stamp stamp = clock.now();

  BOOST_TEST((stamp.at.time_since_epoch() >= before));
  BOOST_TEST((stamp.at.time_since_epoch() <= after + core::seconds(5)));
  BOOST_TEST((stamp.wall.time_since_epoch() >= before));
}

BOOST_AUTO_TEST_CASE(the_log_clock_continues_behind_a_log_from_the_future) {
  const core::Instant newest(wall_now().time_since_epoch() + core::seconds(3600));
  const Clock clock(newest);

  core::Instant last = clock.now().at;
  BOOST_TEST((last >= newest));
  BOOST_TEST((last < newest + core::seconds(5)));
  for (int i = 0; i < 1000; ++i) {
    const core::Instant now = clock.now().at;
    BOOST_REQUIRE((now >= last));
    last = now;
  }
  BOOST_TEST((clock.now().wall.time_since_epoch() < last.time_since_epoch()));
}

BOOST_AUTO_TEST_CASE(the_log_clock_advances_with_real_time) {
  const Clock clock{core::Instant{}};
  const core::Instant before = clock.now().at;

  const timespec pause{0, 20'000'000};
  nanosleep(&pause, nullptr);

  const core::Duration passed = clock.now().at - before;
  BOOST_TEST((passed >= core::milliseconds(20)));
  BOOST_TEST((passed < core::seconds(5)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters
