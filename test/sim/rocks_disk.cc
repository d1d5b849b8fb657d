#include "test/sim/rocks_disk.h"

#include <unistd.h>

#include <cerrno>
#include <string>
#include <type_traits>
#include <utility>

#include "core/check.h"
#include "events/low_water.h"
#include "events/opening.h"
#include "test/crash/stored_files.h"

namespace sky::sim {
namespace {

namespace fs = std::filesystem;
using core::Result;

constexpr const char* log_name = "log";
constexpr std::size_t small_write_buffer = std::size_t{64} << 10;  // flushes, new logs, new tables

// The real log in a process that may die in each of its calls.
class MortalLog final : public events::Log {
 public:
  MortalLog(RocksDisk& disk, Process& process, std::unique_ptr<events::Log> log,
            OnAcknowledged on_acknowledged)
      : disk_(disk),
        process_(process),
        log_(std::move(log)),
        on_acknowledged_(std::move(on_acknowledged)) {}

  const core::LogId& id() const override { return log_->id(); }
  std::uint64_t epoch() const override { return log_->epoch(); }
  core::Seq repaired_after() const override { return log_->repaired_after(); }
  events::Position position() const override { return log_->position(); }

  Result<std::string> append(std::span<const core::Event> events) override {
    auto bytes = changed([&] {
      disk_.begin_commit();
      return log_->append(events);
    });
    if (bytes) on_acknowledged_(events, *bytes);
    return bytes;
  }
  Result<void> settle() override {
    return changed([this] { return log_->settle(); });
  }
  Result<void> put_snapshot(const events::Snapshot& snapshot) override {
    return changed([&] { return log_->put_snapshot(snapshot); });
  }
  Result<void> truncate(core::Seq first) override {
    return changed([&] { return log_->truncate(first); });
  }
  Result<void> read(core::Seq from, const events::CommitVisitor& visit) const override {
    return log_->read(from, visit);
  }
  Result<void> visit_snapshots(const events::SnapshotVisitor& visit) const override {
    return log_->visit_snapshots(visit);
  }
  Result<std::uint64_t> stored_bytes(core::Seq from) const override {
    return log_->stored_bytes(from);
  }

 private:
  template <class Call>
  std::invoke_result_t<Call> changed(Call call) {
    process_.edge();
    auto outcome = call();
    disk_.end_call();
    process_.edge();
    return outcome;
  }

  RocksDisk& disk_;
  Process& process_;
  const std::unique_ptr<events::Log> log_;
  const OnAcknowledged on_acknowledged_;
};

}  // namespace

RocksDisk::RocksDisk(const DiskMaking& making)
    : tally_(making.tally),
      random_(making.seed),
      torn_(making.seed),
      place_(events::quick_place() / ("skyctl-sim-" + std::to_string(::getpid()))),
      directory_(place_ / "0") {
  fs::remove_all(place_);
  fs::create_directories(directory_ / log_name);
  // A log that has acknowledged nothing, so that its id is the seed's and not drawn.
  auto mark = events::LowWaterFile::open(directory_ / log_name / events::low_water_name);
  SKY_CHECK(mark.has_value() && mark->write({making.log_id, 0, {}, 0}), "the place takes files");
  tuning_.env = &env_;
  if (random_.percent(50)) tuning_.write_buffer_bytes = small_write_buffer;
  observe();
}

RocksDisk::~RocksDisk() {
  observation_.reset();
  std::error_code ignored;
  fs::remove_all(place_, ignored);
}

void RocksDisk::observe() {
  journal_ = std::make_unique<events::DiskJournal>(directory_);
  observation_ = std::make_unique<events::DiskObservation>(directory_.string(), *this);
}

Result<std::unique_ptr<events::Log>> RocksDisk::open(Process& process,
                                                     OnAcknowledged on_acknowledged) {
  process.edge();
  remove_old_directories();
  fails_write_ = fails_sync_ = 0;
  is_dead_ = false;
  const bool is_mortal = process.conditions().dies_at_edge != 0;
  calls_to_live_ =
      is_mortal && random_.percent(30)
          ? static_cast<std::int64_t>(1 + random_.below(1ULL << random_.between(1u, 14u)))
          : 0;
  auto log = events::open_log_with(directory_ / log_name, tuning_);
  end_call();
  if (!log) return log.error();
  process.edge();
  return std::unique_ptr<events::Log>(
      std::make_unique<MortalLog>(*this, process, std::move(*log), std::move(on_acknowledged)));
}

void RocksDisk::begin_commit() {
  env_.hold();
  if (random_.per_mille(faults.full_per_mille)) fails_write_ = ENOSPC;
  if (random_.per_mille(faults.broken_sync_per_mille)) fails_sync_ = EIO;
  if (fails_write_ != 0) ++tally_.faults["disk full"];
  if (fails_sync_ != 0) ++tally_.faults["sync failed"];
}

void RocksDisk::end_call() {
  env_.rest();
  fails_write_ = fails_sync_ = 0;
  if (!is_dead_) return;
  ++tally_.faults["daemon died inside a call to the disk"];
  throw ProcessDied{};
}

int RocksDisk::refusal(const events::DiskCall& call) {
  using What = events::DiskCall::What;
  if (calls_to_live_ > 0 && --calls_to_live_ == 0) is_dead_ = true;
  if (is_dead_) return EIO;
  if (call.what == What::write) return fails_write_;
  return call.what == What::sync ? fails_sync_.load() : 0;
}

void RocksDisk::happened(events::DiskCall call) { journal_->happened(std::move(call)); }

// Its old directory stays until the log that has it open is destroyed.
void RocksDisk::cut_power() {
  is_dead_ = true;
  observation_.reset();
  const fs::path left = place_ / std::to_string(++powers_);
  const auto tearing = journal_->cut(journal_->size(), torn_, left);
  ++tally_.faults[std::string("power cut, unsynced sectors ") +
                  events::tearing_names[static_cast<std::size_t>(tearing)]];
  directory_ = left;
  has_power_failed_ = true;
  observe();
}

void RocksDisk::remove_old_directories() {
  if (!std::exchange(has_power_failed_, false)) return;
  for (std::uint64_t i = 0; i < powers_; ++i) fs::remove_all(place_ / std::to_string(i));
}

std::unique_ptr<Disk> rocks_disk(const DiskMaking& making) {
  return std::make_unique<RocksDisk>(making);
}

}  // namespace sky::sim
