// Following a log on disk while its writer goes as fast as it can: over real sockets, with the
// commit queue's own thread. Counters decide, no clock does.
#include <boost/test/unit_test.hpp>
#include <utility>

#include "adapters/follow_client.h"
#include "adapters/follow_server.h"
#include "adapters/reactor.h"
#include "adapters/unix_socket.h"
#include "events/commit_queue.h"
#include "test/events/run_until.h"
#include "test/events/sample_events.h"
#include "test/events/temporary_directory.h"

namespace sky::events {
namespace {

using core::Seq;

constexpr std::uint64_t old_events = 10'000;  // there before anybody follows
constexpr std::uint64_t all_events = 30'000;
constexpr std::size_t batch = 200;
constexpr int batches_in_flight = 4;  // the next commit is always waiting when one is done

// Holds every event it got against the one that was written.
struct Seen {
  std::uint64_t next = 1;
  bool is_right = true;
  std::vector<std::uint64_t> caught_up;
  std::vector<std::uint64_t> compacted;

  void take(const core::Event& event) {
    is_right = is_right && event == sample_event(next);
    ++next;
  }
};

struct Fixture {
  TemporaryDirectory home;
  adapters::Reactor reactor;
  std::unique_ptr<Log> log = std::move(*open_log(home / "log"));
  std::unique_ptr<adapters::FollowServer> server;
  std::unique_ptr<adapters::UnixListener> listener;
  std::vector<adapters::UnixSocket*> accepted;  // the server's ends, in order
  std::unique_ptr<CommitQueue> queue;
  std::uint64_t appended = 0;
  std::size_t largest_backlog = 0;  // of any follower, at any commit

  Fixture() {
    while (appended < old_events) {
      BOOST_REQUIRE(log->append(sample_events(appended + 1, 1000)));
      appended += 1000;
    }
    server = std::make_unique<adapters::FollowServer>(reactor, *log,
                                                      [] { return core::RoutingSnapshot{}; });
    listener = std::make_unique<adapters::UnixListener>(reactor);
    const auto listening = listener->listen(home / follow_socket_name,
                                            [this](std::unique_ptr<adapters::UnixSocket> socket) {
                                              accepted.push_back(socket.get());
                                              server->accept(std::move(socket));
                                            });
    BOOST_REQUIRE(listening);
    queue = std::make_unique<CommitQueue>(
        *log, reactor,
        [this](Seq last, const std::string& bytes) {
          server->publish(last, bytes);
          for (const auto* socket : accepted)
            largest_backlog = std::max(largest_backlog, socket->backlog_bytes());
        },
        [](const core::Error& error) { BOOST_FAIL(error.text); });
  }

  void write_at_full_speed() {
    for (int i = 0; i < batches_in_flight; ++i) append_next();
  }
  void append_next() {
    if (appended >= all_events) return;
    auto events = sample_events(appended + 1, batch);
    appended += batch;
    queue->append(std::move(events), [this] { append_next(); });
  }

  std::unique_ptr<adapters::FollowClient> follow(Seen& seen) {
    adapters::FollowCallbacks callbacks;
    callbacks.on_event = [&seen](const core::Event& event) { seen.take(event); };
    callbacks.on_caught_up = [&seen](Seq seq) { seen.caught_up.push_back(seq.value); };
    callbacks.on_compacted = [&seen](Seq first) {
      seen.compacted.push_back(first.value);
      seen.next = first.value;
    };
    auto client = std::make_unique<adapters::FollowClient>(
        reactor, adapters::dial_unix(reactor, home / follow_socket_name),
        FollowRequest{Seq{1}, false}, std::move(callbacks));
    client->start();
    return client;
  }
  void run_until(const std::function<bool()>& is_done) {
    events::run_until(reactor, core::seconds(60), is_done);
  }
  void expect_everything_once(const Seen& seen) {
    BOOST_TEST(seen.is_right);
    BOOST_TEST(seen.next == all_events + 1);
  }
};

BOOST_FIXTURE_TEST_SUITE(follow_speed, Fixture)

BOOST_AUTO_TEST_CASE(from_disk_to_live_behind_a_writer_at_full_speed_without_gap_or_repeat) {
  Seen seen;
  const auto client = follow(seen);
  write_at_full_speed();
  run_until([&] { return seen.next > all_events; });
  expect_everything_once(seen);
  BOOST_TEST(seen.caught_up.size() == 1u);
  BOOST_TEST(seen.caught_up.front() >= old_events);
}

BOOST_AUTO_TEST_CASE(sixty_four_followers_one_of_them_stuck_cost_the_writer_nothing_but_a_buffer) {
  // Given one that asks and does not read, and 63 that do
  adapters::UnixSocket stuck(reactor);
  bool has_asked = false;
  stuck.connect(home / follow_socket_name, [&](core::Result<void> connected) {
    BOOST_REQUIRE(connected);
    stuck.write(request_frame({Seq{1}, false}));
    has_asked = true;
  });
  run_until([&] { return has_asked && accepted.size() == 1; });
  std::vector<Seen> seen(63);
  std::vector<std::unique_ptr<adapters::FollowClient>> clients;
  for (Seen& one : seen) clients.push_back(follow(one));
  // When
  write_at_full_speed();
  run_until([&] { return queue->durable().value == all_events; });
  BOOST_TEST(queue->backlog() == 0u);
  run_until([&] {
    return std::all_of(seen.begin(), seen.end(),
                       [](const Seen& one) { return one.next > all_events; });
  });
  // Then everybody else has everything, and the stuck one has cost its buffer
  BOOST_TEST(server->follower_count() == 64u);
  for (const Seen& one : seen) expect_everything_once(one);
  BOOST_TEST(accepted.front()->backlog_bytes() > 0u);
  BOOST_TEST(largest_backlog <= max_follower_backlog + max_commit_bytes + follow_slice_bytes);
  // and when it reads again, it is served from disk: everything, once
  Seen late;
  FrameReader frames(max_daemon_frame);
  stuck.start(
      [&](std::span<const std::byte> bytes) {
        frames.feed(bytes);
        for (auto next = frames.next(); next && *next; next = frames.next()) {
          if ((*next)->kind != FrameKind::commit) continue;
          const auto commit = decode_commit((*next)->payload);
          BOOST_REQUIRE(commit);
          for (const core::Event& event : commit->events) late.take(event);
        }
      },
      [](const std::string& reason) { BOOST_FAIL(reason); });
  run_until([&] { return late.next > all_events; });
  expect_everything_once(late);
}

BOOST_AUTO_TEST_CASE(what_was_cut_off_is_told_with_the_first_event_kept_and_following_goes_on) {
  BOOST_REQUIRE(log->put_snapshot(sample_snapshot(5000)));
  BOOST_REQUIRE(log->truncate(Seq{5001}));
  Seen seen;
  const auto client = follow(seen);
  write_at_full_speed();
  run_until([&] { return seen.next > all_events; });
  expect_everything_once(seen);
  BOOST_TEST((seen.compacted == std::vector<std::uint64_t>{5001}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::events
