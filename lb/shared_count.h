// A count that several loops change, exact at every moment. Any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace sky::lb {

// Sequentially consistent on purpose: who leaves looks whether somebody waits, who waits looks
// whether somebody left, and one of the two must see the other.
class SharedCount {
 public:
  std::uint32_t value() const { return value_.load(); }
  std::uint32_t add() { return value_.fetch_add(1) + 1; }  // what it is then
  std::uint32_t remove() { return value_.fetch_sub(1) - 1; }
  bool try_add(std::uint32_t limit) {  // false: it would be more than that
    std::uint32_t now = value_.load();
    while (now < limit) {
      if (value_.compare_exchange_weak(now, now + 1)) return true;
    }
    return false;
  }

 private:
  std::atomic<std::uint32_t> value_{0};
};

}  // namespace sky::lb
