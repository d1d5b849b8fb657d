// Generated contents for every core type that the log or the balancer's table can hold: each member
// gets a value of its own, so that a member the codec forgets does not come back equal.
#pragma once

#include <cstdint>
#include <random>

#include "core/event.h"
#include "core/routing.h"

namespace sky::events {

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  // The body with index `which` of core::EventBody.
  core::Event event(std::size_t which, core::Seq seq);
  core::RoutingSnapshot table();

  template <class Number>
  Number number() {
    return static_cast<Number>(random_());
  }
  std::size_t below(std::size_t limit) { return random_() % limit; }

 private:
  std::mt19937_64 random_;
};

}  // namespace sky::events
