#include "events/follow_session.h"

#include <boost/test/unit_test.hpp>

#include "events/little_endian.h"
#include "test/events/sample_events.h"

namespace sky::events {
namespace {

using core::Seq;

// A follower at the end of a pipe that may be slow: sent bytes wait until the test takes them.
class Peer {
 public:
  FollowSession::Transport transport() {
    return {[this](std::string bytes) { waiting_ += bytes; }, [this] { return waiting_.size(); }};
  }
  void take_everything() {
    reader_.feed(as_bytes(std::exchange(waiting_, {})));
    while (true) {
      const auto next = reader_.next();
      BOOST_REQUIRE(next);
      if (!*next) return;
      take(**next);
    }
  }
  std::size_t waiting() const { return waiting_.size(); }

  std::vector<core::Event> events;
  std::vector<std::string> said;  // everything but commits, in words

 private:
  void take(const FrameReader::Frame& frame) {
    const std::string text(reinterpret_cast<const char*>(frame.payload.data()),
                           frame.payload.size());
    switch (frame.kind) {
      case FrameKind::welcome: return said.push_back("welcome");
      case FrameKind::commit: {
        const auto commit = decode_commit(frame.payload);
        BOOST_REQUIRE(commit);
        events.insert(events.end(), commit->events.begin(), commit->events.end());
        return;
      }
      case FrameKind::caught_up:
        return said.push_back("caught up " + std::to_string(decode_seq(frame.payload)->value));
      case FrameKind::compacted:
        return said.push_back("compacted " + std::to_string(decode_seq(frame.payload)->value));
      case FrameKind::routing:
        return said.push_back("table " + std::to_string(decode_routing(frame.payload)->seq.value));
      default: return said.push_back(text);
    }
  }

  std::string waiting_;
  FrameReader reader_{max_daemon_frame};
};

struct Fixture {
  std::unique_ptr<Log> log = make_memory_log("0123456789abcdef0123456789abcdef");
  Peer peer;
  std::vector<BalancerReport> reports;
  core::RoutingSnapshot table;
  FollowSession session{*log, peer.transport(), [this] { return table; },
                        [this](BalancerReport report) { reports.push_back(std::move(report)); }};

  // Appends, and says so to the session unless `quietly`.
  void append(std::size_t count, bool quietly = false) {
    const Seq first = log->position().durable.next();
    const auto bytes = log->append(sample_events(first.value, count));
    BOOST_REQUIRE(bytes);
    if (!quietly) session.publish(first, log->position().durable, *bytes);
  }
  void ask(FollowRequest request) {
    BOOST_TEST(bool(session.receive(as_bytes(request_frame(request)))));
  }
  void run() {
    while (session.wants_turn()) BOOST_TEST(bool(session.take_turn()));
  }
};

using Said = std::vector<std::string>;

BOOST_FIXTURE_TEST_SUITE(follow_session, Fixture)

BOOST_AUTO_TEST_CASE(old_events_then_caught_up_then_live_ones) {
  append(5);
  append(3);
  ask({Seq{1}, false});
  run();
  append(2);
  peer.take_everything();
  BOOST_TEST((peer.events == sample_events(1, 10)));
  BOOST_TEST((peer.said == Said{"welcome", "caught up 8"}));
  BOOST_TEST(session.is_live());
}

BOOST_AUTO_TEST_CASE(nothing_is_sent_before_it_was_asked_for) {
  append(5);
  run();
  append(1);
  peer.take_everything();
  BOOST_TEST(peer.events.empty());
}

BOOST_AUTO_TEST_CASE(a_sequence_inside_a_commit_begins_with_that_whole_commit) {
  append(5);
  append(5);
  append(5);
  ask({Seq{8}, false});
  run();
  peer.take_everything();
  BOOST_TEST((peer.events == sample_events(6, 10)));
}

BOOST_AUTO_TEST_CASE(a_table_comes_first_and_events_go_on_after_it) {
  append(5);
  append(5);
  table.seq = Seq{5};
  ask({Seq{1}, true});
  run();
  peer.take_everything();
  BOOST_TEST((peer.said == Said{"welcome", "table 5", "caught up 10"}));
  BOOST_TEST((peer.events == sample_events(6, 5)));
}

BOOST_AUTO_TEST_CASE(commits_read_from_disk_before_they_are_published_are_not_repeated) {
  append(5);
  ask({Seq{1}, false});
  const auto bytes = log->append(sample_events(6, 4));  // durable, its publishing still on the way
  run();
  session.publish(Seq{6}, Seq{9}, *bytes);
  append(1);
  peer.take_everything();
  BOOST_TEST((peer.events == sample_events(1, 10)));
}

BOOST_AUTO_TEST_CASE(appends_between_the_slices_of_catching_up_leave_no_gap) {
  for (int i = 0; i < 20; ++i) append(1000);
  ask({Seq{1}, false});
  while (session.wants_turn()) {
    BOOST_TEST(bool(session.take_turn()));
    if (log->position().durable.value < 25'000) append(500);
    peer.take_everything();
  }
  append(10);
  peer.take_everything();
  BOOST_TEST((peer.events == sample_events(1, log->position().durable.value)));
}

BOOST_AUTO_TEST_CASE(a_slow_follower_costs_a_bounded_backlog_and_loses_nothing) {
  ask({Seq{1}, false});
  run();
  BOOST_TEST(session.is_live());
  for (int i = 0; i < 40; ++i) {
    append(1000);
    BOOST_TEST(peer.waiting() <= max_follower_backlog + max_commit_bytes);
    run();
  }
  BOOST_TEST(!session.is_live());
  BOOST_TEST(!session.wants_turn());
  while (peer.waiting() > 0) {
    peer.take_everything();
    run();
  }
  append(1);
  peer.take_everything();
  BOOST_TEST(session.is_live());
  BOOST_TEST((peer.events == sample_events(1, 40'001)));
  BOOST_TEST((peer.said == Said{"welcome", "caught up 0"}));  // said once
}

BOOST_AUTO_TEST_CASE(asking_beyond_the_end_is_an_error_that_says_where_the_end_is) {
  append(3);
  BOOST_TEST(!session.receive(as_bytes(request_frame({Seq{10}, false}))));
  peer.take_everything();
  BOOST_TEST(peer.said.back().find("ends at 3") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(reports_arrive_as_they_were_sent_however_they_are_cut) {
  core::TrafficReported traffic{"llama3", {}};
  traffic.sample.arrivals = 17;
  traffic.sample.latency_p99 = core::milliseconds(250);
  traffic.sample.replicas = {{core::ReplicaId{3}, 4}};
  const std::string bytes =
      report_frame(core::BalancerHello{42}) +
      report_frame(core::EndpointReported{"llama3", "127.0.0.1", 30001, true, "taken"}) +
      report_frame(traffic) +
      report_frame(core::ReplicaReported{"llama3", core::ReplicaId{9},
                                         core::EndpointChange::ejected, "refused"}) +
      report_frame(core::HoldReported{"llama3", 5, 2, "nothing ready"});
  for (const char byte : bytes) BOOST_TEST(bool(session.receive(as_bytes(&byte, 1))));
  BOOST_REQUIRE(reports.size() == 5u);
  BOOST_TEST(std::get<core::BalancerHello>(reports[0]).pid == 42);
  const auto& endpoint = std::get<core::EndpointReported>(reports[1]);
  BOOST_TEST((endpoint.service == "llama3" && endpoint.host == "127.0.0.1" &&
              endpoint.port == 30001 && endpoint.in_use && endpoint.text == "taken"));
  BOOST_TEST((std::get<core::TrafficReported>(reports[2]).sample == traffic.sample));
  const auto& replica = std::get<core::ReplicaReported>(reports[3]);
  BOOST_TEST((replica.replica.value == 9 && replica.change == core::EndpointChange::ejected &&
              replica.reason == "refused"));
  const auto& hold = std::get<core::HoldReported>(reports[4]);
  BOOST_TEST((hold.waiting == 5 && hold.shed == 2 && hold.reason == "nothing ready"));
}

BOOST_AUTO_TEST_CASE(garbage_ends_the_session_with_a_reason) {
  const std::vector<std::string> bad = {
      std::string(4, '\0'), std::string(16, '\xff'), frame(FrameKind::request, "short"),
      frame(FrameKind::report, "not a message"), frame(FrameKind::report, "")};
  for (const std::string& bytes : bad) {
    Peer other;
    FollowSession fresh(
        *log, other.transport(), [this] { return table; }, [](BalancerReport) {});
    BOOST_TEST(!fresh.receive(as_bytes(bytes)));
    other.take_everything();
    BOOST_TEST(other.said.size() == 2u);
  }
}

BOOST_AUTO_TEST_CASE(kinds_of_frames_from_the_future_are_passed_over) {
  BOOST_TEST(bool(session.receive(as_bytes(frame(static_cast<FrameKind>(99), "whatever")))));
  append(1);
  ask({Seq{1}, false});
  run();
  peer.take_everything();
  BOOST_TEST(peer.events.size() == 1u);
}

BOOST_AUTO_TEST_CASE(flipped_bits_in_a_report_never_crash) {
  const std::string good = report_frame(core::HoldReported{"llama3", 5, 2, "nothing ready"});
  for (std::size_t bit = 5 * 8; bit < good.size() * 8; ++bit) {
    std::string bytes = good;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    static_cast<void>(decode_report(as_bytes(bytes).subspan(5)));
  }
  BOOST_TEST(bool(decode_report(as_bytes(good).subspan(5))));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::events
