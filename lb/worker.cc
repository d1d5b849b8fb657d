#include "lb/worker.h"

#include <chrono>
#include <cstring>
#include <utility>

namespace sky::lb {
namespace {

constexpr std::uint64_t each_byte(std::uint64_t value) { return 0x0101010101010101U * value; }

// Hexadecimal, the digits of 32 bits at once: each nibble in a byte of its own, then 'a' to 'f'
// moved behind '9'.
std::uint64_t eight_digits(std::uint64_t bits) {
  bits = (bits | bits << 16) & 0x0000ffff0000ffffU;
  bits = (bits | bits << 8) & 0x00ff00ff00ff00ffU;
  bits = (bits | bits << 4) & each_byte(0x0f);
  const std::uint64_t is_letter = (bits + each_byte(6)) >> 4 & each_byte(1);
  return bits + each_byte('0') + is_letter * ('a' - '0' - 10);
}

}  // namespace

Worker::Worker(adapters::Reactor& reactor, const Limits& limits_in, SharedByLoops& shared_in,
               std::size_t index_in)
    : limits(limits_in),
      shared(shared_in),
      index(index_in),
      deadlines(reactor),
      access_log(shared.log_file),
      reactor_(reactor) {
  uv_random(nullptr, nullptr, &request_seed_, sizeof request_seed_, 0, nullptr);
  set_wall_offset();
  uv_prepare_init(reactor.loop(), before_wait_.get());
  before_wait_->data = this;
  uv_prepare_start(before_wait_.get(), [](uv_prepare_t* prepare) {
    auto* self = static_cast<Worker*>(prepare->data);
    if (self != nullptr) self->begin_callback();  // what a timer read is old by then
  });
  uv_unref(before_wait_.base());
  uv_check_init(reactor.loop(), end_of_turn_.get());
  end_of_turn_->data = this;
  uv_check_start(end_of_turn_.get(), [](uv_check_t* check) {
    auto* self = static_cast<Worker*>(check->data);
    if (self == nullptr) return;
    self->begin_callback();
    if (!self->graveyard_.empty()) {
      const auto dead = std::exchange(self->graveyard_, {});
    }
  });
  uv_unref(end_of_turn_.base());
}

Worker::~Worker() {
  while (!graveyard_.empty()) const auto dead = std::exchange(graveyard_, {});
}

void Worker::bury(std::unique_ptr<Mortal> body) { graveyard_.push_back(std::move(body)); }

char* Worker::write_id(char* out) {
  // splitmix64's finaliser: consecutive numbers become unlike ones, and never the same twice.
  std::uint64_t mixed = request_seed_ + ++request_count_ * 0x9e3779b97f4a7c15U;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
  mixed ^= mixed >> 31;
  for (const std::uint64_t half : {mixed & 0xffffffff, mixed >> 32}) {
    const std::uint64_t digits = eight_digits(half);
    std::memcpy(out, &digits, sizeof digits);
    out += sizeof digits;
  }
  return out;
}

void Worker::set_wall_offset() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  read_clock();
  wall_offset_ = std::chrono::duration_cast<core::Duration>(since_epoch) - core::Duration(now_us_);
}

}  // namespace sky::lb
