#include "lb/deadlines.h"

#include <algorithm>

namespace sky::lb {

Deadline::~Deadline() { unlink(); }

void Deadline::unlink() {
  if (next == nullptr) return;
  next->previous = previous;
  previous->next = next;
  next = previous = nullptr;
  --wheel_->linked_;
}

void Deadline::set(core::Duration after) {
  const auto after_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(after.count(), 0) / 1000);
  due_ms_ = uv_now(wheel_->reactor_.loop()) + after_ms + 1;
  const bool looked_at_in_time = next != nullptr && slot_ms_ <= due_ms_;
  if (looked_at_in_time) return;
  unlink();
  wheel_->link(*this);
}

Deadlines::Deadlines(adapters::Reactor& reactor) : reactor_(reactor), timer_(reactor) {
  for (DeadlineLink& head : slots_) head.next = head.previous = &head;
}

void Deadlines::link(Deadline& deadline) {
  if (linked_++ == 0) {
    uv_update_time(reactor_.loop());
    done_slot_ = uv_now(reactor_.loop()) / slot_width_ms;
    timer_.start_repeating(core::milliseconds(slot_width_ms), [this] { on_tick(); });
  }
  // Rounded up: a slot runs when its whole width is over. Far ones are looked at once per turn.
  const std::uint64_t wanted = deadline.due_ms_ / slot_width_ms + 1;
  const std::uint64_t slot = std::clamp(wanted, done_slot_ + 1, done_slot_ + slot_count - 1);
  deadline.slot_ms_ = slot * slot_width_ms;
  DeadlineLink& head = slots_[slot % slot_count];
  deadline.next = &head;
  deadline.previous = head.previous;
  head.previous->next = &deadline;
  head.previous = &deadline;
}

void Deadlines::on_tick() {
  const std::uint64_t now_slot = uv_now(reactor_.loop()) / slot_width_ms;
  const std::uint64_t first =
      std::max(done_slot_ + 1, now_slot - std::min(now_slot, std::uint64_t{slot_count}));
  for (std::uint64_t slot = first; slot <= now_slot; ++slot) {
    done_slot_ = slot;
    run_slot(slot);
  }
  if (linked_ == 0) timer_.stop();
}

void Deadlines::run_slot(std::uint64_t slot) {
  // Taken out first: owners may set, clear and destroy any deadline meanwhile.
  DeadlineLink& head = slots_[slot % slot_count];
  if (head.next == &head) return;
  DeadlineLink taken;
  taken.next = head.next;
  taken.previous = head.previous;
  taken.next->previous = taken.previous->next = &taken;
  head.next = head.previous = &head;

  const std::uint64_t now_ms = uv_now(reactor_.loop());
  while (taken.next != &taken) {
    Deadline& deadline = *static_cast<Deadline*>(taken.next);
    deadline.unlink();
    if (deadline.due_ms_ == 0) continue;
    if (deadline.due_ms_ > now_ms) {
      link(deadline);
      continue;
    }
    deadline.due_ms_ = 0;
    deadline.owner_->on_deadline(deadline);
  }
}

}  // namespace sky::lb
