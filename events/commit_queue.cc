#include "events/commit_queue.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "core/check.h"

namespace sky::events {
namespace {

using Clock = std::chrono::steady_clock;

// How old the low-water file may get on the disk itself; the window in which bit rot of the newest
// commits can pass for a torn tail.
constexpr std::chrono::seconds settle_period{1};

}  // namespace

// Two queues between two threads: entries to the commit thread, outcomes back to the loop.
class CommitQueue::Worker {
 public:
  Worker(Log& log, Post post, OnCommit on_commit, OnFailure on_failure)
      : log_(log),
        post_(std::move(post)),
        on_commit_(std::move(on_commit)),
        on_failure_(std::move(on_failure)),
        durable_(log.position().durable),
        self_(std::make_shared<Worker*>(this)),
        thread_([this] { run(); }) {}

  ~Worker() {
    *self_ = nullptr;
    {
      const std::lock_guard guard(mutex_);
      is_stopping_ = true;
    }
    work_arrived_.notify_one();
    thread_.join();
  }

  void append(std::vector<core::Event> events, WhenDurable when_durable) {
    backlog_ += events.size();
    {
      const std::lock_guard guard(mutex_);
      entries_.push_back({std::move(events), std::move(when_durable)});
      ++unfinished_;
    }
    work_arrived_.notify_one();
  }

  core::Result<void> flush() {
    while (!failure_) {
      {
        std::unique_lock lock(mutex_);
        outcome_arrived_.wait(lock, [this] { return !outcomes_.empty() || unfinished_ == 0; });
        if (outcomes_.empty()) return {};
      }
      deliver();
    }
    return *failure_;
  }

  core::Seq durable() const { return durable_; }
  std::size_t backlog() const { return backlog_; }

 private:
  struct Entry {
    std::vector<core::Event> events;
    WhenDurable when_durable;
  };
  // One commit that became durable, or the failure that ends all.
  struct Outcome {
    core::Seq last;  // zero: no events, only callbacks
    std::size_t event_count = 0;
    std::string bytes;
    std::vector<WhenDurable> callbacks;
    std::optional<core::Error> failure;
  };

  // ---- commit thread

  void run() {
    while (true) {
      std::deque<Entry> group;
      {
        std::unique_lock lock(mutex_);
        const auto has_work = [this] { return is_stopping_ || !entries_.empty(); };
        if (!is_settled_) {
          work_arrived_.wait_until(lock, settled_at_ + settle_period, has_work);
        } else {
          work_arrived_.wait(lock, has_work);
        }
        if (is_stopping_) return;
        group.swap(entries_);
      }
      if (!commit_all(std::move(group)) || !settle_when_due()) return;
    }
  }

  bool commit_all(std::deque<Entry> group) {
    std::vector<core::Event> waiting;  // of the commit being put together
    std::vector<WhenDurable> callbacks;  // whose events are all in it or before it
    std::size_t size = 0;
    for (Entry& entry : group) {
      for (core::Event& event : entry.events) {
        const std::size_t event_size = approximate_bytes(event);
        const bool is_full = waiting.size() == max_events_per_commit ||
                             (!waiting.empty() && size + event_size > max_commit_bytes);
        if (is_full && !commit(std::exchange(waiting, {}), std::exchange(callbacks, {}))) {
          return false;
        }
        if (is_full) size = 0;
        size += event_size;
        waiting.push_back(std::move(event));
      }
      callbacks.push_back(std::move(entry.when_durable));
    }
    return commit(std::move(waiting), std::move(callbacks));
  }

  bool commit(std::vector<core::Event> events, std::vector<WhenDurable> callbacks) {
    Outcome outcome;
    outcome.event_count = events.size();
    outcome.callbacks = std::move(callbacks);
    if (!events.empty()) {
      outcome.last = events.back().seq;
      auto bytes = log_.append(events);
      if (!bytes) return report(bytes.error());
      outcome.bytes = std::move(*bytes);
      if (is_settled_)
        settled_at_ = Clock::now();  // the first commit after a pause starts the second
      is_settled_ = false;
    }
    hand_over(std::move(outcome));
    return true;
  }

  bool settle_when_due() {
    if (is_settled_ || Clock::now() < settled_at_ + settle_period) return true;
    const auto settled = log_.settle();
    if (!settled) return report(settled.error());
    is_settled_ = true;
    return true;
  }

  bool report(const core::Error& error) {
    Outcome outcome;
    outcome.failure = error;
    hand_over(std::move(outcome));
    return false;
  }

  void hand_over(Outcome outcome) {
    {
      const std::lock_guard guard(mutex_);
      outcomes_.push_back(std::move(outcome));
    }
    outcome_arrived_.notify_one();
    // May run after the queue is gone: `self` is then empty. Both are read on the loop thread only.
    post_([self = self_] {
      if (*self != nullptr) (*self)->deliver();
    });
  }

  // ---- loop thread

  void deliver() {
    const auto self = self_;  // a callback may destroy the queue
    while (*self != nullptr && !failure_) {
      Outcome outcome;
      {
        const std::lock_guard guard(mutex_);
        if (outcomes_.empty()) return;
        outcome = std::move(outcomes_.front());
        outcomes_.pop_front();
        unfinished_ -= outcome.callbacks.size();
      }
      if (outcome.failure) {
        failure_ = outcome.failure;
        on_failure_(*outcome.failure);
        return;
      }
      if (outcome.last) {
        durable_ = outcome.last;
        backlog_ -= outcome.event_count;
        on_commit_(outcome.last, outcome.bytes);
      }
      for (const WhenDurable& callback : outcome.callbacks) {
        if (callback && *self != nullptr) callback();
      }
    }
  }

  Log& log_;
  const Post post_;
  const OnCommit on_commit_;
  const OnFailure on_failure_;

  // Loop thread.
  core::Seq durable_;
  std::size_t backlog_ = 0;
  std::optional<core::Error> failure_;

  // Commit thread.
  bool is_settled_ = true;
  Clock::time_point settled_at_{};

  std::mutex mutex_;  // guards the five below
  std::condition_variable work_arrived_;
  std::condition_variable outcome_arrived_;
  std::deque<Entry> entries_;
  std::deque<Outcome> outcomes_;
  std::size_t unfinished_ = 0;  // entries whose callback was not reached yet
  bool is_stopping_ = false;

  // The one shared pointer: a posted closure cannot be taken back, it must see that we are gone.
  const std::shared_ptr<Worker*> self_;
  std::thread thread_;  // last: starts when all else is there
};

CommitQueue::CommitQueue(Log& log, Post post, OnCommit on_commit, OnFailure on_failure)
    : worker_(std::make_unique<Worker>(log, std::move(post), std::move(on_commit),
                                       std::move(on_failure))) {}

CommitQueue::~CommitQueue() = default;

void CommitQueue::append(std::vector<core::Event> events, WhenDurable when_durable) {
  worker_->append(std::move(events), std::move(when_durable));
}

core::Result<void> CommitQueue::flush() { return worker_->flush(); }

core::Seq CommitQueue::durable() const { return worker_->durable(); }

std::size_t CommitQueue::backlog() const { return worker_->backlog(); }

}  // namespace sky::events
