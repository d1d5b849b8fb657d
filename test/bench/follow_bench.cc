#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "adapters/follow_client.h"
#include "adapters/follow_server.h"
#include "adapters/unix_socket.h"
#include "core/check.h"
#include "test/bench/child.h"
#include "test/bench/measure.h"
#include "test/bench/paced_load.h"
#include "test/bench/parts.h"
#include "test/bench/sample_mix.h"

namespace sky::bench {
namespace {

constexpr std::size_t many_followers = 64;
constexpr std::size_t milliseconds = 2000;  // a phase: one event each millisecond
constexpr int follow_rounds = 7;
constexpr int cost_rounds = 7;
constexpr std::uint64_t history = 40'000;  // more than what waits for a stuck follower anywhere
constexpr std::uint64_t most_events =
    history + (follow_rounds + std::uint64_t{3} * cost_rounds) * milliseconds;

// What the following process and the writing one both see: a file in both their memories.
struct Board {
  std::atomic<std::uint32_t> caught_up;  // followers
  std::atomic<std::uint64_t> seen;  // newest event the first follower has decoded
  std::int64_t seen_ns[most_events + 1];
};

class SharedBoard {
 public:
  explicit SharedBoard(const std::filesystem::path& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    SKY_CHECK(file >= 0 && ::ftruncate(file, sizeof(Board)) == 0, "a file can be made and grown");
    void* memory = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    SKY_CHECK(memory != MAP_FAILED, "a file can be mapped");
    ::close(file);
    board_ = static_cast<Board*>(memory);
  }
  ~SharedBoard() { ::munmap(board_, sizeof(Board)); }
  SharedBoard(const SharedBoard&) = delete;
  SharedBoard& operator=(const SharedBoard&) = delete;

  Board* operator->() const { return board_; }

 private:
  Board* board_;
};

// Asks for everything from the beginning and never reads it.
int connect_stuck(const std::filesystem::path& socket_path) {
  const int stuck = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket_path.c_str(), sizeof address.sun_path - 1);
  const std::string request = events::request_frame({core::Seq{1}, false});
  SKY_CHECK(
      ::connect(stuck, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
          ::write(stuck, request.data(), request.size()) == static_cast<ssize_t>(request.size()),
      "the follow socket can be connected");
  return stuck;
}

// The daemon's wiring of log, queue and followers, without what decides.
class Writer {
 public:
  explicit Writer(const std::filesystem::path& directory)
      : directory_(directory),
        log_(open(directory), most_events),
        server_(reactor_, log_, [] { return core::RoutingSnapshot{}; }),
        queue_(
            log_, reactor_,
            [this](core::Seq last, const std::string& bytes) { server_.publish(last, bytes); },
            [](const core::Error&) { SKY_CHECK(false, "the disk takes the benchmark's events"); }),
        listener_(reactor_),
        board_(directory / "board") {
    const auto listening = listener_.listen(
        directory / events::follow_socket_name,
        [this](std::unique_ptr<adapters::UnixSocket> one) { server_.accept(std::move(one)); });
    SKY_CHECK(listening, "a socket can be made in the benchmark's directory");
  }

  TimedLog& log() { return log_; }
  Board* board() const { return board_.operator->(); }

  PacedRun run() { return run_paced(reactor_, queue_, log_, 1, milliseconds); }

  void append(std::uint64_t count) {
    while (queue_.durable().value < count) {
      queue_.append(mixed_events(queue_.durable().value + 1, 1000), {});
      SKY_CHECK(queue_.flush(), "the disk takes the benchmark's events");
    }
  }

  // In a process of their own; returns when they have caught up.
  std::unique_ptr<Child> follow(std::size_t followers, std::size_t stuck) {
    board_->caught_up = 0;
    auto child = std::make_unique<Child>(
        "followers",
        std::vector<std::string>{directory_.string(), std::to_string(queue_.durable().value + 1),
                                 std::to_string(followers), std::to_string(stuck)});
    run_until([&] {
      return board_->caught_up == followers && server_.follower_count() == followers + stuck;
    });
    return child;
  }
  void part(std::unique_ptr<Child> child) {
    child.reset();
    run_until([&] { return server_.follower_count() == 0; });
  }

  void run_until(const std::function<bool()>& is_done) {
    adapters::Timer poll(reactor_);
    poll.start_repeating(core::milliseconds(1), [&] {
      if (is_done()) reactor_.stop();
    });
    reactor_.run();
  }

 private:
  static std::unique_ptr<events::Log> open(const std::filesystem::path& directory) {
    auto log = events::open_log(directory / "log");
    SKY_CHECK(log, "the benchmark's directory can hold a log");
    return std::move(*log);
  }

  const std::filesystem::path directory_;
  adapters::Reactor reactor_;
  TimedLog log_;
  adapters::FollowServer server_;
  events::CommitQueue queue_;
  adapters::UnixListener listener_;
  SharedBoard board_;
};

void measure_latency(Writer& writer) {
  std::vector<double> p50, p99;
  for (int round = 0; round < follow_rounds; ++round) {
    auto child = writer.follow(1, 0);
    const std::uint64_t first = writer.log().position().durable.value + 1;
    writer.run();
    const std::uint64_t last = writer.log().position().durable.value;
    writer.run_until([&] { return writer.board()->seen == last; });
    std::vector<double> took;
    for (std::uint64_t seq = first; seq <= last; ++seq) {
      const std::int64_t ns = writer.board()->seen_ns[seq] - writer.log().acknowledged_ns(seq);
      took.push_back(1e-3 * static_cast<double>(ns));
    }
    writer.part(std::move(child));
    p50.push_back(quantile(took, 0.5));
    p99.push_back(quantile(took, 0.99));
  }
  tell("follow, durable to seen by another process, p50", "us", p50, at_most(50));
  tell("follow, durable to seen by another process, p99", "us", p99, at_most(1000));
}

// Each round: nobody follows, 64 do and one of them never reads, nobody follows.
void measure_cost(Writer& writer) {
  std::vector<double> noise, latency, commit_cpu, cores_alone, cores, memory;
  for (int round = 0; round < cost_rounds; ++round) {
    const PacedRun before = writer.run();
    const double resident = resident_mib();
    auto child = writer.follow(many_followers - 1, 1);
    const PacedRun followed = writer.run();
    memory.push_back(resident_mib() - resident);
    writer.part(std::move(child));
    const PacedRun after = writer.run();
    const double p50_before = quantile(before.latency_ms, 0.5);
    const double p50_after = quantile(after.latency_ms, 0.5);
    noise.push_back(p50_after / p50_before);
    latency.push_back(2 * quantile(followed.latency_ms, 0.5) / (p50_before + p50_after));
    commit_cpu.push_back(2 * followed.commit_thread_cpu /
                         (before.commit_thread_cpu + after.commit_thread_cpu));
    cores_alone.push_back((before.cores + after.cores) / 2);
    cores.push_back(followed.cores);
  }
  tell("nobody follows, append p50, later of earlier", "ratio", noise);
  tell("64 followers, one stuck: append p50, of nobody", "ratio", latency, at_most(1.1));
  tell("64 followers, one stuck: commit thread's CPU, of nobody", "ratio", commit_cpu,
       at_most(1.1));
  tell("nobody follows, 1000 commits/s: daemon's CPU", "cores", cores_alone);
  tell("64 followers, one stuck: daemon's CPU", "cores", cores);
  tell("64 followers, one stuck: memory for them", "MiB", memory, at_most(16));
}

}  // namespace

// DIRECTORY FROM FOLLOWERS STUCK: follows until it is killed.
int run_followers(const std::vector<std::string>& arguments) {
  const std::filesystem::path directory = arguments.at(0);
  const core::Seq from{std::stoull(arguments.at(1))};
  SharedBoard board(directory / "board");
  adapters::Reactor reactor;
  std::vector<std::unique_ptr<adapters::FollowClient>> clients;
  for (std::uint64_t i = 0; i < std::stoull(arguments.at(2)); ++i) {
    adapters::FollowCallbacks callbacks;
    callbacks.on_event = [&board, is_first = i == 0](const core::Event& event) {
      if (!is_first) return;
      board->seen_ns[event.seq.value] = now_ns();
      board->seen = event.seq.value;
    };
    callbacks.on_caught_up = [&board](core::Seq) { ++board->caught_up; };
    clients.push_back(std::make_unique<adapters::FollowClient>(
        reactor, adapters::dial_unix(reactor, directory / events::follow_socket_name),
        events::FollowRequest{from, false}, std::move(callbacks)));
    clients.back()->start();
  }
  for (std::uint64_t i = 0; i < std::stoull(arguments.at(3)); ++i)
    connect_stuck(directory / events::follow_socket_name);  // closed with the process
  reactor.run();
  return 0;
}

void measure_follow(const std::filesystem::path& directory) {
  ::signal(SIGPIPE, SIG_IGN);  // as the daemon does: followers end while they are written to
  Writer writer(directory);
  writer.append(history);
  measure_latency(writer);
  measure_cost(writer);
}

}  // namespace sky::bench
