// Retention: what a policy lets go, and the daemon's way of cutting it off: recorded with its
// reason before anything is deleted, never past what is still needed, and not at every look.
#include "cli/retention.h"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "adapters/reactor.h"
#include "cli/controller.h"
#include "cli/history.h"
#include "cli/log_deep_check.h"
#include "events/commit_queue.h"
#include "events/opening.h"
#include "test/cli/generated_log.h"
#include "test/events/sample_events.h"

namespace sky::cli {
namespace {

using core::Instant;
using core::seconds;
using core::Seq;

// Event N happened N seconds after the log's clock began.
struct EvenLog : GeneratedLog {
  // Small files, for what lies in them is measured better than what is not written out yet.
  std::unique_ptr<events::Log> log =
      *events::open_log_with(path, {.write_buffer_bytes = std::size_t{64} << 10});

  void fill(std::uint64_t count) {
    for (std::uint64_t first = 1; first <= count; first += 100)
      BOOST_REQUIRE(log->append(events::sample_events(first, 100)));
  }
  std::optional<Cut> due(const RetentionPolicy& policy, std::int64_t now) const {
    const auto cut = due_cut(*log, policy, Instant(seconds(now)));
    BOOST_TEST_REQUIRE(cut.has_value(), (cut ? "" : cut.error().text));
    return *cut;
  }
};

// The daemon's parts that look after its log, on a loop of their own.
struct Tended : GeneratedLog {
  RandomHistory history{1};
  std::unique_ptr<events::Log> log;
  std::unique_ptr<adapters::Reactor> reactor = std::make_unique<adapters::Reactor>();
  std::unique_ptr<events::CommitQueue> queue;
  std::unique_ptr<Controller> controller;
  std::unique_ptr<LogTender> tender;
  std::unique_ptr<Retention> retention;
  core::Stamp now;
  Seq needed{~std::uint64_t{0}};
  std::optional<Seq> follower;
  std::vector<std::string> said;

  Tended() {
    history.live(25);
    log = log_with(history.world.events);
    now = history.world.events.back().time;
    queue = std::make_unique<events::CommitQueue>(
        *log, *reactor, [](Seq, const std::string&) {},
        [](const core::Error& error) { BOOST_FAIL(error.text); });
    controller = std::make_unique<Controller>(
        *reactor, *queue, fold_history(*log)->model,
        ControllerEdges{[this] { return now; }, [](const core::Effect&) {},
                        [](const std::vector<projections::ProbeTarget>&) {}, [](bool) {},
                        [](const core::ServiceName&) {}});
    const auto say = [this](const std::string& text) { said.push_back(text); };
    tender = std::make_unique<LogTender>(
        *reactor, *log, *controller, [this] { return now; }, say, Seq{});
  }
  ~Tended() {
    retention.reset();
    tender.reset();
    controller.reset();
    queue.reset();
  }
  void keep(const RetentionPolicy& policy) {
    retention = std::make_unique<Retention>(
        *reactor, *tender, *log, policy,
        Retention::Edges{[this] { return now.at; },
                         [this](Seq wanted) { return std::min(wanted, needed); },
                         [this] { return follower; },
                         [this](const std::string& text) { said.push_back(text); }});
  }
  // One look, until what it found is done and durable.
  void look() {
    retention->look();
    adapters::Timer turn(*reactor), patience(*reactor);
    bool is_late = false;
    turn.start_repeating(core::milliseconds(2), [&] {
      if (!retention->is_looking()) reactor->stop();
    });
    patience.start(seconds(20), [&] {
      is_late = true;
      reactor->stop();
    });
    reactor->run();
    BOOST_TEST_REQUIRE(!is_late);
  }
  Seq begins() const { return log->position().first_retained; }
  std::vector<core::LogTruncated> cuts() const {
    std::vector<core::LogTruncated> found;
    BOOST_TEST(bool(log->read(Seq{}, [&](const events::Commit& commit, auto) {
      for (const core::Event& event : commit.events)
        if (const auto* cut = std::get_if<core::LogTruncated>(&event.body)) found.push_back(*cut);
      return true;
    })));
    return found;
  }
  // The fold of what was there before anything was cut.
  projections::Model folded_events(Seq last) {
    projections::Model model;
    for (core::Event event : history.world.events) {
      if (auto* started = std::get_if<core::DaemonStarted>(&event.body))
        started->log_id = log->id();
      if (event.seq <= last) projections::evolve(model, event);
    }
    return model;
  }
  core::Duration age_of(Seq seq) const { return now.at - history.world.event(seq).time.at; }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(retention_policy, EvenLog)

BOOST_AUTO_TEST_CASE(what_is_older_than_the_age_is_due_and_a_sixteenth_more) {
  fill(500);
  struct Row {
    std::int64_t age, now;
    std::uint64_t before;  // 0: nothing is due
  };
  const Row rows[] = {{499, 500, 0},  // the oldest is just as old as allowed
                      {1000, 500, 0},  {498, 500, 34},  {160, 500, 350},
                      {16, 500, 485},  {100, 599, 501},  // nothing is young enough
                      {100, 9999, 501}};
  for (const Row& row : rows) {
    const auto cut = due({seconds(row.age), {}}, row.now);
    BOOST_TEST((cut ? cut->before.value : 0) == row.before, "age " << row.age);
    if (cut) BOOST_TEST(cut->reason == "older than " + span_text(seconds(row.age)));
  }
}

BOOST_AUTO_TEST_CASE(of_what_is_larger_than_the_size_the_oldest_are_due_and_a_sixteenth_more) {
  fill(10'000);
  const std::uint64_t all = *log->stored_bytes(Seq{1});
  BOOST_TEST(!due({{}, all}, 10'000));
  for (const std::uint64_t percent : {90, 50, 30}) {
    const std::uint64_t most = all * percent / 100;
    const auto cut = due({{}, most}, 10'000);
    BOOST_REQUIRE(cut);
    BOOST_TEST(cut->reason == "larger than " + size_text(most));
    const std::uint64_t rest = *log->stored_bytes(cut->before);
    BOOST_TEST(rest <= most - most / spare_share);
    BOOST_TEST(rest > most * 3 / 4);  // and not much more than that
  }
}

BOOST_AUTO_TEST_CASE(of_two_limits_the_one_that_lets_more_go_counts_and_gives_the_reason) {
  fill(10'000);
  const std::uint64_t all = *log->stored_bytes(Seq{1});
  BOOST_TEST(due({seconds(8'000), all / 4}, 10'000)->reason == "larger than " + size_text(all / 4));
  BOOST_TEST(due({seconds(2'000), all * 3 / 4}, 10'000)->reason == "older than 2000 s");
  BOOST_TEST(!due({seconds(10'000), all}, 10'000));
  BOOST_TEST(!due({}, 10'000));
}

BOOST_AUTO_TEST_CASE(an_empty_log_has_nothing_to_lose) {
  BOOST_TEST(!due({seconds(1), 1}, 1'000'000));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(retention, Tended)

BOOST_AUTO_TEST_CASE(
    what_is_due_is_recorded_with_its_reason_and_gone_and_the_next_look_records_nothing) {
  keep({age_of(Seq{100}), {}});
  look();
  const auto recorded = cuts();
  BOOST_REQUIRE(recorded.size() == 1u);
  BOOST_TEST(recorded[0].first_kept.value == begins().value);
  BOOST_TEST(recorded[0].snapshot.next().value == begins().value);
  BOOST_TEST(recorded[0].reason.starts_with("older than "), recorded[0].reason);
  BOOST_TEST(begins().value > 1u);
  const auto base = oldest_base(*log);
  BOOST_REQUIRE(base);
  BOOST_TEST((base->model == folded_events(Seq{begins().value - 1})));
  BOOST_TEST((fold_history(*log)->model == controller->model()));
  const Seq last = log->position().durable;
  look();
  BOOST_TEST(log->position().durable.value == last.value);
  BOOST_REQUIRE(said.size() == 1u);
  BOOST_TEST(said[0].find("older than") != std::string::npos, said[0]);
}

BOOST_AUTO_TEST_CASE(the_log_is_cut_to_its_size) {
  const std::uint64_t most = *log->stored_bytes(Seq{1}) / 2;
  keep({{}, most});
  look();
  BOOST_REQUIRE(cuts().size() == 1u);
  BOOST_TEST(cuts()[0].reason == "larger than " + size_text(most));
  BOOST_TEST(begins().value > 1u);
}

BOOST_AUTO_TEST_CASE(what_something_open_needs_stays_however_old_it_is) {
  needed = Seq{60};
  keep({seconds(1), {}});
  look();
  BOOST_TEST(begins().value > 1u);
  BOOST_TEST(begins().value <= 60u);
  needed = Seq{begins().value};
  const Seq last = log->position().durable;
  look();  // and is not asked for in vain with a snapshot at each look
  BOOST_TEST(log->position().durable.value == last.value);
}

BOOST_AUTO_TEST_CASE(a_follower_behind_is_waited_for_and_a_stuck_one_not_for_ever) {
  follower = Seq{60};
  keep({seconds(1), {}});
  look();
  BOOST_TEST(begins().value > 1u);
  BOOST_TEST(begins().value <= 60u);
  const Seq held = begins();
  now.at += follower_patience - seconds(1);
  look();
  BOOST_TEST(begins().value == held.value);
  now.at += seconds(1);
  look();
  BOOST_TEST(begins().value > 60u);
}

BOOST_AUTO_TEST_CASE(cuts_and_snapshots_take_turns_and_the_base_is_there_after_each) {
  std::vector<core::Result<core::LogTruncated>> ends;
  for (const std::uint64_t before : {30, 60, 90}) {
    tender->truncate(
        [before] {
          return std::optional(Cut{Seq{before}, "test"});
        },
        [&](core::Result<core::LogTruncated> end) { ends.push_back(end); });
    now.at += snapshot_every;
    tender->note_commit(Seq{log->position().durable.value});
  }
  keep({});
  adapters::Timer turn(*reactor), patience(*reactor);
  turn.start_repeating(core::milliseconds(2), [&] {
    if (ends.size() == 3) reactor->stop();
  });
  patience.start(seconds(20), [&] { reactor->stop(); });
  reactor->run();
  BOOST_REQUIRE(ends.size() == 3u);
  for (const auto& end : ends) BOOST_TEST(end.has_value(), (end ? "" : end.error().text));
  BOOST_TEST((oldest_base(*log)->model == folded_events(Seq{begins().value - 1})));
  const auto found = deep_check(path);
  BOOST_REQUIRE(found);
  BOOST_TEST(!found->check.damage);
  BOOST_TEST(found->wrong_snapshots == 0u);
}

BOOST_AUTO_TEST_CASE(a_policy_that_keeps_everything_never_looks) {
  keep({});
  retention->start();
  BOOST_TEST(!retention->is_looking());
  BOOST_TEST(said.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::cli
