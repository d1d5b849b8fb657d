#include "test/sim/world.h"

#include <algorithm>
#include <utility>

#include "cli/print_event.h"
#include "projections/timeline.h"
#include "test/sim/invented.h"

namespace sky::sim {

using core::Duration;
using core::seconds;

namespace {

constexpr Duration began{std::int64_t{1'700'000'000} * 1'000'000};  // 2023-11-14, UTC
constexpr std::size_t kept_notes = 40;

core::LogId log_id_of(std::uint64_t seed) {
  constexpr char digits[] = "0123456789abcdef";
  core::LogId id;
  Random random(seed ^ 0x5eed);
  while (id.size() < 32) id += digits[random.below(16)];
  return id;
}

std::string time_text(Duration time) {
  const std::string micros = std::to_string(1'000'000 + time.count() % 1'000'000);
  return std::to_string(time.count() / 1'000'000) + "." + micros.substr(1);
}

std::string line_of(const core::Event& event) {
  std::string line = time_text(event.time.wall.time_since_epoch() - began) + " #" +
                     std::to_string(event.seq.value) + " " + cli::subject_text(event) + " " +
                     core::type_name(event.body) + "  " + projections::sentence(event);
  if (event.cause) line += "  [because #" + std::to_string(event.cause.value) + "]";
  return line;
}

}  // namespace

World::World(WorldOptions options, Tally& tally)
    : options_(std::move(options)),
      tally_(tally),
      random_(options_.seed),
      witness_(log_id_of(options_.seed), tally),
      disk_(options_.make_disk(
          {log_id_of(options_.seed), random_.next(), options_.mutations, tally})),
      clouds_(agenda_, random_.next(), options_.mutations, tally) {
  ++tally_.worlds;
  if (options_.trace)
    witness_.on_event = [this](const core::Event& event) { options_.trace(line_of(event)); };
  clouds_.on_made = [this](const Machine& machine) { witness_.machine_made(machine); };
  clouds_.on_news = [this](const std::string& cloud, const core::InstanceChanged& news) {
    if (daemon_ && daemon_process_->is_alive()) daemon_->hear(cloud, news);
  };
  clouds_.faults = invent_weather(random_);
  disk_->faults = invent_disk(random_);
  retention_ = invent_retention(random_);
  wire_faults_.on_cut = [this] { ++tally_.faults["wire cut"]; };
  wire_faults_.cut_per_mille = random_.percent(40) ? random_.between(1u, 20u) : 0;
  wall_offset_ = began;
}

World::~World() {
  daemon_.reset();
  balancer_.reset();
}

core::WallTime World::wall() const { return core::WallTime(now() + wall_offset_); }

void World::run() {
  options_.steady_replicas > 0 ? run_steady() : run_hostile();
  tally_.simulated_seconds += static_cast<std::uint64_t>(core::whole_seconds(now()));
}

void World::run_hostile() {
  start_daemon();
  const core::ServiceName names[] = {"llama", "qwen", "phi"};
  for (std::size_t i = 0; i < std::size(names); ++i)
    agenda_.after(random_.between(seconds(1), seconds(300)),
                  [this, name = names[i]] { run_clients(name); });
  agenda_.after(random_.between(seconds(1), seconds(10)), [this] { type_a_command(); });
  act();
  pass(options_.length - now());
  if (!broken()) calm_down();
  if (!broken()) expect_targets();
  if (!broken()) expect_nothing_left();
}

void World::pass(Duration time) {
  const Duration end = now() + time;
  while (!broken() && agenda_.run_next(end)) {
  }
}

void World::note(const std::string& what) {
  std::string line = time_text(now()) + " " + what;
  if (options_.trace) options_.trace(line);
  notes_.push_back(std::move(line));
  if (notes_.size() > kept_notes) notes_.pop_front();
}

void World::count(const std::string& fault) {
  ++tally_.faults[fault];
  note("fault: " + fault);
}

void World::after_daemon_task() {
  ++tasks_;
  constexpr std::uint64_t compare_every = 64;
  if (tasks_ % compare_every == 0) daemon_->compare();
  ++tally_.steps;
}

std::string World::last_words(std::size_t lines) const {
  std::string text;
  for (const std::string& line : notes_) text += line + "\n";
  const auto& history = witness_.history();
  const std::size_t count = std::min(lines, history.size());
  for (std::size_t i = history.size() - count; i < history.size(); ++i) {
    text += line_of(history[i]) + "\n";
  }
  return text;
}

}  // namespace sky::sim
