// The daemon's side of one follower, without its transport: from disk until it has caught up, then
// live; never a gap, never a repeated commit.
//
// A follower that reads slower than the log grows is put back to reading from disk, so it costs at
// most max_follower_backlog bytes and never holds up anybody else. Loop thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/routing.h"
#include "events/follow_protocol.h"
#include "events/log.h"

namespace sky::events {

// Bytes not yet taken by the follower's socket; above it, live commits are not queued any more.
inline constexpr std::size_t max_follower_backlog = std::size_t{1} << 20;
// Read from disk in one go. A quarter of a millisecond of decoding; keeps the loop responsive.
inline constexpr std::size_t follow_slice_bytes = std::size_t{256} << 10;

class FollowSession {
 public:
  struct Transport {
    std::function<void(std::string frame)> send;
    std::function<std::size_t()> backlog;  // bytes sent and not gone yet
  };
  // The balancer's table as of some durable event (its `seq`).
  using RoutingProvider = std::function<core::RoutingSnapshot()>;
  using OnReport = std::function<void(BalancerReport)>;

  // `log` outlives the session. Sends the welcome.
  FollowSession(const Log& log, Transport transport, RoutingProvider routing, OnReport on_report);

  // Bytes from the follower. An error ends the session: its text was sent.
  core::Result<void> receive(std::span<const std::byte> bytes);

  // A commit became durable. Commits come in order.
  void publish(core::Seq first, core::Seq last, const std::string& commit_bytes);

  // One slice of catching up. Call it once a loop turn while wants_turn(). An error (the log is
  // damaged) ends the session.
  core::Result<void> take_turn();
  bool wants_turn() const;

  bool is_live() const { return state_ == State::live; }
  // The first event not sent yet; none while nothing is asked for.
  std::optional<core::Seq> position() const;

 private:
  enum class State { asked_nothing, catching_up, live };

  core::Result<void> handle(const FrameReader::Frame& frame);
  core::Result<void> begin(const FollowRequest& request);
  core::Result<void> end_with(core::Error error);

  const Log& log_;
  const Transport transport_;
  const RoutingProvider routing_;
  const OnReport on_report_;
  FrameReader reader_{max_follower_frame};
  State state_ = State::asked_nothing;
  core::Seq next_;  // first event not sent yet
  bool said_caught_up_ = false;
};

}  // namespace sky::events
