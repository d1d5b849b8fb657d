#include "events/commit_queue.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <mutex>
#include <optional>
#include <utility>

#include "core/check.h"

namespace sky::events {
namespace {

// How old the low-water file may get on the disk itself; the window in which bit rot of the newest
// commits can pass for a torn tail.
constexpr core::Duration settle_period = core::seconds(1);

}  // namespace

// Two queues between the loop and the background: entries to it, outcomes back.
class CommitQueue::Worker {
 public:
  Worker(Log& log, core::Scheduler& scheduler, OnCommit on_commit, OnFailure on_failure)
      : log_(log),
        scheduler_(scheduler),
        on_commit_(std::move(on_commit)),
        on_failure_(std::move(on_failure)),
        durable_(log.position().durable),
        settle_(scheduler.make_alarm()),
        self_(std::make_shared<Worker*>(this)),
        background_(scheduler.make_background()) {}

  ~Worker() { *self_ = nullptr; }

  // What one turn of the loop brings is one group: the first event of many, sent off at once, would
  // make the others wait for a commit of its own.
  void append(std::vector<core::Event> events, WhenDurable when_durable) {
    backlog_ += events.size();
    ++unfinished_;
    gathered_.push_back({std::move(events), std::move(when_durable)});
    if (gathered_.size() > 1) return;
    scheduler_.post([self = self_] {
      if (*self != nullptr) (*self)->hand_to_background();
    });
  }

  core::Result<void> flush() {
    while (!failure_ && unfinished_ > 0) {
      hand_to_background();
      background_->wait();
      deliver();
    }
    if (failure_) return *failure_;
    return {};
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

  // ---- in the background

  void commit_waiting() {
    std::deque<Entry> group;
    {
      const std::lock_guard guard(mutex_);
      group.swap(entries_);
    }
    if (!has_failed_) commit_all(std::move(group));
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
    }
    hand_over(std::move(outcome));
    return true;
  }

  void settle() {
    if (has_failed_) return;
    const auto settled = log_.settle();
    if (!settled) report(settled.error());
  }

  bool report(const core::Error& error) {
    has_failed_ = true;
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
    // May run after the queue is gone: `self` is then empty. Both are read on the loop thread only.
    scheduler_.post([self = self_] {
      if (*self != nullptr) (*self)->deliver();
    });
  }

  // ---- loop thread

  void hand_to_background() {
    if (gathered_.empty()) return;
    bool is_first = false;  // else a job that has not begun takes them along
    {
      const std::lock_guard guard(mutex_);
      is_first = entries_.empty();
      std::move(gathered_.begin(), gathered_.end(), std::back_inserter(entries_));
    }
    gathered_.clear();
    if (is_first) background_->run([this] { commit_waiting(); });
  }

  void deliver() {
    const auto self = self_;  // a callback may destroy the queue
    while (*self != nullptr && !failure_) {
      Outcome outcome;
      {
        const std::lock_guard guard(mutex_);
        if (outcomes_.empty()) return;
        outcome = std::move(outcomes_.front());
        outcomes_.pop_front();
      }
      unfinished_ -= outcome.callbacks.size();
      if (outcome.failure) {
        failure_ = outcome.failure;
        on_failure_(*outcome.failure);
        return;
      }
      if (outcome.last) {
        durable_ = outcome.last;
        backlog_ -= outcome.event_count;
        settle_soon();
        on_commit_(outcome.last, outcome.bytes);
      }
      for (const WhenDurable& callback : outcome.callbacks) {
        if (callback && *self != nullptr) callback();
      }
    }
  }

  // The first commit after a pause starts the second.
  void settle_soon() {
    if (settle_->is_active()) return;
    settle_->start(settle_period, [this] { background_->run([this] { settle(); }); });
  }

  Log& log_;
  core::Scheduler& scheduler_;
  const OnCommit on_commit_;
  const OnFailure on_failure_;

  // Loop thread.
  core::Seq durable_;
  std::size_t backlog_ = 0;
  std::size_t unfinished_ = 0;  // entries whose callback was not reached yet
  std::vector<Entry> gathered_;  // in this turn
  std::optional<core::Error> failure_;
  std::unique_ptr<core::Alarm> settle_;

  bool has_failed_ = false;  // background

  std::mutex mutex_;  // guards the two below
  std::deque<Entry> entries_;
  std::deque<Outcome> outcomes_;

  // The one shared pointer: a posted closure cannot be taken back, it must see that we are gone.
  const std::shared_ptr<Worker*> self_;
  std::unique_ptr<core::Background> background_;  // last: ends before all else does
};

CommitQueue::CommitQueue(Log& log, core::Scheduler& scheduler, OnCommit on_commit,
                         OnFailure on_failure)
    : worker_(
          std::make_unique<Worker>(log, scheduler, std::move(on_commit), std::move(on_failure))) {}

CommitQueue::~CommitQueue() = default;

void CommitQueue::append(std::vector<core::Event> events, WhenDurable when_durable) {
  worker_->append(std::move(events), std::move(when_durable));
}

core::Result<void> CommitQueue::flush() { return worker_->flush(); }

core::Seq CommitQueue::durable() const { return worker_->durable(); }

std::size_t CommitQueue::backlog() const { return worker_->backlog(); }

}  // namespace sky::events
