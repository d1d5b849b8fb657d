// Group commit and the output gate.
//
// Whatever is appended in one turn of the loop, or while a commit is in flight, forms the next
// group. The callbacks run on the loop thread, in order, after their events are durable: effects,
// replies and followers wait in them. There is no timer: an idle system commits each event at once.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/event.h"
#include "core/result.h"
#include "core/scheduler.h"
#include "events/log.h"

namespace sky::events {

class CommitQueue {
 public:
  using WhenDurable = std::function<void()>;
  using OnCommit = std::function<void(core::Seq last, const std::string& commit_bytes)>;
  using OnFailure = std::function<void(const core::Error&)>;  // the process must end

  // `log` and `scheduler` must outlive the queue. Commits run in a background of its own.
  CommitQueue(Log& log, core::Scheduler& scheduler, OnCommit on_commit, OnFailure on_failure);
  ~CommitQueue();  // waits for the commit in flight; callbacks that did not run yet never do
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;

  // Loop thread. With no events, `when_durable` still waits for all earlier ones.
  void append(std::vector<core::Event> events, WhenDurable when_durable);

  // Loop thread: returns when everything appended so far is durable and its callbacks ran.
  core::Result<void> flush();

  core::Seq durable() const;  // loop thread
  std::size_t backlog() const;  // events not durable yet

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace sky::events
