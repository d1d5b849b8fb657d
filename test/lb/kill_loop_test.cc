// Replicas are killed at random moments while requests run: what clients see and replicas saw.
//
// Twelve seconds here; SKYCTL_KILL_LOOP_SECONDS=600 build/test/lb/lb_test --run_test=kill_loop for
// longer. The seed is fixed, the moments are not: they depend on the machine.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "test/lb/child_process.h"
#include "test/lb/test_balancer.h"

namespace sky::lb {
namespace {

std::chrono::seconds length_of_loop() {
  const char* seconds = std::getenv("SKYCTL_KILL_LOOP_SECONDS");
  return std::chrono::seconds(seconds == nullptr ? 12 : std::max(std::atoi(seconds), 1));
}

enum class Kind { get, post, stream };

struct Outcome {
  Kind kind = Kind::get;
  std::string id;
  int status = 0;  // 0: the connection ended without an answer
  bool ended = false;  // the response has its end
  std::string body;  // of a stream
};

class Client {
 public:
  Client(const TestBalancer& lb, unsigned number) : lb_(lb), random_(number), number_(number) {}

  void run(const std::atomic<bool>& stop) {
    while (!stop) ask();
  }
  const std::vector<Outcome>& outcomes() const { return outcomes_; }

 private:
  void ask() {
    if (!peer_) peer_.emplace(lb_.client());
    Outcome outcome;
    outcome.kind = static_cast<Kind>(random_() % 3);
    outcome.id = std::to_string(number_) + "-" + std::to_string(++count_);
    const char* first = outcome.kind == Kind::post     ? "POST /p"
                        : outcome.kind == Kind::stream ? "GET /stream"
                                                       : "GET /g";
    std::string request =
        std::string(first) + " HTTP/1.1\r\nHost: svc\r\nX-Request-Id: " + outcome.id + "\r\n";
    request += outcome.kind == Kind::post ? "Content-Length: 4\r\n\r\nbody" : "\r\n";
    peer_->write(request);
    read_answer(outcome);
    outcomes_.push_back(outcome);
    if (!outcome.ended) peer_.reset();
  }
  void read_answer(Outcome& outcome) {
    try {
      const std::string head = peer_->read_head();
      outcome.status = std::atoi(head.c_str() + 9);
      if (contains(head, "Transfer-Encoding: chunked")) {
        read_stream(outcome);
      } else {
        const std::size_t at = head.find("Content-Length: ");
        outcome.body = peer_->read_bytes(std::stoul(head.substr(at + 16)));
        outcome.ended = true;
      }
      if (contains(head, "Connection: close")) peer_.reset();
    } catch (const std::exception&) {
      // it broke off: ended stays false
    }
  }
  void read_stream(Outcome& outcome) {
    while (true) {
      const std::string size = peer_->read_until("\r\n");
      const std::size_t bytes = std::stoul(size, nullptr, 16);
      outcome.body += peer_->read_bytes(bytes);
      peer_->read_bytes(2);
      if (bytes == 0) break;
    }
    outcome.ended = true;
  }

  const TestBalancer& lb_;
  std::minstd_rand random_;
  const unsigned number_;
  int count_ = 0;
  std::optional<Peer> peer_;
  std::vector<Outcome> outcomes_;
};

class Fleet {
 public:
  explicit Fleet(TestBalancer& lb) {
    char name[] = "/tmp/skyctl-kill-XXXXXX";
    BOOST_REQUIRE(mkdtemp(name) != nullptr);
    folder_ = name;
    program_ = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "lb_replica";
    BOOST_REQUIRE_MESSAGE(std::filesystem::exists(program_), program_ << " was not built");
    for (std::uint32_t id = 1; id <= 3; ++id) {
      ports_.push_back(free_port());
      replicas_.push_back(start(ports_.back()));
      lb.add_replica(id, ports_.back());
    }
  }
  ~Fleet() {
    replicas_.clear();
    std::filesystem::remove_all(folder_);
  }
  void kill_and_replace(std::size_t which) {
    replicas_[which].kill();
    replicas_[which] = start(ports_[which]);
  }
  std::map<std::string, int> journal() const {
    std::map<std::string, int> seen;
    std::ifstream file(folder_ / "journal");
    for (std::string line; std::getline(file, line);) ++seen[line];
    return seen;
  }

 private:
  ChildProcess start(std::uint16_t port) const {
    ChildProcess made({program_.string(), std::to_string(port), (folder_ / "journal").string()});
    BOOST_REQUIRE_MESSAGE(made.line().has_value(), "the replica did not start");
    return made;
  }

  std::filesystem::path folder_;
  std::filesystem::path program_;
  std::vector<std::uint16_t> ports_;
  std::vector<ChildProcess> replicas_;
};

// The answer has to be what the request's kind promises, given how often replicas saw it.
void check(const Outcome& outcome, int seen, bool posts_may_be_repeated) {
  const std::string what = outcome.id + ", status " + std::to_string(outcome.status) + ", seen " +
                           std::to_string(seen) + ", " + outcome.body;
  if (outcome.kind == Kind::post && !posts_may_be_repeated) {
    BOOST_TEST(seen <= 1, what);  // never twice
    const bool fair = (outcome.status == 200 && seen == 1) || outcome.status == 502;
    BOOST_TEST(fair, what);
    return;
  }
  BOOST_TEST(outcome.status == 200, what);  // not lost before its first byte
  const bool has_marker = contains(outcome.body, "[DONE]");
  if (outcome.kind == Kind::stream && !outcome.ended) {
    BOOST_TEST((!has_marker || !contains(outcome.body, "event: error")), what);
    return;
  }
  if (outcome.kind == Kind::stream) {
    BOOST_TEST(has_marker, what);  // what ended as if complete, was
    BOOST_TEST(!contains(outcome.body, "event: error"), what);
  } else if (outcome.ended) {
    BOOST_TEST(outcome.body == outcome.id, what);
  }
}

void run_loop(bool posts_may_be_repeated, std::chrono::seconds length, std::uint32_t loops) {
  BalancerOptions options;
  options.loops = loops;
  TestBalancer lb(options);
  lb.service.balancer.retry_non_idempotent = posts_may_be_repeated;
  Fleet fleet(lb);
  std::atomic<bool> stop{false};
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<std::thread> threads;
  for (unsigned number = 1; number <= 8; ++number) {
    clients.push_back(std::make_unique<Client>(lb, number));
    threads.emplace_back([&, client = clients.back().get()] { client->run(stop); });
  }
  std::minstd_rand random(7);
  int kills = 0;
  const auto until = std::chrono::steady_clock::now() + length;
  while (std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 200'000));
    fleet.kill_and_replace(random() % 3);
    ++kills;
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  const std::map<std::string, int> journal = fleet.journal();
  std::size_t asked = 0;
  std::size_t cut = 0;
  std::size_t repeated = 0;
  for (const auto& client : clients) {
    for (const Outcome& outcome : client->outcomes()) {
      const auto seen = journal.find(outcome.id);
      check(outcome, seen == journal.end() ? 0 : seen->second, posts_may_be_repeated);
      ++asked;
      cut += outcome.ended ? 0 : 1;
      repeated += seen != journal.end() && seen->second > 1 ? 1 : 0;
    }
  }
  BOOST_TEST_MESSAGE(kills << " kills, " << asked << " requests, " << repeated << " repeated, "
                           << cut << " cut in their answer");
  BOOST_TEST(kills > 5);
  BOOST_TEST(asked > 200U);
  clients.clear();
  BOOST_TEST(lb.becomes_idle());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(kill_loop)

BOOST_AUTO_TEST_CASE(no_request_is_lost_before_its_first_byte_when_all_may_be_repeated) {
  run_loop(true, length_of_loop() / 2, 1);
}

BOOST_AUTO_TEST_CASE(no_request_that_may_not_be_repeated_reaches_two_replicas) {
  run_loop(false, length_of_loop() / 2, 3);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::lb
