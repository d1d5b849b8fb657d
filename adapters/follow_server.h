// Serves the followers of the log, balancers and `skyctl events --follow`: one session each.
//
// What is published is durable already. Reports come from the one balancer: the connection that
// said hello last. Loop thread; callbacks are called from the loop, never from inside a call.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/byte_stream.h"
#include "core/input.h"
#include "core/scheduler.h"
#include "events/follow_session.h"
#include "events/log.h"

namespace sky::adapters {

class FollowServer {
 public:
  using OnReport = std::function<void(core::InputBody)>;
  using OnBalancerGone = std::function<void(std::string reason)>;

  // More than this at once is somebody's loop gone wild; further ones are closed at once.
  static constexpr std::size_t max_followers = 256;

  // All outlive the server. `routing` gives the balancer's table as of a durable event.
  FollowServer(core::Scheduler& scheduler, const events::Log& log,
               events::FollowSession::RoutingProvider routing);
  ~FollowServer();
  FollowServer(const FollowServer&) = delete;
  FollowServer& operator=(const FollowServer&) = delete;

  void on_report(OnReport callback) { on_report_ = std::move(callback); }
  void on_balancer_gone(OnBalancerGone callback) { on_balancer_gone_ = std::move(callback); }

  // A connection that was made to us, not started yet.
  void accept(std::unique_ptr<ByteStream> stream);

  // A commit whose newest event is `last` is durable. Commits are published in order. The balancer
  // is sent it at once; the others in the next turn of the loop, so that the replies and effects
  // that wait for the same commit do not wait for followers, however many there are.
  void publish(core::Seq last, const std::string& commit_bytes);

  // The first event that the follower furthest behind was not sent yet; none: nobody follows.
  std::optional<core::Seq> slowest_position() const;
  std::size_t follower_count() const { return followers_.size(); }

 private:
  struct Follower;
  struct Commit {
    core::Seq first;
    core::Seq last;
    std::string bytes;
  };
  using Id = std::uint64_t;

  void receive(Id id, std::span<const std::byte> bytes);
  void report(Id id, events::BalancerReport report);
  void lose(Id id, const std::string& reason);
  void schedule_turn();
  void send_unsent();
  void take_turns();

  const events::Log& log_;
  const events::FollowSession::RoutingProvider routing_;
  OnReport on_report_;
  OnBalancerGone on_balancer_gone_;
  std::map<Id, std::unique_ptr<Follower>> followers_;
  Id next_id_ = 1;
  Id balancer_ = 0;  // 0: none
  core::Seq published_;
  std::vector<Commit> unsent_;  // to the others than the balancer; of this turn of the loop
  std::unique_ptr<core::Alarm> turn_;
};

}  // namespace sky::adapters
