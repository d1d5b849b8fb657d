#include "test/bench/paced_load.h"

#include <thread>
#include <utility>

#include "core/check.h"
#include "test/bench/measure.h"
#include "test/bench/sample_mix.h"

namespace sky::bench {

TimedLog::TimedLog(std::unique_ptr<events::Log> inner, std::uint64_t last)
    : inner_(std::move(inner)), acknowledged_ns_(last + 1) {}

core::Result<std::string> TimedLog::append(std::span<const core::Event> events) {
  auto stored = inner_->append(events);
  const std::int64_t now = now_ns();
  for (const core::Event& event : events) acknowledged_ns_.at(event.seq.value) = now;
  commit_thread_cpu_ = thread_cpu_seconds();
  return stored;
}

PacedRun run_paced(adapters::Reactor& reactor, events::CommitQueue& queue, TimedLog& log,
                   std::size_t per_millisecond, std::size_t milliseconds) {
  std::vector<core::Event> events =
      mixed_events(queue.durable().value + 1, per_millisecond * milliseconds);
  PacedRun run;
  run.latency_ms.resize(events.size());
  const double process_cpu = process_cpu_seconds();
  const double commit_cpu = log.commit_thread_cpu();
  const auto start = Clock::now() + std::chrono::milliseconds(5);
  const auto append_burst = [&](std::size_t burst, Clock::time_point due) {
    for (std::size_t i = burst * per_millisecond; i < (burst + 1) * per_millisecond; ++i) {
      queue.append({std::move(events[i])}, [&run, &reactor, i, due] {
        const std::chrono::duration<double, std::milli> took = Clock::now() - due;
        run.latency_ms[i] = took.count();
        if (i + 1 == run.latency_ms.size()) reactor.stop();
      });
    }
  };
  double pacer_cpu = 0;  // is no part of what is measured
  std::thread pacer([&] {
    for (std::size_t burst = 0; burst < milliseconds; ++burst) {
      const auto due = start + std::chrono::milliseconds(burst);
      std::this_thread::sleep_until(due);
      reactor.post([&append_burst, burst, due] { append_burst(burst, due); });
    }
    pacer_cpu = thread_cpu_seconds();
  });
  reactor.run();
  pacer.join();
  const std::chrono::duration<double> took = Clock::now() - start;
  run.cores = (process_cpu_seconds() - process_cpu - pacer_cpu) / took.count();
  run.commit_thread_cpu = log.commit_thread_cpu() - commit_cpu;
  return run;
}

}  // namespace sky::bench
