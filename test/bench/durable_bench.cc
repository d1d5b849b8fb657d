#include <fcntl.h>
#include <unistd.h>

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
  std::vector<double> raw_p50, p50, p99, of_raw, cores;
  for (int round = 0; round < rounds; ++round) {
    std::vector<double> syncs;
    PacedRun run;
    interleaved(
        round, [&] { syncs = raw_sync_milliseconds(raw); },
        [&] { run = run_paced(reactor, queue, log, per_millisecond, milliseconds); });
    raw_p50.push_back(quantile(syncs, 0.5));
    p50.push_back(quantile(run.latency_ms, 0.5));
    p99.push_back(quantile(run.latency_ms, 0.99));
    of_raw.push_back(p50.back() / raw_p50.back());
    cores.push_back(run.cores);
  }
  ::close(raw);
  tell("raw fdatasync of 200 bytes, p50", "ms", raw_p50);
  tell("50 k events/s durable, p50", "ms", p50);
  tell("50 k events/s durable, p50, of raw fdatasync", "ratio", of_raw, at_most(3));
  tell("50 k events/s durable, p99", "ms", p99, at_most(15));
  tell("50 k events/s durable, CPU", "cores", cores, at_most(0.25));
}

}  // namespace sky::bench
