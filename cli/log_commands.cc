#include "cli/log_commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

#include "adapters/durable_file.h"
#include "adapters/json.h"
#include "cli/api_client.h"
#include "cli/config.h"
#include "cli/daemon_process.h"
#include "cli/log_deep_check.h"
#include "cli/retention.h"
#include "cli/time_text.h"
#include "cli/truncation.h"
#include "events/log_check.h"
#include "events/log_repair.h"
#include "events/log_restore.h"

namespace sky::cli {
namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ErrorCode;
using core::Result;
using core::Seq;

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

std::uint64_t disk_bytes(const fs::path& directory) {
  std::uint64_t sum = 0;
  std::error_code failed;
  for (fs::recursive_directory_iterator entry(directory, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    std::error_code gone;  // a writer may just have deleted it
    const auto size = entry->is_regular_file(gone) ? entry->file_size(gone) : 0;
    if (!gone) sum += size;
  }
  return sum;
}

std::string time_or_dash(const std::optional<core::Stamp>& time) {
  return time ? utc_text(time->wall) + " UTC" : "-";
}

// Commands that write need the log for themselves.
Result<void> without_daemon(const Home& home, const char* what) {
  if (!daemon_answers(home)) return {};
  return Error{ErrorCode::locked, std::string("a daemon has this log open; `skyctl daemon stop` "
                                              "first (services go on serving), then ") +
                                      what};
}

// By the daemon when one runs; else here.
Result<void> copy_log(const Home& home, const fs::path& to) {
  if (daemon_answers(home)) {
    adapters::JsonWriter body;
    body.begin_object().member("to", to.string()).end_object();
    const auto answer = api_post(home, "/v1/log/backup", body.str());
    return answer ? Result<void>() : Result<void>(answer.error());
  }
  const auto log = events::open_log(home.log());
  if (!log) return log.error();
  return (*log)->backup(to);
}

Result<core::LogTruncated> truncate_by_daemon(const Home& home, Seq wanted) {
  adapters::JsonWriter body;
  body.begin_object().member("before", wanted.value).end_object();
  const auto answer = api_post(home, "/v1/log/truncate", body.str());
  if (!answer) return answer.error();
  const auto document = adapters::parse_json(*answer);
  if (!document) return document.error();
  const adapters::JsonView root(*document);
  const auto number = [&](const char* key) {
    return Seq{static_cast<std::uint64_t>(root.at(key).integer_or(0))};
  };
  return core::LogTruncated{number("first_kept"), number("snapshot"), {}};
}

Result<Seq> wanted_cut(const Home& home, const Moment& before) {
  if (before.seq) return before.seq;
  const auto log = events::open_log_read_only(home.log());
  if (!log) return log.error();
  return first_since(**log, *before.wall);
}

// What the log's files and the config say beside the check.
struct LogFacts {
  std::uint64_t disk_bytes = 0;  // of the whole directory
  std::uint64_t stored_bytes = 0;  // of the kept events: what the policy measures
  std::vector<std::pair<Seq, std::string>> snapshots;  // with what is said about them
  RetentionPolicy policy;
};

std::string info_json(const events::LogCheck& check, const LogFacts& facts) {
  adapters::JsonWriter json;
  json.begin_object().member("log_id", check.id).member("epoch", check.epoch);
  json.member("schema", check.schema).member("first_retained", check.first_retained.value);
  json.member("last", check.last.value).member("chain", std::uint64_t{check.chain});
  json.member("acknowledged", check.mark ? check.mark->seq.value : 0);
  json.member("commits", check.commits).member("events", check.events);
  json.member("bytes", check.bytes).member("disk_bytes", facts.disk_bytes);
  json.member("stored_bytes", facts.stored_bytes);
  for (const auto& [name, time] :
       {std::pair{"oldest_time", &check.oldest}, {"newest_time", &check.newest}}) {
    json.key(name);
    *time ? json.text(iso_text((*time)->wall)) : json.null();
  }
  json.key("retention").begin_object();
  if (facts.policy.max_age) json.member("max_age_us", facts.policy.max_age->count());
  if (facts.policy.max_bytes) json.member("max_bytes", *facts.policy.max_bytes);
  json.end_object();
  json.key("snapshots").begin_array();
  for (const auto& [seq, note] : facts.snapshots)
    json.begin_object().member("seq", seq.value).member("note", note).end_object();
  json.end_array().end_object();
  return json.take();
}

std::vector<std::pair<Seq, std::string>> stored_snapshots(const events::Log& log) {
  std::vector<std::pair<Seq, std::string>> found;
  static_cast<void>(log.visit_snapshots([&](Seq seq, const Result<events::Snapshot>& one) {
    found.emplace_back(seq, one ? fmt::format("{} bytes, hash {:016x}, skyctl {}",
                                              one->state.size(), one->state_hash, one->writer)
                                : one.error().text);
    return true;
  }));
  return found;
}

}  // namespace

Result<void> log_info(const Home& home, bool as_json, std::ostream& out) {
  const auto config = read_config(home);
  if (!config) return config.error();
  const auto check = events::check_log(home.log());
  if (!check) return check.error();
  LogFacts facts;
  facts.policy = config->retention;
  facts.disk_bytes = disk_bytes(home.log());
  if (const auto log = events::open_log_read_only(home.log()); log) {
    facts.snapshots = stored_snapshots(**log);
    if (const auto bytes = (*log)->stored_bytes(check->first_retained); bytes)
      facts.stored_bytes = *bytes;
  }
  if (as_json) {
    out << info_json(*check, facts) << '\n';
    return {};
  }
  const auto mebibytes = [](std::uint64_t bytes) { return static_cast<double>(bytes) / mebibyte; };
  out << "Log           " << check->id << " in " << home.log().string() << '\n'
      << "Events        #" << check->first_retained.value << " to #" << check->last.value << " ("
      << check->events << " in " << check->commits << " commits)\n"
      << "Acknowledged  "
      << (check->mark ? "#" + std::to_string(check->mark->seq.value) : "unknown") << '\n'
      << "Times         " << time_or_dash(check->oldest) << " to " << time_or_dash(check->newest)
      << '\n'
      << fmt::format(
             "Size          {:.1f} MiB on disk, {:.1f} MiB of it events ({:.1f} MiB as they "
             "are read)\n",
             mebibytes(facts.disk_bytes), mebibytes(facts.stored_bytes), mebibytes(check->bytes))
      << "Retention     " << policy_text(facts.policy) << '\n'
      << "Starts        " << check->epoch << ", schema " << check->schema << '\n';
  if (facts.snapshots.empty()) out << "Snapshots     none\n";
  for (const auto& [seq, note] : facts.snapshots)
    out << "Snapshot      of #" << seq.value << ": " << note << '\n';
  if (check->damage) out << "DAMAGED       " << check->damage->text << "\n";
  return {};
}

Result<void> log_verify(const fs::path& directory, bool deep, std::ostream& out) {
  const auto found = deep ? deep_check(directory) : plain_check(directory);
  if (!found) return found.error();
  const events::LogCheck& check = found->check;
  if (check.damage) {
    std::string text = "the log in " + directory.string() + " is good up to event " +
                       std::to_string(check.last.value) + "; then: " + check.damage->text;
    if (check.mark && check.mark->seq > check.last)
      text += ". Events up to " + std::to_string(check.mark->seq.value) +
              " were acknowledged. Put a backup in its place (`skyctl log restore`), or go on with "
              "`skyctl log repair --accept-loss-after " +
              std::to_string(check.last.value) + "`";
    return Error{check.damage->code, text};
  }
  for (const std::string& line : found->snapshots) out << line << '\n';
  if (found->wrong_snapshots > 0)
    return Error{ErrorCode::corrupt, std::to_string(found->wrong_snapshots) +
                                         " snapshot(s) do not verify; a start passes them over"};
  out << "Good: " << check.events << " events in " << check.commits << " commits, #"
      << check.first_retained.value << " to #" << check.last.value << ", chain "
      << fmt::format("{:08x}", check.chain) << ".\n";
  return {};
}

Result<void> log_backup(const Home& home, const fs::path& to, std::ostream& out) {
  const fs::path wanted = fs::absolute(to);
  if (auto made = adapters::make_private_directory(wanted); !made) return made.error();
  const fs::path copy = wanted / ("log-copying-" + std::to_string(::getpid()));
  if (auto copied = copy_log(home, copy); !copied) return copied.error();
  const auto check = plain_check(copy);
  std::error_code failed;
  if (!check || check->check.damage) {
    fs::remove_all(copy, failed);
    return Error{ErrorCode::corrupt, "the copy does not verify and was removed: " +
                                         (check ? check->check.damage->text : check.error().text)};
  }
  const fs::path target = wanted / ("log-" + std::to_string(check->check.last.value));
  if (fs::exists(target, failed)) {
    fs::remove_all(copy, failed);
    out << "Nothing has happened since " << target.string() << ".\n";
    return {};
  }
  fs::rename(copy, target, failed);
  if (failed) return Error{ErrorCode::io, "naming " + target.string() + ": " + failed.message()};
  out << "Verified copy of " << check->check.events << " events, up to #" << check->check.last.value
      << ": " << target.string() << '\n';
  return {};
}

Result<void> log_restore(const Home& home, const fs::path& from, std::ostream& out) {
  if (auto alone = without_daemon(home, "restore"); !alone) return alone;
  const auto before = events::read_low_water(home.log() / events::low_water_name);
  if (!before) return before.error();
  const auto restored = events::restore_log(from, home.log());
  if (!restored) return restored.error();
  out << "The log is now the backup, up to #" << restored->last.value << ". What was there is in "
      << (home.log() / "db.torn").string() << ".\n";
  if (*before && (*before)->seq > restored->last)
    out << "Events up to #" << (*before)->seq.value << " were acknowledged since: run `skyctl log "
        << "repair --accept-loss-after " << restored->last.value << "` to go on without them.\n";
  return {};
}

Result<void> log_repair(const Home& home, Seq accept_loss_after, core::WallTime now,
                        std::ostream& out) {
  if (auto alone = without_daemon(home, "repair"); !alone) return alone;
  const auto repaired = events::repair_log(home.log(), accept_loss_after, now);
  if (!repaired) return repaired.error();
  out << "Kept everything up to #" << repaired->kept.value
      << "; lost: " << repaired->acknowledged.value - repaired->kept.value
      << " acknowledged events. The damaged files are in " << (home.log() / "db.torn").string()
      << ".\nThe next start of the daemon lists every machine of this log and ends those that "
         "nobody remembers.\n";
  return {};
}

Result<void> log_truncate(const Home& home, const Moment& before, core::WallTime now,
                          std::ostream& out) {
  const auto wanted = wanted_cut(home, before);
  if (!wanted) return wanted.error();
  Result<core::LogTruncated> done = Error{};
  if (daemon_answers(home)) {
    done = truncate_by_daemon(home, *wanted);
  } else {
    const auto log = events::open_log(home.log());
    if (!log) return log.error();
    done = truncate_log(**log, {*wanted, "asked to by `skyctl log truncate`"}, now);
  }
  if (!done) return done.error();
  out << "The log begins at #" << done->first_kept.value << "; the state is in the snapshot of #"
      << done->snapshot.value << ".\n";
  if (done->first_kept < *wanted)
    out << "Events from there to #" << wanted->value << " stay: something still open, or an older "
        << "snapshot, needs them.\n";
  return {};
}

}  // namespace sky::cli
