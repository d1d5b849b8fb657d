#include "lb/worker.h"

#include <array>
#include <chrono>
#include <utility>

namespace sky::lb {

Worker::Worker(adapters::Reactor& reactor, const Limits& limits_in,
               std::filesystem::path access_log_path)
    : limits(limits_in),
      deadlines(reactor),
      access_log(std::move(access_log_path)),
      reactor_(reactor) {
  uv_random(nullptr, nullptr, &request_seed_, sizeof request_seed_, 0, nullptr);
  uv_check_init(reactor.loop(), end_of_turn_.get());
  end_of_turn_->data = this;
  uv_check_start(end_of_turn_.get(), [](uv_check_t* check) {
    auto* self = static_cast<Worker*>(check->data);
    if (self != nullptr && !self->graveyard_.empty()) {
      const auto dead = std::exchange(self->graveyard_, {});
    }
  });
  uv_unref(end_of_turn_.base());
}

Worker::~Worker() {
  while (!graveyard_.empty()) const auto dead = std::exchange(graveyard_, {});
}

void Worker::bury(std::unique_ptr<Mortal> body) { graveyard_.push_back(std::move(body)); }

void Worker::append_id(std::string& out) {
  // splitmix64's finaliser: consecutive numbers become unlike ones, and never the same twice.
  std::uint64_t mixed = request_seed_ + ++request_count_ * 0x9e3779b97f4a7c15U;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
  mixed ^= mixed >> 31;
  std::array<char, 16> digits;
  for (char& digit : digits) {
    digit = "0123456789abcdef"[mixed & 15];
    mixed >>= 4;
  }
  out.append(digits.data(), digits.size());
}

core::Duration Worker::now() const {
  return core::Duration(static_cast<std::int64_t>(uv_hrtime() / 1000));
}

core::WallTime Worker::wall() const {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return core::WallTime(std::chrono::duration_cast<core::Duration>(since_epoch));
}

}  // namespace sky::lb
