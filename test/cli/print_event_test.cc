#include "cli/print_event.h"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <ctime>
#include <string>

#include "adapters/json.h"
#include "cli/table.h"
#include "cli/time_text.h"

namespace sky::cli {
namespace {

// 2026-11-23 19:20:01.123456 UTC
core::WallTime some_wall() { return core::WallTime(core::Duration(1'795'461'601'123'456)); }

core::Event noticed() {
  core::Event event;
  event.seq = {42};
  event.time = {core::Instant(core::seconds(100)), some_wall()};
  event.cause = {40};
  event.actor = core::Actor::cloud;
  event.service = "llama3";
  event.replica = {3};
  event.body = core::PreemptionNoticed{core::Instant(core::seconds(220)), "spot \"reclaim\""};
  return event;
}

template <std::size_t... index>
void check_json_of_all(std::index_sequence<index...>) {
  const auto check = [](core::EventBody body) {
    core::Event event = noticed();
    event.body = std::move(body);
    const auto json = adapters::parse_json(event_json(event));
    BOOST_REQUIRE_MESSAGE(json.has_value(), core::type_name(event.body));
    const adapters::JsonView root(*json);
    BOOST_TEST(*root.at("type").as_text() == core::type_name(event.body));
    BOOST_TEST(root.at("body").members().has_value());
  };
  (check(std::variant_alternative_t<index, core::EventBody>{}), ...);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cli_print_event)

BOOST_AUTO_TEST_CASE(a_line_has_time_number_subject_type_sentence_and_cause) {
  BOOST_TEST(event_line(noticed(), {.utc = true, .color = false}) ==
             "2026-11-23 19:20:01.123 #42 llama3/3 PreemptionNoticed  the cloud takes the machine "
             "in 120 s: spot \"reclaim\"  [because #40]");

  core::Event event = noticed();
  event.service = "";
  event.replica = {};
  event.cause = {};
  event.body = core::DaemonStopped{"a signal"};
  BOOST_TEST(event_line(event, {.utc = true, .color = false}) ==
             "2026-11-23 19:20:01.123 #42 - DaemonStopped  the daemon stopped: a signal");
}

BOOST_AUTO_TEST_CASE(a_line_stays_one_line_and_cannot_repaint_the_terminal) {
  core::Event event = noticed();
  event.body = core::InstanceLost{"first\nsecond\x1b[2J", true};

  BOOST_TEST(event_line(event, {.utc = true, .color = false}) ==
             "2026-11-23 19:20:01.123 #42 llama3/3 InstanceLost  its program ended: first | "
             "second?[2J  [because #40]");
  const std::string colored_line = event_line(event, {.utc = true, .color = true});
  BOOST_TEST(colored_line.find("\x1b[31mInstanceLost\x1b[0m") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_object_has_the_promised_fields) {
  const auto json = adapters::parse_json(event_json(noticed()));

  BOOST_REQUIRE(json.has_value());
  const adapters::JsonView root(*json);
  BOOST_TEST(*root.at("seq").as_integer() == 42);
  BOOST_TEST(*root.at("time").as_text() == "2026-11-23T19:20:01.123456Z");
  BOOST_TEST(*root.at("at_us").as_integer() == 100'000'000);
  BOOST_TEST(*root.at("type").as_text() == "PreemptionNoticed");
  BOOST_TEST(*root.at("cause").as_integer() == 40);
  BOOST_TEST(*root.at("actor").as_text() == "cloud");
  BOOST_TEST(*root.at("service").as_text() == "llama3");
  BOOST_TEST(*root.at("replica").as_integer() == 3);
  BOOST_TEST(*root.at("body").at("deadline_us").as_integer() == 220'000'000);
  BOOST_TEST(*root.at("body").at("text").as_text() == "spot \"reclaim\"");
}

BOOST_AUTO_TEST_CASE(every_event_is_valid_json) {
  check_json_of_all(std::make_index_sequence<std::variant_size_v<core::EventBody>>());
}

BOOST_AUTO_TEST_CASE(a_registered_service_shows_no_value_that_may_be_a_credential) {
  core::ServiceRegistered registered;
  registered.spec.task.envs = {{"TOKEN", "hunter2"}};
  registered.spec.probe.headers = {{"Authorization", "Bearer hunter3"}};
  core::Event event = noticed();
  event.body = registered;

  BOOST_TEST(event_json(event).find("hunter") == std::string::npos);
  BOOST_TEST(event_json(event).find("\"TOKEN\"") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(cli_table)

BOOST_AUTO_TEST_CASE(a_plain_table_is_aligned_and_has_no_trailing_spaces) {
  const Table table{{"NAME", "STATUS", "X"},
                    {{"a-long-name", colored("READY", Color::green, true), "-"}, {"b", "", ""}}};

  BOOST_TEST(plain_table(table) ==
             "NAME         STATUS  X\n"
             "a-long-name  \x1b[32mREADY\x1b[0m   -\n"
             "b\n");
}

BOOST_AUTO_TEST_CASE(ages_and_uptimes_are_those_of_the_example) {
  BOOST_TEST(ago_text(core::seconds(7)) == "7 secs ago");
  BOOST_TEST(ago_text(core::seconds(1)) == "1 sec ago");
  BOOST_TEST(ago_text(core::seconds(0)) == "0 secs ago");
  BOOST_TEST(ago_text(core::seconds(60)) == "1 min ago");
  BOOST_TEST(ago_text(core::seconds(55 * 60 + 59)) == "55 mins ago");
  BOOST_TEST(ago_text(core::seconds(3600)) == "1 hr ago");
  BOOST_TEST(ago_text(core::seconds(2 * 86'400)) == "2 days ago");
  BOOST_TEST(ago_text(core::seconds(-5)) == "0 secs ago");
  BOOST_TEST(uptime_text(core::seconds(54 * 60 + 17)) == "54m 17s");
  BOOST_TEST(uptime_text(core::seconds(86'400 + 2 * 3600 + 3)) == "1d 2h 3s");
  BOOST_TEST(uptime_text(core::seconds(0)) == "0s");
}

BOOST_AUTO_TEST_CASE(local_times_follow_the_zone) {
  BOOST_TEST(utc_text(some_wall()) == "2026-11-23 19:20:01.123");
  BOOST_TEST(iso_text(core::WallTime(core::Duration(5))) == "1970-01-01T00:00:00.000005Z");
  BOOST_TEST(local_text(some_wall()).size() == utc_text(some_wall()).size());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::cli
