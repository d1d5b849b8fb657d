#include "lb/report_queue.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <vector>

#include "lb/access_log.h"
#include "lb/process_lock.h"
#include "lb/table_cache.h"

namespace sky::lb {
namespace {

struct TempDir {
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "sky-lb-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~TempDir() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

unsigned mode_of(const std::filesystem::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 0777 : 0;
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

core::TrafficReported traffic(std::uint32_t arrivals, std::uint32_t in_flight) {
  core::TrafficReported report{"svc", {}};
  report.sample.period = core::seconds(1);
  report.sample.arrivals = arrivals;
  report.sample.in_flight = in_flight;
  report.sample.latency_p99 = core::milliseconds(arrivals);
  return report;
}

core::RoutingSnapshot some_table() {
  core::RoutingSnapshot table;
  table.seq = {42};
  core::RoutedService& service = table.services["svc"];
  service.name = "svc";
  service.port = 30001;
  service.routes[{7}] = {.replica = {7},
                         .host = "10.0.0.1",
                         .port = 8000,
                         .state = core::RouteState::ready,
                         .version = {1},
                         .accelerator = "T4",
                         .drain_deadline = {}};
  return table;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(files_and_reports)

BOOST_AUTO_TEST_CASE(arrivals_add_up_while_the_daemon_is_away) {
  std::vector<core::InputBody> sent;
  bool connected = true;
  ReportQueue queue([&](const core::InputBody& body) {
    if (connected) sent.push_back(body);
    return connected;
  });
  queue.add(traffic(1, 9));
  queue.add(core::HoldReported{"svc", 1, 0, "x"});
  queue.add(core::HoldReported{"svc", 0, 2, "shed"});
  queue.add(core::ReplicaReported{"svc", {1}, core::EndpointChange::drained, ""});
  queue.add(traffic(2, 3));
  BOOST_TEST(sent.empty());

  queue.set_live(true);
  BOOST_REQUIRE(sent.size() == 2U);
  const auto& sample = std::get<core::TrafficReported>(sent[0]).sample;
  BOOST_TEST(sample.arrivals == 3U);
  BOOST_TEST(sample.in_flight == 3U);
  BOOST_TEST((sample.period == core::seconds(2)));
  BOOST_TEST((sample.latency_p99 == core::milliseconds(2)));
  BOOST_TEST(std::get<core::HoldReported>(sent[1]).shed == 2U);

  connected = false;  // noticed only when sending fails
  queue.add(traffic(4, 1));
  connected = true;
  queue.add(traffic(5, 1));
  BOOST_TEST(sent.size() == 2U);
  queue.set_live(true);
  BOOST_TEST(std::get<core::TrafficReported>(sent.back()).sample.arrivals == 9U);
}

BOOST_AUTO_TEST_CASE(table_survives_on_disk_and_damage_is_noticed) {
  const TempDir home;
  const TableCache cache(home.path / "lb.table");
  BOOST_TEST(!cache.load()->has_value());
  BOOST_REQUIRE(cache.store(some_table()).has_value());
  BOOST_TEST((**cache.load() == some_table()));
  BOOST_TEST(mode_of(home.path / "lb.table") == 0600U);

  const std::string good = content_of(home.path / "lb.table");
  for (std::size_t at = 0; at < good.size(); at += 7) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    std::ofstream(home.path / "lb.table", std::ios::binary) << bad;
    BOOST_TEST(!cache.load().has_value(), "byte " << at);
  }
  for (std::size_t size = 0; size < good.size(); size += 5) {
    std::ofstream(home.path / "lb.table", std::ios::binary) << good.substr(0, size);
    BOOST_TEST(!cache.load().has_value(), "first " << size);
  }
  BOOST_TEST(!TableCache("/nonexistent/lb.table").store(some_table()).has_value());
}

BOOST_AUTO_TEST_CASE(log_line_has_no_query_and_the_file_is_private) {
  const TempDir home;
  {
    LogFile file(home.path / "lb.log");
    AccessLog log(file);
    log.add({.when = core::WallTime(core::Duration(1'700'000'000'123'456)),
             .service = "svc",
             .replica = {3},
             .method = "POST",
             .target = "/v1/chat?api_key=secret",
             .status = 200,
             .bytes_out = 385,
             .queue = core::Duration(10),
             .connect = core::Duration(200),
             .first_byte = core::milliseconds(8),
             .total = core::milliseconds(9),
             .attempts = 2,
             .cause = Cause::stream_cut,
             .pick = PickReason::session,
             .request_id = "abc",
             .trace_id = {}});
  }
  BOOST_TEST(content_of(home.path / "lb.log") ==
             "2023-11-14T22:13:20.123Z svc 3 POST /v1/chat 200 bytes=385 queue_us=10 "
             "connect_us=200 ttfb_us=8000 total_us=9000 attempts=2 cause=stream_cut pick=session "
             "id=abc trace=-\n");
  BOOST_TEST(mode_of(home.path / "lb.log") == 0600U);
}

BOOST_AUTO_TEST_CASE(full_log_becomes_the_old_one) {
  const TempDir home;
  std::ofstream(home.path / "lb.log") << "";
  std::filesystem::resize_file(home.path / "lb.log", (32 << 20) - 10);
  LogFile file(home.path / "lb.log");
  AccessLog log(file);
  AccessLine line;
  line.service = "svc";
  log.add(line);
  log.flush();
  BOOST_TEST(std::filesystem::exists(home.path / "lb.log.1"));
  BOOST_TEST(!std::filesystem::exists(home.path / "lb.log"));
  log.add(line);
  log.flush();
  BOOST_TEST(std::filesystem::file_size(home.path / "lb.log") < 1000U);
}

BOOST_AUTO_TEST_CASE(lock_is_held_by_one_and_names_it) {
  const TempDir home;
  const auto path = home.path / "lb.lock";
  {
    auto lock = ProcessLock::take(path);
    BOOST_REQUIRE(lock.has_value());
    BOOST_TEST(content_of(path) == std::to_string(getpid()) + "\n");
    BOOST_TEST((ProcessLock::take(path).error().code == core::ErrorCode::locked));
    BOOST_TEST(lock->is_still_there());
    std::filesystem::remove(path);
    BOOST_TEST(!lock->is_still_there());
  }
  BOOST_TEST(ProcessLock::take(path).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::lb
