#include <map>

#include "core/check.h"
#include "events/opening.h"
#include "test/crash/disk_calls.h"
#include "test/crash/stored_files.h"
#include "test/events/sample_events.h"
#include "test/events/temporary_directory.h"
#include "test/fuzz/targets.h"

namespace sky::fuzz {
namespace {

namespace fs = std::filesystem;
using namespace events;

constexpr std::size_t edit_size = 8;
constexpr std::size_t most_edits = 8;
constexpr std::uint64_t stored_events = 300;
constexpr std::uint64_t snapshot_seq = 150;

// The log of a killed process, with tables, a write-ahead log and a snapshot: path -> content.
std::map<std::string, std::string> make_log() {
  const TemporaryDirectory home(quick_place());
  const auto path = home / "log", killed = home / "killed";
  const QuickDisk quick(home.path());
  for (const std::uint64_t begin : {std::uint64_t{1}, snapshot_seq + 1}) {
    const auto log = open_log(path);  // the second opening makes tables of what is there
    SKY_CHECK(log, "a log opens");
    for (std::uint64_t next = begin; next < begin + snapshot_seq; next += 10) {
      SKY_CHECK((*log)->append(sample_events(next, 10)), "a log takes events");
    }
    copy_as_killed(path, killed);
    if (begin == 1)
      SKY_CHECK((*log)->put_snapshot(sample_snapshot(snapshot_seq)), "a log takes a snapshot");
  }
  std::map<std::string, std::string> files;
  for (const auto& [file, size] : listing(killed)) {
    files[file.lexically_relative(killed).string()] = file_content(file);
  }
  return files;
}

enum class Manner : unsigned char { flip, overwrite, cut, append, zero_sector, swap_bytes, count };

// RocksDB 7 has no checksum over the last bytes of a table, which say how the rest is checked. Rot
// there may meet an assertion that Debian leaves on: loud, and nothing is lost, but the end of us.
constexpr std::size_t table_footer = 53;

void edit(std::string& content, std::span<const std::byte> how) {
  const auto number = [&](std::size_t i) { return static_cast<std::size_t>(how[i]); };
  const std::size_t offset = number(2) | number(3) << 8 | number(4) << 16;
  const auto value = static_cast<char>(how[5]);
  if (content.empty()) return;
  const std::size_t at = offset % content.size();
  switch (static_cast<Manner>(number(1) % static_cast<std::size_t>(Manner::count))) {
    case Manner::flip: content[at] = static_cast<char>(content[at] ^ (1 << (value & 7))); return;
    case Manner::overwrite: content[at] = value; return;
    case Manner::cut: content.resize(at); return;
    case Manner::append: content += std::string(offset % 1000, value); return;
    case Manner::zero_sector: {
      const std::size_t size = std::min<std::size_t>(512, content.size() - at);
      content.replace(at, size, size, '\0');
      return;
    }
    case Manner::swap_bytes: std::swap(content[at], content[number(6) % content.size()]); return;
    case Manner::count: return;
  }
}

// Every event that is read is the one that was written; with the mark untouched, all are there.
bool examine(const fs::path& path, bool is_mark_whole) {
  const QuickDisk quick(path.parent_path());
  const auto log = open_log(path);
  if (!log) {
    SKY_CHECK(!log.error().text.empty(), "a refusal says why");
    return false;
  }
  const std::uint64_t last = (*log)->position().durable.value;
  SKY_CHECK(last <= stored_events, "nothing is invented");
  SKY_CHECK(!is_mark_whole || last == stored_events, "nothing acknowledged is lost silently");
  std::uint64_t next = 1;
  const auto read = (*log)->read(core::Seq{1}, [&](const Commit& commit, auto) {
    for (const core::Event& event : commit.events) {
      SKY_CHECK(event == sample_event(next), "an event is read as it was written");
      ++next;
    }
    return true;
  });
  SKY_CHECK(!read || next == last + 1, "what is said to be there is read");
  const auto visited =
      (*log)->visit_snapshots([&](core::Seq seq, const core::Result<Snapshot>& one) {
        SKY_CHECK(!one || (seq.value == snapshot_seq &&
                           one->state == sample_snapshot(snapshot_seq).state),
                  "a snapshot is read as it was written");
        return true;
      });
  static_cast<void>(visited);  // an error is an answer
  return true;
}

}  // namespace

bool open_damaged_log(std::span<const std::byte> input) {
  static const auto original = make_log();
  auto files = original;
  bool is_mark_whole = true;
  for (std::size_t i = 0; i < most_edits && (i + 1) * edit_size <= input.size(); ++i) {
    const auto how = input.subspan(i * edit_size, edit_size);
    const auto file =
        std::next(files.begin(),
                  static_cast<std::ptrdiff_t>(static_cast<std::size_t>(how[0]) % files.size()));
    if (file->first == low_water_name) is_mark_whole = false;
    std::string footer;
    if (file->first.ends_with(".sst") && file->second.size() > table_footer) {
      footer = file->second.substr(file->second.size() - table_footer);
      file->second.resize(file->second.size() - table_footer);
    }
    edit(file->second, how);
    file->second += footer;
  }
  const TemporaryDirectory home(quick_place());
  const auto path = home / "log";
  fs::create_directories(path / database_name);
  for (const auto& [name, content] : files) set_file_content(path / name, content);
  return examine(path, is_mark_whole);
}

}  // namespace sky::fuzz
