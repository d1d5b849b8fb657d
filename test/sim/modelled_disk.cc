#include "test/sim/modelled_disk.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "events/commit_reader.h"
#include "events/little_endian.h"
#include "events/log_header.h"
#include "events/snapshot.h"

namespace sky::sim {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;

constexpr std::size_t sector_bytes = 512;

class DiskLog final : public events::Log {
 public:
  DiskLog(ModelledDisk& disk, Process& process, events::Position position, core::Seq repaired_after,
          OnAcknowledged on_acknowledged)
      : disk_(disk),
        process_(process),
        position_(position),
        repaired_after_(repaired_after),
        on_acknowledged_(std::move(on_acknowledged)) {}

  const core::LogId& id() const override { return disk_.id; }
  std::uint64_t epoch() const override { return disk_.epoch; }
  core::Seq repaired_after() const override { return repaired_after_; }
  events::Position position() const override { return position_; }

  Result<std::string> append(std::span<const core::Event> events) override {
    SKY_CHECK(!events.empty() && events.front().seq == position_.durable.next(),
              "an append continues the log");
    if (failed_) return *failed_;
    process_.edge();
    std::string bytes = events::encode_commit(disk_.epoch, position_.chain, events);
    const auto chain =
        events::get_little<std::uint32_t>(events::as_bytes(bytes).subspan(events::chain_offset));
    const events::LowWater mark{disk_.id, disk_.epoch, events.back().seq, chain};
    if (disk_.mutations.has(Mutation::mark_ahead)) disk_.mark = disk_.synced_mark = mark;
    if (auto written = write({events.front().seq.value, events.back().seq.value, chain, bytes});
        !written)
      return fail(written.error());
    process_.edge();
    disk_.mark = mark;
    position_.durable = events.back().seq;
    position_.chain = chain;
    on_acknowledged_(events, bytes);
    return bytes;
  }

  Result<void> settle() override {
    process_.edge();
    disk_.synced_mark = disk_.mark;
    return {};
  }

  Result<void> read(core::Seq from, const events::CommitVisitor& visit) const override {
    if (from.value == 0) from = position_.first_retained;
    if (from < position_.first_retained)
      return Error{ErrorCode::not_found, "event " + std::to_string(from.value) + " is not kept"};
    if (from > position_.durable) return {};
    auto stored = std::upper_bound(
        disk_.commits.begin(), disk_.commits.end(), from.value,
        [](std::uint64_t seq, const ModelledDisk::Stored& one) { return seq < one.first; });
    if (stored != disk_.commits.begin()) --stored;
    events::CommitReader reader;
    for (; stored != disk_.commits.end(); ++stored) {
      const auto taken = reader.take(stored->first, events::as_bytes(stored->bytes));
      if (!taken) return taken;
      if (!visit_one(reader.commit(), events::as_bytes(stored->bytes), visit)) return {};
    }
    return {};
  }

  Result<void> put_snapshot(const events::Snapshot& snapshot) override {
    process_.edge();
    if (is_full()) return no_space();
    disk_.snapshots[snapshot.seq] = events::encode_snapshot(snapshot);
    std::vector<events::StoredSnapshot> stored;
    for (auto one = disk_.snapshots.rbegin(); one != disk_.snapshots.rend(); ++one)
      stored.push_back({one->first, is_whole(one->first, one->second)});
    for (const std::uint64_t seq :
         events::superfluous_snapshots(stored, snapshot.seq, position_.first_retained))
      disk_.snapshots.erase(core::Seq{seq});
    process_.edge();
    return {};
  }

  Result<void> visit_snapshots(const events::SnapshotVisitor& visit) const override {
    for (auto one = disk_.snapshots.rbegin(); one != disk_.snapshots.rend(); ++one)
      if (!visit(one->first, events::decode_snapshot(one->first, events::as_bytes(one->second))))
        break;
    return {};
  }

  Result<void> truncate(core::Seq first) override {
    if (first > position_.durable) return Error{ErrorCode::conflict, "the log ends before"};
    process_.edge();
    const auto holding =
        std::find_if(disk_.commits.begin(), disk_.commits.end(),
                     [first](const ModelledDisk::Stored& one) { return one.last >= first.value; });
    SKY_CHECK(holding != disk_.commits.end(), "the log holds what it is cut at");
    const core::Seq base{holding->first - 1};
    const auto stored = disk_.snapshots.find(base);
    if (stored == disk_.snapshots.end() || !is_whole(base, stored->second))
      return Error{ErrorCode::conflict, "there is no base"};
    disk_.first_retained = std::max(disk_.first_retained, holding->first);
    position_.first_retained = core::Seq{disk_.first_retained};
    disk_.snapshots.erase(disk_.snapshots.begin(), stored);
    if (disk_.mutations.has(Mutation::truncation_too_far)) disk_.snapshots.clear();
    process_.edge();
    disk_.commits.erase(disk_.commits.begin(), holding);
    return {};
  }

  Result<std::uint64_t> stored_bytes(core::Seq from) const override {
    std::uint64_t bytes = 0;
    for (auto one = disk_.commits.rbegin(); one != disk_.commits.rend(); ++one) {
      if (one->last < from.value) break;
      bytes += one->bytes.size();
    }
    return bytes;
  }

 private:
  bool is_full() {
    const bool is_so = disk_.random.per_mille(disk_.faults.full_per_mille);
    if (is_so) disk_.count("disk full");
    return is_so;
  }
  static bool is_whole(core::Seq seq, const std::string& bytes) {
    return events::decode_snapshot(seq, events::as_bytes(bytes)).has_value();
  }
  static Error no_space() { return {ErrorCode::no_space, "no space left on the device"}; }

  Error fail(Error error) {
    failed_ = error;
    return error;
  }

  Result<void> write(ModelledDisk::Stored stored) {
    const bool lies = disk_.mutations.has(Mutation::log_lies);
    if (is_full()) {
      stored.bytes.resize(disk_.random.below(stored.bytes.size()));
      if (!stored.bytes.empty()) disk_.commits.push_back(std::move(stored));
      return no_space();
    }
    stored.is_in_memory = lies;
    disk_.commits.push_back(std::move(stored));
    process_.edge();
    const bool is_broken = disk_.random.per_mille(disk_.faults.broken_sync_per_mille);
    if (is_broken) disk_.count("sync failed");
    if (is_broken) return Error{ErrorCode::io, "the disk failed to sync"};
    for (auto one = disk_.commits.rbegin(); one != disk_.commits.rend(); ++one) {
      if (one->is_synced || lies) break;
      one->is_synced = true;
    }
    if (lies && disk_.random.percent(20))  // written in the end
      for (ModelledDisk::Stored& one : disk_.commits) one.is_in_memory = !(one.is_synced = true);
    return {};
  }

  bool visit_one(const events::Commit& commit, std::span<const std::byte> bytes,
                 const events::CommitVisitor& visit) const {
    if (!disk_.mutations.has(Mutation::fold_order_changed) || commit.events.size() < 2)
      return visit(commit, bytes);
    events::Commit swapped = commit;
    auto& front = swapped.events[0];
    auto& second = swapped.events[1];
    std::swap(front, second);
    std::swap(front.seq, second.seq);
    return visit(swapped, bytes);
  }

  ModelledDisk& disk_;
  Process& process_;
  events::Position position_;
  const core::Seq repaired_after_;
  const OnAcknowledged on_acknowledged_;
  std::optional<Error> failed_;
};

bool is_readable(const ModelledDisk::Stored& stored) {
  return events::decode_commit(events::as_bytes(stored.bytes)).has_value();
}

// The newest writes that cannot be read: at most the ones that were never synced.
core::Seq drop_torn_tail(ModelledDisk& disk) {
  core::Seq kept;
  while (!disk.commits.empty() && !disk.commits.back().is_synced &&
         !is_readable(disk.commits.back())) {
    disk.commits.pop_back();
    kept = core::Seq{disk.commits.empty() ? 0 : disk.commits.back().last};
  }
  return kept;
}

Result<void> verify_tail(const ModelledDisk& disk, events::Position& position) {
  constexpr std::size_t verified = 16;  // commits; the fold that follows verifies the others
  const std::size_t count = std::min(disk.commits.size(), verified);
  events::CommitReader reader;
  for (std::size_t i = disk.commits.size() - count; i < disk.commits.size(); ++i) {
    const ModelledDisk::Stored& stored = disk.commits[i];
    if (auto taken = reader.take(stored.first, events::as_bytes(stored.bytes)); !taken)
      return taken;
  }
  if (count == 0) return {};
  position.durable = reader.commit().events.back().seq;
  position.chain = reader.commit().chain;
  return {};
}

}  // namespace

void ModelledDisk::cut_power() {
  process_ended();
  while (!commits.empty() && !commits.back().is_synced) {
    Stored& newest = commits.back();
    const std::uint64_t fate = random.below(3);
    if (fate == 0) break;  // it reached the platter all the same, and all before it
    count(fate == 1 ? "unsynced commit lost" : "commit torn");
    if (fate == 1) {
      commits.pop_back();
      continue;
    }
    const std::size_t sectors = newest.bytes.size() / sector_bytes;
    newest.bytes.resize(sector_bytes * random.below(sectors + 1));
    if (newest.bytes.empty()) commits.pop_back();
    break;
  }
  if (!mark || !synced_mark || random.percent(50)) mark = synced_mark;
  rot();
}

// One at a time, and never the last good one of a truncated log: nobody survives that.
void ModelledDisk::rot() {
  const auto is_good = [](const auto& one) {
    return events::decode_snapshot(one.first, events::as_bytes(one.second)).has_value();
  };
  if (std::count_if(snapshots.begin(), snapshots.end(), is_good) < 2) return;
  if (!random.percent(faults.rot_percent)) return;
  count("snapshot rotted");
  std::string& bytes = snapshots.rbegin()->second;
  bytes[random.below(bytes.size())] ^= 0x10;
}

void ModelledDisk::process_ended() {
  while (!commits.empty() && commits.back().is_in_memory) commits.pop_back();
}

Result<std::unique_ptr<events::Log>> ModelledDisk::open(Process& process,
                                                        OnAcknowledged on_acknowledged) {
  process.edge();
  const core::Seq kept = drop_torn_tail(*this);
  events::LogHeader header;
  if (has_header) header.id = id;
  header.epoch = epoch;
  header.position.first_retained = core::Seq{first_retained};
  if (auto verified = verify_tail(*this, header.position); !verified) return verified.error();
  const auto chain_at = [this](core::Seq seq) -> Result<std::optional<std::uint32_t>> {
    for (auto one = commits.rbegin(); one != commits.rend(); ++one)
      if (one->last <= seq.value)
        return one->last == seq.value ? std::optional(one->chain) : std::nullopt;
    return std::optional<std::uint32_t>();
  };
  if (auto checked = events::check_against(mark, header, chain_at, "log"); !checked)
    return checked.error();
  process.edge();
  has_header = true;
  epoch = std::max(epoch, mark ? mark->epoch : 0) + 1;
  for (ModelledDisk::Stored& stored : commits) stored.is_synced = true;
  mark = synced_mark = events::LowWater{id, epoch, header.position.durable, header.position.chain};
  process.edge();
  return std::unique_ptr<events::Log>(
      std::make_unique<DiskLog>(*this, process, header.position, kept, std::move(on_acknowledged)));
}

std::unique_ptr<Disk> modelled_disk(const DiskMaking& making) {
  return std::make_unique<ModelledDisk>(making);
}

}  // namespace sky::sim
