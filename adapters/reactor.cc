#include "adapters/reactor.h"

#include <utility>

#include "adapters/background_thread.h"
#include "core/check.h"

namespace sky::adapters {

Reactor::Reactor() {
  SKY_CHECK(uv_loop_init(&loop_) == 0, "a process can always make an event loop");
  uv_async_init(&loop_, wake_.get(), [](uv_async_t* async) {
    if (async->data != nullptr) static_cast<Reactor*>(async->data)->run_posted();
  });
  wake_->data = this;
}

Reactor::~Reactor() {
  wake_.reset();
  // Lets close callbacks free their handles. A stop() that nobody ran after ends the first round.
  do uv_run(&loop_, UV_RUN_DEFAULT);
  while (uv_loop_alive(&loop_) != 0);
  SKY_CHECK(uv_loop_close(&loop_) == 0, "every handle is destroyed before its reactor");
}

void Reactor::run() { uv_run(&loop_, UV_RUN_DEFAULT); }

void Reactor::stop() { uv_stop(&loop_); }

void Reactor::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(task));
  }
  uv_async_send(wake_.get());
}

std::unique_ptr<core::Alarm> Reactor::make_alarm() { return std::make_unique<Timer>(*this); }

std::unique_ptr<core::Background> Reactor::make_background() {
  return std::make_unique<BackgroundThread>();
}

void Reactor::run_posted() {
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(posted_);
  }
  for (auto& task : tasks) task();
}

Timer::Timer(Reactor& reactor) : task_(std::make_unique<std::function<void()>>()) {
  uv_timer_init(reactor.loop(), handle_.get());
  handle_->data = task_.get();
}

void Timer::start(core::Duration after, std::function<void()> task) {
  arm(after, core::Duration{0}, std::move(task));
}

void Timer::start_repeating(core::Duration every, std::function<void()> task) {
  arm(every, every, std::move(task));
}

void Timer::stop() { uv_timer_stop(handle_.get()); }

bool Timer::is_active() const { return uv_is_active(handle_.base()) != 0; }

void Timer::arm(core::Duration after, core::Duration every, std::function<void()> task) {
  *task_ = std::move(task);
  // libuv counts in milliseconds; rounding up, so that a timer never fires early.
  const auto to_ms = [](core::Duration duration) {
    return duration.count() <= 0 ? std::uint64_t{0}
                                 : static_cast<std::uint64_t>((duration.count() + 999) / 1000);
  };
  uv_update_time(handle_->loop);
  uv_timer_start(
      handle_.get(),
      [](uv_timer_t* timer) {
        if (timer->data == nullptr) return;
        const auto due = *static_cast<std::function<void()>*>(timer->data);  // may restart itself
        due();
      },
      to_ms(after), to_ms(every));
}

}  // namespace sky::adapters
