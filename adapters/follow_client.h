// Follows the daemon's log over a connection to it, for as long as it lives: reconnects by itself
// and goes on where it was, so that every event arrives once and in order.
//
// When the daemon comes back with another log, it starts over: with a table again, or at the
// beginning. Loop thread; callbacks are called from the loop, never from inside a call.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "adapters/byte_stream.h"
#include "core/routing.h"
#include "core/scheduler.h"
#include "events/follow_protocol.h"

namespace sky::adapters {

struct FollowCallbacks {
  std::function<void(const core::RoutingSnapshot&)> on_snapshot;
  std::function<void(const core::Event&)> on_event;
  std::function<void(core::Seq)> on_caught_up;  // after each connect, when all old events are in
  std::function<void()> on_connected;  // send() works; say hello again
  std::function<void(const std::string& reason)> on_disconnected;  // or an attempt failed
  std::function<void(core::Seq)> on_compacted =
      {};  // what was asked for is gone; goes on from here
};

class FollowClient {
 public:
  // Waiting time between attempts to connect: doubled from the first to the last. A guess.
  static constexpr core::Duration first_wait = core::milliseconds(20);
  static constexpr core::Duration last_wait = core::seconds(1);

  // `scheduler` outlives it. `dial` reaches the daemon's events::follow_socket_name.
  FollowClient(core::Scheduler& scheduler, Dial dial, events::FollowRequest request,
               FollowCallbacks callbacks);
  ~FollowClient();
  FollowClient(const FollowClient&) = delete;
  FollowClient& operator=(const FollowClient&) = delete;

  void start();

  // False when there is no connection: it is dropped, tell the state again in on_connected.
  bool send(const events::BalancerReport& report);

  bool is_connected() const { return is_connected_; }
  core::Seq last_seen() const { return core::Seq{next_.value == 0 ? 0 : next_.value - 1}; }

 private:
  void connect();
  void receive(std::span<const std::byte> bytes);
  core::Result<void> handle(const events::FrameReader::Frame& frame);
  core::Result<void> greet(const events::Welcome& welcome);
  core::Result<void> take_table(std::span<const std::byte> payload);
  core::Result<void> take_commit(std::span<const std::byte> payload);
  void lose(const std::string& reason);

  const Dial dial_;
  const events::FollowRequest request_;
  const FollowCallbacks callbacks_;
  std::unique_ptr<ByteStream> stream_;
  events::FrameReader reader_{events::max_daemon_frame};
  events::CommitDecoder decoder_;
  events::Commit commit_;
  core::LogId log_id_;  // empty: never connected
  core::Seq next_;  // first event wanted; zero: a table or the oldest first
  bool is_connected_ = false;
  core::Duration wait_ = first_wait;
  std::unique_ptr<core::Alarm> retry_;
};

}  // namespace sky::adapters
