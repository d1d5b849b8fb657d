// kill -9 in the middle of a truncation, before each change that it makes to the disk: the log
// opens, verifies, has the same state and past, and is cut off when that is asked for again.
#include <spawn.h>
#include <sys/wait.h>

#include <map>
#include <string>

#include "cli/history.h"
#include "cli/log_deep_check.h"
#include "events/opening.h"
#include "test/cli/generated_log.h"
#include "test/crash/stored_files.h"

extern char** environ;

namespace sky::cli {
namespace {

namespace fs = std::filesystem;
using core::Seq;
using projections::Model;

constexpr std::size_t tables = 6;  // files of events; four of them go as they are
constexpr std::uint64_t patience = 500;  // with more changes of the disk it has gone wild

// How the truncator ended.
enum class End { done, killed };

End run_truncator(const fs::path& log, Seq before, std::uint64_t nth) {
  const auto& suite = boost::unit_test::framework::master_test_suite();
  BOOST_TEST_REQUIRE(suite.argc == 2, "the path of crash_truncator is given after --");
  std::string words[] = {suite.argv[1], log.string(), std::to_string(before.value),
                         std::to_string(nth)};
  char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), nullptr};
  pid_t child = 0;
  BOOST_REQUIRE(::posix_spawn(&child, arguments[0], nullptr, nullptr, arguments, environ) == 0);
  int status = 0;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  const bool is_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  BOOST_TEST_REQUIRE((is_killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0)),
                     "the truncator ended with status " << status);
  return is_killed ? End::killed : End::done;
}

std::optional<core::LogTruncated> last_truncation(const events::Log& log) {
  std::optional<core::LogTruncated> found;
  BOOST_REQUIRE(log.read({}, [&](const events::Commit& commit, std::span<const std::byte>) {
    for (const core::Event& event : commit.events)
      if (const auto* fact = std::get_if<core::LogTruncated>(&event.body)) found = *fact;
    return true;
  }));
  return found;
}

std::size_t snapshots_in(const events::Log& log) {
  std::size_t count = 0;
  BOOST_REQUIRE(log.visit_snapshots([&](Seq, const core::Result<events::Snapshot>& one) {
    BOOST_TEST(one.has_value(), (one ? "" : one.error().text));
    ++count;
    return true;
  }));
  return count;
}

// What was done of it, by what is there.
std::string stage_of(const events::Log& log) {
  if (log.position().first_retained.value > 1) return "what was to go is going";
  if (last_truncation(log)) return "the truncation is recorded";
  const std::size_t snapshots = snapshots_in(log);
  if (snapshots == 1) return "nothing is done";  // but what was there before
  return snapshots == 2 ? "the present is stored" : "the base is stored";
}

struct Fixture : GeneratedLog {
  const fs::path original = home / "original";
  const fs::path world = home / "world";
  Model model;  // of all of it
  Seq before;  // the truncation wanted: all but the newest third

  Fixture() {
    RandomHistory history(11);
    history.live(80);
    fs::create_directory(original);
    path = original / "log";
    const auto log = log_with(history.world.events, tables - 1);
    model = whole(*log);
    before = commit_of(*log, Seq{model.seq.value * 2 / 3});
    put(*log, folded(*log, Seq{model.seq.value * 3 / 4}));
    path = world / "log";
  }

  // Kills the truncation of a copy before its nth change of the disk.
  End kill_before(std::uint64_t nth) {
    fs::remove_all(world);
    fs::copy(original, world, fs::copy_options::recursive);
    return run_truncator(path, before, nth);
  }
  std::size_t tables_left() const {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator(path / events::database_name))
      if (entry.path().extension() == ".sst") ++count;
    return count;
  }
  void expect_whole() const;
};

// The same state as before, to be told from the first kept event on, and everything verifies.
void Fixture::expect_whole() const {
  {
    const auto log = opened();
    const events::Position position = log->position();
    const auto recorded = last_truncation(*log);
    BOOST_TEST(position.durable.value == model.seq.value + (recorded ? 1U : 0U));
    if (position.first_retained.value > 1) {
      BOOST_REQUIRE(recorded);  // an event first, and only then it goes
      BOOST_TEST(recorded->first_kept.value == position.first_retained.value);
    }
    auto now = fold_history(*log);
    auto past = oldest_base(*log);
    BOOST_TEST_REQUIRE(now.has_value(), (now ? "" : now.error().text));
    BOOST_TEST_REQUIRE(past.has_value(), (past ? "" : past.error().text));
    BOOST_REQUIRE(log->read({}, [&](const events::Commit& commit, std::span<const std::byte>) {
      for (const core::Event& event : commit.events)
        if (event.seq > past->model.seq) projections::evolve(past->model, event);
      return true;
    }));
    BOOST_TEST((past->model == now->model));
    now->model.seq = model.seq;
    now->model.now = model.now;
    BOOST_TEST((now->model == model));
  }
  const auto found = deep_check(path);
  BOOST_TEST_REQUIRE(found.has_value(), (found ? "" : found.error().text));
  BOOST_TEST(!found->check.damage, (found->check.damage ? found->check.damage->text : ""));
  BOOST_TEST(found->wrong_snapshots == 0U);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(truncation_kill, Fixture)

BOOST_AUTO_TEST_CASE(killed_before_any_change_of_the_disk_a_truncation_leaves_a_whole_log) {
  std::map<std::string, int> kills;
  std::uint64_t nth = 1;
  for (; kill_before(nth) == End::killed; ++nth) {
    BOOST_TEST_CONTEXT("killed before change " << nth) {
      BOOST_TEST_REQUIRE(nth < patience);
      ++kills[stage_of(*opened())];
      expect_whole();
      const auto again = truncate_log(*opened(), {before, "again"}, noon);
      BOOST_TEST_REQUIRE(again.has_value(), (again ? "" : again.error().text));
      BOOST_TEST(again->first_kept.value == before.value);
      BOOST_TEST(opened()->position().first_retained.value == before.value);
      const auto found = deep_check(path);
      BOOST_REQUIRE(found);
      BOOST_TEST(!found->check.damage);
      BOOST_TEST(found->wrong_snapshots == 0U);
    }
  }
  expect_whole();
  BOOST_TEST(opened()->position().first_retained.value == before.value);
  for (const char* stage : {"nothing is done", "the present is stored", "the base is stored",
                            "the truncation is recorded", "what was to go is going"})
    BOOST_TEST(kills[stage] > 0, "no kill while " << stage);
  std::string told;
  for (const auto& [stage, count] : kills)
    told += " While " + stage + ": " + std::to_string(count) + ".";
  BOOST_TEST_MESSAGE(nth - 1 << " kills, and the log was whole after each." << told);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::cli
