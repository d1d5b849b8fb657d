#include "cli/log_deep_check.h"

#include <map>
#include <optional>
#include <utility>

#include "cli/model_snapshot.h"

namespace sky::cli {
namespace {

using core::Result;
using core::Seq;
using Stored = std::map<Seq, Result<events::Snapshot>>;

// Folds commit by commit and compares where there is a snapshot.
class Refold {
 public:
  Refold(LogFindings& findings, Stored stored, core::LogId id)
      : findings_(findings), stored_(std::move(stored)), id_(std::move(id)) {}

  // A truncated log: the oldest snapshot that what is kept continues.
  bool begin_at(Seq first) {
    if (first.value == 1) return true;
    for (const auto& [seq, snapshot] : stored_) {
      if (!snapshot || seq.next() < first) continue;
      auto model = load_base(*snapshot, id_);
      if (!model) continue;
      model_ = std::move(*model);
      say(seq, "taken as it is: the events before it are not kept");
      stored_.erase(seq);
      return true;
    }
    findings_.snapshots.push_back("No snapshot reaches the beginning of this truncated log.");
    ++findings_.wrong_snapshots;
    return false;
  }

  void take(const events::Commit& commit) {
    for (const core::Event& event : commit.events) {
      if (event.seq <= model_.seq) continue;
      projections::evolve(model_, event);
      const auto found = stored_.find(event.seq);
      if (found != stored_.end()) compare(event.seq, found->second);
      if (found != stored_.end()) stored_.erase(found);
    }
  }

  void finish() {
    for (const auto& [seq, snapshot] : stored_)
      wrong(seq, snapshot ? "is of no event that is kept" : snapshot.error().text);
  }

 private:
  void compare(Seq seq, const Result<events::Snapshot>& snapshot) {
    if (!snapshot) return wrong(seq, snapshot.error().text);
    if (snapshot->format < model_format) return say(seq, "is of an older form and not used");
    const auto loaded = load_snapshot(*snapshot, id_);
    if (!loaded) return wrong(seq, loaded.error().text);
    if (*loaded != model_)  // the hash of the stored bytes was compared when they were read
      return wrong(seq, "is another state than the events before it lead to");
    say(seq, "is what the events lead to");
  }
  void say(Seq seq, const std::string& text) {
    findings_.snapshots.push_back("Snapshot of #" + std::to_string(seq.value) + " " + text + ".");
  }
  void wrong(Seq seq, const std::string& text) {
    say(seq, "does NOT verify: " + text);
    ++findings_.wrong_snapshots;
  }

  LogFindings& findings_;
  Stored stored_;
  core::LogId id_;
  projections::Model model_;
};

}  // namespace

Result<LogFindings> plain_check(const std::filesystem::path& directory) {
  auto check = events::check_log(directory);
  if (!check) return check.error();
  return LogFindings{std::move(*check), {}, 0};
}

Result<LogFindings> deep_check(const std::filesystem::path& directory) {
  auto plain = plain_check(directory);
  if (!plain || plain->check.damage) return plain;
  const auto log = events::open_log_read_only(directory);
  if (!log) return log.error();
  Stored stored;
  auto visited = (*log)->visit_snapshots([&](Seq seq, const Result<events::Snapshot>& one) {
    stored.emplace(seq, one);
    return true;
  });
  if (!visited) return visited.error();
  LogFindings findings{std::move(plain->check), {}, 0};
  Refold refold(findings, std::move(stored), (*log)->id());
  if (refold.begin_at((*log)->position().first_retained)) {
    auto read = (*log)->read(Seq{}, [&](const events::Commit& commit, std::span<const std::byte>) {
      refold.take(commit);
      return true;
    });
    if (!read) return read.error();
  }
  refold.finish();
  return findings;
}

}  // namespace sky::cli
