// Which events `skyctl events` shows: each option by a table.
#include "cli/event_filter.h"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

namespace sky::cli {
namespace {

using core::seconds;

// 2026-11-23 19:20:00 UTC.
constexpr core::WallTime now{seconds(1795461600)};

core::Event event_of(std::uint64_t seq, core::ServiceName service, std::uint32_t replica,
                     core::EventBody body) {
  core::Event event;
  event.seq = core::Seq{seq};
  event.service = std::move(service);
  event.replica = core::ReplicaId{replica};
  event.body = std::move(body);
  event.time.wall = now;
  return event;
}

BOOST_AUTO_TEST_SUITE(cli_event_filter)

BOOST_AUTO_TEST_CASE(an_empty_filter_shows_everything) {
  BOOST_TEST(matches(EventFilter{}, event_of(1, "a", 1, core::ProbeAnswered{})));
}

BOOST_AUTO_TEST_CASE(service_replica_type_and_first_sequence_all_have_to_fit) {
  EventFilter filter;
  filter.service = "llama3";
  filter.replica = core::ReplicaId{3};
  filter.types = {"PreemptionNoticed"};
  filter.first = core::Seq{40};
  const core::EventBody notice = core::PreemptionNoticed{};
  BOOST_TEST(matches(filter, event_of(42, "llama3", 3, notice)));
  BOOST_TEST(!matches(filter, event_of(42, "other", 3, notice)));
  BOOST_TEST(!matches(filter, event_of(42, "llama3", 4, notice)));
  BOOST_TEST(!matches(filter, event_of(39, "llama3", 3, notice)));
  BOOST_TEST(!matches(filter, event_of(42, "llama3", 3, core::ReplicaStarted{})));
}

BOOST_AUTO_TEST_CASE(since_takes_a_sequence_a_time_ago_or_a_utc_time) {
  struct Row {
    const char* text;
    std::uint64_t first;
    core::Duration before_now;
  };
  const std::vector<Row> rows = {
      {"42", 42, {}},
      {"#42", 42, {}},
      {"90s", 0, seconds(90)},
      {"10m", 0, seconds(600)},
      {"2h", 0, seconds(7200)},
      {"1d", 0, seconds(86400)},
      {"2026-11-23T19:19:00", 0, seconds(60)},
      {"2026-11-23 19:19", 0, seconds(60)},
      {"2026-11-23T19:19:00Z", 0, seconds(60)},
      {"2026-11-23", 0, seconds(19 * 3600 + 20 * 60)},
  };
  for (const Row& row : rows) {
    BOOST_TEST_CONTEXT(row.text) {
      EventFilter filter;
      BOOST_TEST(set_since(filter, row.text, now).has_value());
      BOOST_TEST(filter.first.value == row.first);
      if (row.first == 0) BOOST_TEST((now - *filter.not_before).count() == row.before_now.count());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_since_that_cannot_be_read_is_refused_with_what_can_be_said) {
  for (const char* text : {"", "x", "10x", "-5", "m", "2026-13-01", "99999999999h"}) {
    BOOST_TEST_CONTEXT(text) {
      EventFilter filter;
      const auto set = set_since(filter, text, now);
      BOOST_TEST_REQUIRE(!set.has_value());
      BOOST_TEST(static_cast<int>(set.error().code) == static_cast<int>(core::ErrorCode::usage));
      BOOST_TEST(set.error().text.find("10m") != std::string::npos);
    }
  }
}

BOOST_AUTO_TEST_CASE(events_before_the_given_time_are_left_out) {
  EventFilter filter;
  BOOST_TEST(set_since(filter, "10m", now).has_value());
  core::Event event = event_of(1, "a", 0, core::RemovalRequested{});
  event.time.wall = now - seconds(601);
  BOOST_TEST(!matches(filter, event));
  event.time.wall = now - seconds(600);
  BOOST_TEST(matches(filter, event));
}

BOOST_AUTO_TEST_CASE(a_type_is_found_in_any_case_and_a_wrong_one_names_its_neighbours) {
  EventFilter filter;
  BOOST_TEST(add_type(filter, "preemptionnoticed").has_value());
  BOOST_TEST(filter.types.at(0) == "PreemptionNoticed");
  const auto wrong = add_type(filter, "PreemptionNotice");
  BOOST_TEST_REQUIRE(!wrong.has_value());
  BOOST_TEST(wrong.error().text.find("PreemptionNoticed") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::cli
