// Coarse deadlines for many connections: a wheel of 100 ms slots on one timer.
//
// Setting and moving one costs no system call and no allocation: a deadline that moves later, or is
// cleared, stays where it is and is looked at again when its slot comes. Up to two slots late,
// never early. Loop thread. The timer runs only while something waits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "adapters/reactor.h"
#include "core/time.h"

namespace sky::lb {

class Deadline;
class Deadlines;

class DeadlineOwner {
 public:
  virtual ~DeadlineOwner() = default;
  virtual void on_deadline(Deadline& which) = 0;  // may destroy it
};

struct DeadlineLink {  // of a ring
  DeadlineLink* next = nullptr;
  DeadlineLink* previous = nullptr;
};

class Deadline : private DeadlineLink {
 public:
  Deadline(Deadlines& wheel, DeadlineOwner& owner) : wheel_(&wheel), owner_(&owner) {}
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void set(core::Duration after);
  void clear() { due_ms_ = 0; }
  bool is_set() const { return due_ms_ != 0; }

 private:
  friend class Deadlines;
  void unlink();

  Deadlines* wheel_ = nullptr;
  DeadlineOwner* owner_ = nullptr;
  std::uint64_t due_ms_ = 0;  // 0: off
  std::uint64_t slot_ms_ = 0;  // when its slot comes
};

class Deadlines {
 public:
  explicit Deadlines(adapters::Reactor& reactor);
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;

 private:
  friend class Deadline;
  static constexpr std::uint64_t slot_width_ms = 100;
  static constexpr std::size_t slot_count = 256;

  void link(Deadline& deadline);
  void on_tick();
  void run_slot(std::uint64_t slot);

  adapters::Reactor& reactor_;
  adapters::Timer timer_;
  std::array<DeadlineLink, slot_count> slots_;  // ring heads
  std::uint64_t done_slot_ = 0;  // every slot up to here has run
  std::size_t linked_ = 0;
};

}  // namespace sky::lb
