#include "test/sim/process.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

namespace sky::sim {
namespace {

// Like libuv's timers: whole milliseconds, never early.
core::Duration rounded_up(core::Duration wait) {
  return core::milliseconds((std::max<std::int64_t>(wait.count(), 0) + 999) / 1000);
}

class SimAlarm final : public core::Alarm {
 public:
  explicit SimAlarm(Process& process) : process_(process) {}
  ~SimAlarm() override { stop(); }

  void start(core::Duration after, std::function<void()> task) override {
    arm(rounded_up(after), {}, std::move(task));
  }
  void start_repeating(core::Duration every, std::function<void()> task) override {
    arm(rounded_up(every), rounded_up(every), std::move(task));
  }
  void stop() override {
    if (entry_) process_.agenda().cancel(*entry_);
    entry_.reset();
  }
  bool is_active() const override { return entry_.has_value(); }

 private:
  void arm(core::Duration after, core::Duration every, std::function<void()> task) {
    stop();
    if (process_.random().per_mille(process_.conditions().lost_alarms_per_mille)) return;
    task_ = std::move(task);
    schedule(after, every);
  }
  void schedule(core::Duration after, core::Duration every) {
    entry_ = process_.later(after, [this, every] {
      entry_.reset();
      const auto task = task_;  // may restart or destroy this
      if (every > core::Duration{0}) schedule(every, every);
      task();
    });
  }

  Process& process_;
  std::function<void()> task_;
  std::optional<Agenda::Id> entry_;
};

class SimBackground final : public core::Background {
 public:
  explicit SimBackground(Process& process) : process_(process) {}
  ~SimBackground() override {
    if (entry_) process_.agenda().cancel(*entry_);
  }

  void run(std::function<void()> job) override {
    jobs_.push_back(std::move(job));
    if (!entry_) schedule();
  }
  void wait() override {
    while (!jobs_.empty()) run_first();
    if (entry_) process_.agenda().cancel(*entry_);
    entry_.reset();
  }

 private:
  void schedule() {
    Random& random = process_.random();
    const core::Duration usual = random.between(core::Duration(100), core::milliseconds(4));
    const core::Duration slow = random.between(usual, usual + process_.conditions().slowest_job);
    entry_ = process_.later(random.percent(2) ? slow : usual, [this] {
      entry_.reset();
      run_first();
      if (!jobs_.empty() && !entry_) schedule();
    });
  }
  void run_first() {
    const auto job = std::move(jobs_.front());
    jobs_.pop_front();
    job();
  }

  Process& process_;
  std::deque<std::function<void()>> jobs_;
  std::optional<Agenda::Id> entry_;
};

}  // namespace

Process::Process(Agenda& agenda, std::uint64_t seed, const ProcessConditions& conditions,
                 std::function<void()> on_death)
    : agenda_(agenda),
      random_(seed),
      conditions_(conditions),
      on_death_(std::move(on_death)),
      is_alive_(std::make_shared<bool>(true)) {}

Process::~Process() { *is_alive_ = false; }

void Process::post(std::function<void()> task) { later(core::Duration{0}, std::move(task)); }

std::unique_ptr<core::Alarm> Process::make_alarm() { return std::make_unique<SimAlarm>(*this); }

std::unique_ptr<core::Background> Process::make_background() {
  return std::make_unique<SimBackground>(*this);
}

void Process::edge() {
  if (++edges_ == conditions_.dies_at_edge) throw ProcessDied{};
}

Agenda::Id Process::later(core::Duration wait, std::function<void()> task) {
  return agenda_.after(wait, [this, alive = is_alive_, task = std::move(task)] {
    if (*alive) run(task);
  });
}

bool Process::run(const std::function<void()>& task) {
  if (!*is_alive_) return false;
  try {
    task();
  } catch (const ProcessDied&) {
    die();
    return false;
  }
  if (*is_alive_ && after_task) after_task();
  return *is_alive_;
}

void Process::kill() { die(); }

void Process::die() {
  if (!std::exchange(*is_alive_, false)) return;
  on_death_();
}

}  // namespace sky::sim
