// Events at an even rate through the real commit queue on the real loop, as the daemon has them;
// and a log that remembers when it acknowledged what.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "adapters/reactor.h"
#include "events/commit_queue.h"
#include "events/log.h"

namespace sky::bench {

// Stands before a log and notes, on the commit thread, the instant of each acknowledgement.
class TimedLog final : public events::Log {
 public:
  // Events up to `last` will be appended.
  TimedLog(std::unique_ptr<events::Log> inner, std::uint64_t last);

  const core::LogId& id() const override { return inner_->id(); }
  std::uint64_t epoch() const override { return inner_->epoch(); }
  core::Seq repaired_after() const override { return inner_->repaired_after(); }
  events::Position position() const override { return inner_->position(); }
  core::Result<std::string> append(std::span<const core::Event> events) override;
  core::Result<void> settle() override { return inner_->settle(); }
  core::Result<void> read(core::Seq from, const events::CommitVisitor& visit) const override {
    return inner_->read(from, visit);
  }

  std::int64_t acknowledged_ns(std::uint64_t seq) const { return acknowledged_ns_.at(seq); }
  double commit_thread_cpu() const { return commit_thread_cpu_; }  // seconds, at the last append

 private:
  const std::unique_ptr<events::Log> inner_;
  std::vector<std::int64_t> acknowledged_ns_;  // by sequence; read when the queue is idle
  std::atomic<double> commit_thread_cpu_ = 0;
};

struct PacedRun {
  std::vector<double> latency_ms;  // of each event: from when it was due to its callback
  double cores = 0;  // CPU time of this process by wall time
  double commit_thread_cpu = 0;  // seconds
};

// One event per append, `per_millisecond` of them each millisecond, for `milliseconds`. What is
// late counts as late: the next ones do not wait for it. Runs the reactor.
PacedRun run_paced(adapters::Reactor& reactor, events::CommitQueue& queue, TimedLog& log,
                   std::size_t per_millisecond, std::size_t milliseconds);

}  // namespace sky::bench
