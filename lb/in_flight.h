// Exact counts of the requests a replica works on: of one loop, and of all of them.
//
// A request is counted by holding a token; letting go of it, on whatever path, is the only way to
// lower the count, and a token cannot be copied. Keyed by the replica, never by its address.
#pragma once

#include <cstdint>
#include <utility>

#include "lb/shared_count.h"

namespace sky::lb {

class InFlight {
 public:
  class Observer {
   public:
    virtual ~Observer() = default;
    virtual void on_none_in_flight() = 0;  // called when the last token is let go
    virtual void on_left() {}  // called when any is, before that
  };

  class Token {
   public:
    Token() = default;
    Token(Token&& other) noexcept : counter_(std::exchange(other.counter_, nullptr)) {}
    Token& operator=(Token&& other) noexcept {
      if (this == &other) return *this;
      release();
      counter_ = std::exchange(other.counter_, nullptr);
      return *this;
    }
    ~Token() { release(); }
    void release() {
      InFlight* counter = std::exchange(counter_, nullptr);
      if (counter != nullptr) counter->leave();
    }
    explicit operator bool() const { return counter_ != nullptr; }

   private:
    friend class InFlight;
    explicit Token(InFlight& counter) : counter_(&counter) {}
    InFlight* counter_ = nullptr;
  };

  explicit InFlight(Observer& observer) : observer_(observer), total_(own_total_) {}
  // Counts into `total` too, which other loops do as well and which outlives this.
  InFlight(Observer& observer, SharedCount& total) : observer_(observer), total_(total) {}
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

  // The counter outlives its tokens.
  Token enter() {
    total_.add();
    ++count_;
    return Token(*this);
  }
  Token try_enter(std::uint32_t limit) {  // empty: there are that many, on all loops
    if (!total_.try_add(limit)) return {};
    ++count_;
    return Token(*this);
  }
  std::uint32_t count() const { return count_; }  // of this loop
  std::uint32_t total() const { return total_.value(); }

 private:
  void leave() {
    --count_;
    total_.remove();
    observer_.on_left();
    if (count_ == 0) observer_.on_none_in_flight();
  }

  Observer& observer_;
  SharedCount own_total_;  // unless there is a shared one
  SharedCount& total_;
  std::uint32_t count_ = 0;
};

}  // namespace sky::lb
