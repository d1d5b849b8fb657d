#include "events/commit_queue.h"

#include <boost/test/unit_test.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "adapters/background_thread.h"
#include "test/events/sample_events.h"

namespace sky::events {
namespace {

// An alarm that the test lets ring.
class HandAlarm final : public core::Alarm {
 public:
  explicit HandAlarm(std::function<void()>& task) : task_(task) {}
  void start(core::Duration after, std::function<void()> task) override {
    BOOST_TEST((after == core::seconds(1)));
    task_ = std::move(task);
  }
  void start_repeating(core::Duration, std::function<void()>) override {}
  void stop() override { task_ = {}; }
  bool is_active() const override { return static_cast<bool>(task_); }

 private:
  std::function<void()>& task_;
};

// The loop of a test: closures wait until the test runs them. Commits have a real thread.
class Loop final : public core::Scheduler {
 public:
  void post(std::function<void()> task) override {
    const std::lock_guard guard(mutex_);
    tasks_.push_back(std::move(task));
    arrived_.notify_one();
  }
  std::unique_ptr<core::Alarm> make_alarm() override { return std::make_unique<HandAlarm>(alarm_); }
  std::unique_ptr<core::Background> make_background() override {
    return std::make_unique<adapters::BackgroundThread>();
  }
  void ring() { std::exchange(alarm_, {})(); }
  bool has_alarm() const { return static_cast<bool>(alarm_); }
  void run_one() {
    std::function<void()> task;
    {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [this] { return !tasks_.empty(); });
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::function<void()>> tasks_;
  std::function<void()> alarm_;
};

// A log whose commits wait for the test, and fail when it says so.
class GatedLog final : public Log {
 public:
  const core::LogId& id() const override { return inner_->id(); }
  std::uint64_t epoch() const override { return 1; }
  core::Seq repaired_after() const override { return {}; }
  Position position() const override { return inner_->position(); }
  core::Result<void> read(core::Seq from, const CommitVisitor& visit) const override {
    return inner_->read(from, visit);
  }
  core::Result<std::string> append(std::span<const core::Event> events) override {
    std::unique_lock lock(mutex_);
    ++started_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return allowed_ > 0; });
    --allowed_;
    if (fails_) return core::Error{core::ErrorCode::no_space, "the disk is full"};
    sizes_.push_back(events.size());
    return inner_->append(events);
  }
  void allow(int count) {
    const std::lock_guard guard(mutex_);
    allowed_ += count;
    changed_.notify_all();
  }
  void wait_for_start(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return started_ >= count; });
  }
  core::Result<void> settle() override {
    const std::lock_guard guard(mutex_);
    ++settled_;
    changed_.notify_all();
    return {};
  }
  void wait_for_settled(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return settled_ >= count; });
  }
  int settled() {
    const std::lock_guard guard(mutex_);
    return settled_;
  }
  void fail() {
    const std::lock_guard guard(mutex_);
    fails_ = true;
  }
  const std::vector<std::size_t>& sizes() const { return sizes_; }

 private:
  std::unique_ptr<Log> inner_ = make_memory_log("0123456789abcdef0123456789abcdef");
  std::mutex mutex_;
  std::condition_variable changed_;
  int started_ = 0;
  int allowed_ = 0;
  int settled_ = 0;
  bool fails_ = false;
  std::vector<std::size_t> sizes_;
};

struct Fixture {
  GatedLog log;
  Loop loop;
  std::vector<std::string> happened;
  CommitQueue queue{log, loop,
                    [this](core::Seq last, const std::string& bytes) {
                      BOOST_TEST(!bytes.empty());
                      happened.push_back("commit " + std::to_string(last.value));
                    },
                    [this](const core::Error& error) { happened.push_back(error.text); }};

  void append(std::uint64_t first, std::size_t count, const std::string& name) {
    queue.append(sample_events(first, count), [this, name] { happened.push_back(name); });
  }
};

using Happened = std::vector<std::string>;

BOOST_FIXTURE_TEST_SUITE(commit_queue, Fixture)

BOOST_AUTO_TEST_CASE(nothing_runs_before_its_events_are_durable) {
  append(1, 2, "a");
  loop.run_one();  // the end of the turn
  log.wait_for_start(1);
  BOOST_TEST(happened.empty());
  BOOST_TEST(queue.backlog() == 2u);
  BOOST_TEST(queue.durable().value == 0u);
  log.allow(1);
  loop.run_one();
  BOOST_TEST((happened == Happened{"commit 2", "a"}));
  BOOST_TEST(queue.durable().value == 2u);
  BOOST_TEST(queue.backlog() == 0u);
}

BOOST_AUTO_TEST_CASE(what_arrives_while_a_commit_is_in_flight_is_the_next_group) {
  append(1, 1, "a");
  loop.run_one();
  log.wait_for_start(1);
  append(2, 1, "b");
  append(3, 2, "c");
  append(5, 0, "nothing to store");
  append(5, 1, "d");
  log.allow(2);
  BOOST_TEST(bool(queue.flush()));
  BOOST_TEST((log.sizes() == std::vector<std::size_t>{1, 4}));
  BOOST_TEST(
      (happened == Happened{"commit 1", "a", "commit 5", "b", "c", "nothing to store", "d"}));
  loop.run_one();  // posted before flush() did its work: does nothing
  BOOST_TEST(happened.size() == 7u);
}

BOOST_AUTO_TEST_CASE(what_one_turn_of_the_loop_brings_is_one_group) {
  append(1, 1, "a");
  append(2, 3, "b");
  append(5, 1, "c");
  loop.run_one();
  log.wait_for_start(1);
  log.allow(1);
  loop.run_one();
  BOOST_TEST((log.sizes() == std::vector<std::size_t>{5}));
  BOOST_TEST((happened == Happened{"commit 5", "a", "b", "c"}));
  append(6, 1, "d");  // the next turn begins another
  loop.run_one();
  log.allow(1);
  loop.run_one();
  BOOST_TEST((log.sizes() == std::vector<std::size_t>{5, 1}));
}

BOOST_AUTO_TEST_CASE(a_callback_without_events_waits_for_all_before_it) {
  append(1, 3, "a");
  append(4, 0, "b");
  loop.run_one();
  log.wait_for_start(1);
  BOOST_TEST(happened.empty());
  log.allow(2);
  BOOST_TEST(bool(queue.flush()));
  BOOST_TEST(happened.back() == "b");
}

BOOST_AUTO_TEST_CASE(large_groups_are_split_by_count) {
  append(1, 2500, "a");
  log.allow(10);
  BOOST_TEST(bool(queue.flush()));
  BOOST_TEST((log.sizes() == std::vector<std::size_t>{1024, 1024, 452}));
  BOOST_TEST((happened == Happened{"commit 1024", "commit 2048", "commit 2500", "a"}));
}

BOOST_AUTO_TEST_CASE(large_groups_are_split_by_bytes) {
  auto events = sample_events(1, 6);
  for (auto& event : events) {
    event.body = core::ReplicaPreempted{std::string(std::size_t{400} << 10, 'x')};
  }
  queue.append(std::move(events), nullptr);
  log.allow(10);
  BOOST_TEST(bool(queue.flush()));
  BOOST_TEST((log.sizes() == std::vector<std::size_t>{2, 2, 2}));
}

BOOST_AUTO_TEST_CASE(a_failed_commit_is_reported_once_and_opens_no_gate) {
  log.fail();
  append(1, 1, "a");
  append(2, 1, "b");
  log.allow(5);
  const auto flushed = queue.flush();
  BOOST_REQUIRE(!flushed);
  BOOST_TEST((flushed.error().code == core::ErrorCode::no_space));
  append(3, 1, "c");
  BOOST_TEST(!queue.flush());
  BOOST_TEST((happened == Happened{"the disk is full"}));
  BOOST_TEST(queue.durable().value == 0u);
}

BOOST_AUTO_TEST_CASE(a_callback_may_append_more) {
  log.allow(5);
  queue.append(sample_events(1, 1), [this] { append(2, 1, "second"); });
  BOOST_TEST(bool(queue.flush()));
  BOOST_TEST((happened == Happened{"commit 1", "commit 2", "second"}));
}

BOOST_AUTO_TEST_CASE(the_log_settles_a_second_after_the_first_commit_and_not_while_idle) {
  log.allow(10);
  append(1, 1, "a");
  BOOST_TEST(bool(queue.flush()));
  append(2, 1, "b");
  BOOST_TEST(bool(queue.flush()));
  BOOST_TEST(log.settled() == 0);
  loop.ring();
  log.wait_for_settled(1);
  BOOST_TEST(!loop.has_alarm());
  append(3, 1, "c");
  BOOST_TEST(bool(queue.flush()));
  BOOST_TEST(loop.has_alarm());
}

BOOST_AUTO_TEST_CASE(callbacks_left_over_at_the_end_never_run) {
  Loop other;
  GatedLog other_log;
  bool ran = false;
  {
    CommitQueue short_lived(
        other_log, other, [](core::Seq, const std::string&) {}, [](const core::Error&) {});
    short_lived.append(sample_events(1, 1), [&ran] { ran = true; });
    other.run_one();
    other_log.wait_for_start(1);
    short_lived.append(sample_events(2, 1), [&ran] { ran = true; });  // its turn never ends
    other_log.allow(1);
  }
  other.run_one();
  other.run_one();
  BOOST_TEST(!ran);
  BOOST_TEST(other_log.position().durable.value == 1u);  // the one in flight was waited for
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::events
