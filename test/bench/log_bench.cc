// How close the log comes to its limits, each measured in the same run, interleaved: appending
// against a raw file with fdatasync, replaying against a flat file of the same events.
//
// Prints one JSON object a line: {"name", "value", "unit", "goal", "holds"}. Exit status 0 when it
// could measure, whatever it found. usage: log_bench [DIRECTORY [EVENTS]]
#include <capnp/serialize.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <vector>

#include "events/little_endian.h"
#include "events/opening.h"
#include "events/wire.h"
#include "test/bench/sample_mix.h"
#include "test/crash/faulty_file_system.h"
#include "test/events/temporary_directory.h"

namespace sky::bench {
namespace {

using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

double seconds_of(const std::function<void()>& work) {
  const auto start = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void print(const std::string& name, double value, const std::string& unit) {
  fmt::print("{{\"name\":\"{}\",\"value\":{:.3f},\"unit\":\"{}\",\"goal\":null,\"holds\":null}}\n",
             name, value, unit);
}
void print_ratio(const std::string& name, double value, double goal) {
  fmt::print(
      "{{\"name\":\"{}\",\"value\":{:.3f},\"unit\":\"ratio\",\"goal\":{:.2f},\"holds\":{}}}\n",
      name, value, goal, value >= goal);
}

std::vector<core::Event> mixed_events(std::uint64_t first, std::size_t count) {
  std::vector<core::Event> events;
  events.reserve(count);
  for (std::size_t i = 0; i < count; ++i) events.push_back(mixed_event(first + i));
  return events;
}

// ---- appending

struct AppendPlan {
  std::size_t group;
  int rounds;
  int commits_per_round;
  double goal;
};

// Median of the rounds' ratios: the disk has good and bad seconds, both sides share each round.
void measure_append(const fs::path& directory, const AppendPlan& plan) {
  const fs::path log_path = directory / fmt::format("append_{}", plan.group);
  auto log = events::open_log(log_path);
  SKY_CHECK(log, "the benchmark's directory can hold a log");
  const int raw = ::open((directory / fmt::format("raw_{}", plan.group)).c_str(),
                         O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  SKY_CHECK(raw >= 0, "the benchmark's directory can hold a file");
  std::vector<double> ratios, raw_rates, log_rates;
  for (int round = 0; round < plan.rounds; ++round) {
    std::vector<std::vector<core::Event>> groups;
    std::uint64_t next = (*log)->position().durable.value + 1;
    for (int i = 0; i < plan.commits_per_round; ++i, next += plan.group) {
      groups.push_back(mixed_events(next, plan.group));
    }
    std::vector<std::string> bytes;
    for (const auto& group : groups) bytes.push_back(events::encode_commit(1, 0, group));
    const auto append_raw = [&] {
      for (const std::string& one : bytes) {
        SKY_CHECK(::write(raw, one.data(), one.size()) == static_cast<ssize_t>(one.size()) &&
                      ::fdatasync(raw) == 0,
                  "the disk takes the benchmark's bytes");
      }
    };
    const auto append_log = [&] {
      for (const auto& group : groups) {
        SKY_CHECK((*log)->append(group).has_value(), "the disk takes the benchmark's events");
      }
    };
    const double first = round % 2 == 0 ? seconds_of(append_raw) : seconds_of(append_log);
    const double second = round % 2 == 0 ? seconds_of(append_log) : seconds_of(append_raw);
    const double raw_time = round % 2 == 0 ? first : second;
    const double log_time = round % 2 == 0 ? second : first;
    const double events = static_cast<double>(plan.group) * plan.commits_per_round;
    ratios.push_back(raw_time / log_time);
    raw_rates.push_back(events / raw_time);
    log_rates.push_back(events / log_time);
  }
  ::close(raw);
  print(fmt::format("raw_append_groups_of_{}", plan.group), median(raw_rates), "events/s");
  print(fmt::format("log_append_groups_of_{}", plan.group), median(log_rates), "events/s");
  print_ratio(fmt::format("append_groups_of_{}_of_raw", plan.group), median(ratios), plan.goal);
}

// ---- replaying

// What every fold does at least: look at each event's kind, and use some of it.
struct Fold {
  std::uint64_t probes = 0;
  std::uint64_t arrivals = 0;
  std::uint64_t others = 0;
  std::uint64_t replicas = 0;
  std::int64_t latency_us = 0;
  bool operator==(const Fold&) const = default;
};

void fold_value(Fold& fold, const core::Event& event) {
  fold.replicas += event.replica.value + event.service.size();
  if (const auto* probe = std::get_if<core::ProbeAnswered>(&event.body)) {
    ++fold.probes;
    fold.latency_us += probe->latency.count();
  } else if (const auto* sample = std::get_if<core::TrafficSampled>(&event.body)) {
    fold.arrivals += sample->arrivals;
    for (const auto& load : sample->replicas) fold.replicas += load.in_flight;
  } else {
    ++fold.others;
  }
}

void fold_reader(Fold& fold, events::wire::Event::Reader event) {
  fold.replicas += event.getReplica() + event.getService().size();
  const auto body = event.getBody();
  if (body.isProbeAnswered()) {
    ++fold.probes;
    fold.latency_us += body.getProbeAnswered().getLatencyUs();
  } else if (body.isTrafficSampled()) {
    const auto sample = body.getTrafficSampled();
    fold.arrivals += sample.getArrivals();
    for (const auto load : sample.getReplicas()) fold.replicas += load.getInFlight();
  } else {
    ++fold.others;
  }
}

void write_flat(const fs::path& path, std::uint64_t count) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  SKY_CHECK(file != nullptr, "the benchmark's directory can hold a file");
  for (std::uint64_t seq = 1; seq <= count; ++seq) {
    capnp::MallocMessageBuilder message(64);
    events::write(message.initRoot<events::wire::Event>(), mixed_event(seq));
    const auto words = capnp::messageToFlatArray(message);
    const std::uint64_t size = words.size();
    std::fwrite(&size, sizeof size, 1, file);
    std::fwrite(words.begin(), sizeof(capnp::word), words.size(), file);
  }
  std::fclose(file);
}

// The limit: no checksum, no values, records already aligned; chunks of 2 MiB from the page cache.
Fold fold_flat(const fs::path& path) {
  constexpr std::size_t chunk_words = std::size_t{256} << 10;
  Fold fold;
  std::vector<std::uint64_t> words(chunk_words);
  std::size_t have = 0;
  std::FILE* file = std::fopen(path.c_str(), "rb");
  std::setvbuf(file, nullptr, _IONBF, 0);
  while (const std::size_t got = std::fread(words.data() + have, 8, chunk_words - have, file)) {
    have += got;
    std::size_t at = 0;
    while (at < have && at + 1 + words[at] <= have) {
      capnp::FlatArrayMessageReader message(
          kj::arrayPtr(reinterpret_cast<const capnp::word*>(&words[at + 1]), words[at]));
      fold_reader(fold, message.getRoot<events::wire::Event>());
      at += 1 + words[at];
    }
    std::copy(words.begin() + static_cast<std::ptrdiff_t>(at),
              words.begin() + static_cast<std::ptrdiff_t>(have), words.begin());
    have -= at;
  }
  std::fclose(file);
  return fold;
}

Fold fold_log(const events::Log& log) {
  Fold fold;
  const auto read = log.read(core::Seq{1}, [&](const events::Commit& commit, auto) {
    for (const core::Event& event : commit.events) fold_value(fold, event);
    return true;
  });
  SKY_CHECK(read, "a log that was just written can be read");
  return fold;
}

void measure_replay(const fs::path& directory, std::uint64_t count) {
  constexpr std::size_t group = 8;
  constexpr int repetitions = 5;
  {
    const events::FaultyDisk no_sync;  // only the reading is measured
    auto log = events::open_log_with(directory / "replay", {no_sync.env.get()});
    SKY_CHECK(log, "the benchmark's directory can hold a log");
    for (std::uint64_t seq = 1; seq <= count; seq += group) {
      SKY_CHECK((*log)->append(mixed_events(seq, group)), "the disk takes the events");
    }
  }
  write_flat(directory / "flat", count);
  auto log = events::open_log(directory / "replay");
  SKY_CHECK(log, "a log that was just written opens");
  double flat = 1e9, replay = 1e9;
  for (int i = 0; i < repetitions; ++i) {
    Fold by_flat, by_log;
    flat = std::min(flat, seconds_of([&] { by_flat = fold_flat(directory / "flat"); }));
    replay = std::min(replay, seconds_of([&] { by_log = fold_log(**log); }));
    SKY_CHECK(by_flat == by_log, "both hold the same events");
  }
  print("flat_file_fold", static_cast<double>(count) / flat, "events/s");
  print("log_replay", static_cast<double>(count) / replay, "events/s");
  print_ratio("replay_groups_of_8_of_flat_file", flat / replay, 0.45);
}

}  // namespace
}  // namespace sky::bench

int main(int count, char** arguments) {
  using namespace sky;
  const events::TemporaryDirectory temporary;
  const auto directory = count > 1 ? std::filesystem::path(arguments[1]) : temporary.path();
  constexpr std::uint64_t default_events = 1'000'000;
  const std::uint64_t events =
      count > 2 ? std::strtoull(arguments[2], nullptr, 10) / 8 * 8 : default_events;
  bench::measure_append(directory,
                        {.group = 1, .rounds = 20, .commits_per_round = 50, .goal = 0.8});
  bench::measure_append(directory,
                        {.group = 100, .rounds = 20, .commits_per_round = 25, .goal = 0.4});
  bench::measure_replay(directory, events);
  return 0;
}
