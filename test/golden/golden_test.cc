// Logs written by released schemas, as files: each must verify, fold to the state that was seen
// when it was recorded, and have every decision made again. test/golden/README.md.
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "adapters/json.h"
#include "cli/history.h"
#include "cli/log_deep_check.h"
#include "cli/print_status.h"
#include "cli/replay.h"
#include "projections/storms.h"
#include "test/events/temporary_directory.h"

namespace sky::cli {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> recordings() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(SKY_GOLDEN_LOGS))
    if (fs::is_directory(entry.path() / "log")) found.push_back(entry.path());
  return found;
}

ReplaySource source_of(const fs::path& recording) { return {recording / "log"}; }

// Those that were cut off, too: the log that is left.
std::vector<fs::path> truncated_recordings() {
  std::vector<fs::path> found;
  for (const fs::path& recording : recordings())
    if (fs::is_directory(recording / "truncated")) found.push_back(recording);
  return found;
}

std::string read_text(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<core::Event> events_of(const fs::path& recording) {
  std::vector<core::Event> events;
  const auto read = read_source(source_of(recording), core::Seq{1}, [&](const core::Event& event) {
    events.push_back(event);
    return true;
  });
  BOOST_TEST_REQUIRE(read.has_value(), (read ? "" : read.error().text));
  return events;
}

void expect_status(const fs::path& recording, const ReplaySource& source) {
  const std::string expected = read_text(recording / "status.txt");  // "#SEQ", then the status
  const std::size_t end = expected.find('\n');
  BOOST_TEST_REQUIRE(end != std::string::npos);
  const core::Seq seq{std::stoull(expected.substr(1, end - 1))};
  const auto past = state_at(source, Moment{seq, {}});
  BOOST_TEST_REQUIRE(past.has_value(), (past ? "" : past.error().text));
  const auto status = render_status(
      past->model, past->now, {.service = {}, .verbose = false, .json = false, .color = false});
  BOOST_TEST_REQUIRE(status.has_value());
  BOOST_TEST(*status == expected.substr(end + 1));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(golden)

BOOST_AUTO_TEST_CASE(there_is_a_recorded_log_and_each_is_read_without_damage) {
  BOOST_TEST_REQUIRE(!recordings().empty());
  for (const fs::path& recording : recordings()) {
    BOOST_TEST_CONTEXT(recording.filename()) {
      const auto events = events_of(recording);
      BOOST_TEST_REQUIRE(events.size() > 200U);
      for (std::size_t i = 0; i < events.size(); ++i) {
        BOOST_TEST_REQUIRE(events[i].seq.value == i + 1);
        BOOST_TEST(!std::holds_alternative<core::UnknownEvent>(events[i].body));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(the_status_in_the_middle_of_the_storm_is_the_one_that_was_recorded) {
  for (const fs::path& recording : recordings()) BOOST_TEST_CONTEXT(recording.filename()) {
      expect_status(recording, source_of(recording));
    }
}

BOOST_AUTO_TEST_CASE(at_the_end_everything_is_gone_again) {
  for (const fs::path& recording : recordings()) {
    const auto past = state_at(source_of(recording), {});
    BOOST_TEST_REQUIRE(past.has_value());
    BOOST_TEST(past->model.services.empty());
    BOOST_TEST(past->model.orphans.empty());
    BOOST_TEST(past->model.last_replica_ids.at("llama3") >= 6U);
  }
}

BOOST_AUTO_TEST_CASE(every_recorded_decision_is_made_again) {
  for (const fs::path& recording : recordings()) {
    const auto answer = verify_decisions(source_of(recording), {}, false, true);
    BOOST_TEST_REQUIRE(answer.has_value());
    const fs::path diverges = recording / "diverges.txt";
    const std::string known = fs::exists(diverges) ? read_text(diverges) : "";
    BOOST_TEST(answer->is_identical == known.empty(), recording.filename() << ": " << answer->text);
    if (!known.empty()) BOOST_TEST(answer->text == known);
  }
}

BOOST_AUTO_TEST_CASE(a_log_that_an_older_release_cut_off_goes_on_from_the_base_it_wrote) {
  BOOST_TEST_REQUIRE(!truncated_recordings().empty());
  for (const fs::path& recording : truncated_recordings()) {
    BOOST_TEST_CONTEXT(recording.filename()) {
      const events::TemporaryDirectory home;
      fs::copy(recording / "truncated", home / "log", fs::copy_options::recursive);
      const auto found = deep_check(home / "log");
      BOOST_TEST_REQUIRE(found.has_value(), (found ? "" : found.error().text));
      BOOST_TEST(!found->check.damage);
      BOOST_TEST(found->check.first_retained.value > 1U);
      BOOST_TEST(found->wrong_snapshots == 0U);
      expect_status(recording, {home / "log"});
      const auto answer = verify_decisions({home / "log"}, {}, false, true);
      BOOST_TEST_REQUIRE(answer.has_value(), (answer ? "" : answer.error().text));
      BOOST_TEST(answer->is_identical, answer->text);
      // A daemon of today starts on it.
      const auto log = events::open_log(home / "log");
      BOOST_TEST_REQUIRE(log.has_value(), (log ? "" : log.error().text));
      const auto folded = fold_history(**log);
      BOOST_TEST_REQUIRE(folded.has_value(), (folded ? "" : folded.error().text));
      BOOST_TEST(folded->rejected.empty());
      BOOST_TEST(folded->model.last_replica_ids.at("llama3") >= 6U);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_storm_that_was_caused_is_found_and_told_as_it_was) {
  for (const fs::path& recording : recordings()) {
    BOOST_TEST_CONTEXT(recording.filename()) {
      projections::StormFinder finder;
      for (const core::Event& event : events_of(recording)) finder.add(event);
      const auto storms = finder.storms();
      BOOST_TEST_REQUIRE(storms.size() == 1U);
      const auto json = adapters::parse_json(read_text(recording / "storms.json"));
      BOOST_TEST_REQUIRE(json.has_value());
      const auto told = adapters::JsonView(*json).at("storms").at(0);
      const projections::Storm& storm = storms.front();
      BOOST_TEST(storm.preempted == 2U);
      BOOST_TEST(storm.recovered.has_value());
      BOOST_TEST(*told.at("first_seq").as_integer() ==
                 static_cast<std::int64_t>(storm.first.value));
      BOOST_TEST(*told.at("depth").as_integer() == storm.depth);
      BOOST_TEST(*told.at("below_target_us").as_integer() == storm.below.count());
      BOOST_TEST(told.at("decisions").size() == storm.decisions.size());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::cli
