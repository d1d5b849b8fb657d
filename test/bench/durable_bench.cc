#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "core/check.h"
#include "test/bench/measure.h"
#include "test/bench/paced_load.h"
#include "test/bench/parts.h"

namespace sky::bench {
namespace {

constexpr std::size_t per_millisecond = 50;
constexpr std::size_t milliseconds = 2000;
constexpr int rounds = 9;
constexpr int raw_syncs = 500;
constexpr std::size_t raw_bytes = 200;  // one event

std::vector<double> raw_sync_milliseconds(int file) {
  const std::string bytes(raw_bytes, 'x');
  std::vector<double> took;
  for (int i = 0; i < raw_syncs; ++i) {
    took.push_back(1000 * seconds_of([&] {
                     SKY_CHECK(::write(file, bytes.data(), bytes.size()) ==
                                       static_cast<ssize_t>(bytes.size()) &&
                                   ::fdatasync(file) == 0,
                               "the disk takes the benchmark's bytes");
                   }));
  }
  return took;
}

// The same load with nothing but a file: each burst appended and synced at its time, or, when the
// disk is late, with the bursts that came meanwhile. From when a burst was due to when it is safe.
std::vector<double> raw_paced_milliseconds(int file) {
  const std::string bytes(per_millisecond * raw_bytes * milliseconds, 'x');
  std::vector<double> took;
  const auto start = Clock::now() + std::chrono::milliseconds(5);
  const auto due = [start](std::size_t burst) { return start + std::chrono::milliseconds(burst); };
  for (std::size_t burst = 0; burst < milliseconds;) {
    std::this_thread::sleep_until(due(burst));
    std::size_t end = burst + 1;
    while (end < milliseconds && due(end) <= Clock::now()) ++end;
    const std::size_t size = (end - burst) * per_millisecond * raw_bytes;
    SKY_CHECK(
        ::write(file, bytes.data(), size) == static_cast<ssize_t>(size) && ::fdatasync(file) == 0,
        "the disk takes the benchmark's bytes");
    const auto now = Clock::now();
    for (; burst < end; ++burst)
      took.push_back(std::chrono::duration<double, std::milli>(now - due(burst)).count());
  }
  return took;
}

}  // namespace

void measure_durable(const std::filesystem::path& directory) {
  const int raw =
      ::open((directory / "raw").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  auto opened = events::open_log(directory / "durable");
  SKY_CHECK(raw >= 0 && opened, "the benchmark's directory can hold files");
  TimedLog log(std::move(*opened), rounds * per_millisecond * milliseconds);
  adapters::Reactor reactor;
  events::CommitQueue queue(
      log, reactor, [](core::Seq, const std::string&) {},
      [](const core::Error&) { SKY_CHECK(false, "the disk takes the benchmark's events"); });
  std::vector<double> raw_p50, p50, p99, raw_p99, of_raw, of_raw_p99, cores;
  for (int round = 0; round < rounds; ++round) {
    std::vector<double> syncs, paced;
    PacedRun run;
    interleaved(
        round,
        [&] {
          syncs = raw_sync_milliseconds(raw);
          paced = raw_paced_milliseconds(raw);
        },
        [&] { run = run_paced(reactor, queue, log, per_millisecond, milliseconds); });
    raw_p50.push_back(quantile(syncs, 0.5));
    p50.push_back(quantile(run.latency_ms, 0.5));
    p99.push_back(quantile(run.latency_ms, 0.99));
    raw_p99.push_back(quantile(paced, 0.99));
    of_raw.push_back(p50.back() / raw_p50.back());
    of_raw_p99.push_back(p99.back() / raw_p99.back());
    cores.push_back(run.cores);
  }
  ::close(raw);
  tell("raw fdatasync of 200 bytes, p50", "ms", raw_p50);
  tell("50 k events/s durable, p50", "ms", p50);
  tell("50 k events/s durable, p50, of raw fdatasync", "ratio", of_raw, at_most(3));
  tell("50 k events/s durable, p99", "ms", p99, at_most(15));
  tell("raw appends and fdatasync at that pace, p99", "ms", raw_p99);
  tell("50 k events/s durable, p99, of raw at that pace", "ratio", of_raw_p99);
  tell("50 k events/s durable, CPU", "cores", cores, at_most(0.25));
}

}  // namespace sky::bench
