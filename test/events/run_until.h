// Runs a loop until something is so; a test that waits longer than its patience fails.
#pragma once

#include <boost/test/unit_test.hpp>
#include <functional>

#include "adapters/reactor.h"

namespace sky::events {

inline void run_until(adapters::Reactor& reactor, core::Duration patience,
                      const std::function<bool()>& is_done) {
  adapters::Timer deadline(reactor);
  adapters::Timer poll(reactor);
  bool is_late = false;
  deadline.start(patience, [&] { is_late = true, reactor.stop(); });
  poll.start_repeating(core::milliseconds(1), [&] {
    if (is_done()) reactor.stop();
  });
  reactor.run();
  BOOST_TEST_REQUIRE(!is_late);
}

}  // namespace sky::events
