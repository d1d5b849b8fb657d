#include "events/follow_session.h"

#include <utility>

namespace sky::events {

using core::Error;
using core::Result;
using core::Seq;

FollowSession::FollowSession(const Log& log, Transport transport, RoutingProvider routing,
                             OnReport on_report)
    : log_(log),
      transport_(std::move(transport)),
      routing_(std::move(routing)),
      on_report_(std::move(on_report)) {
  transport_.send(welcome_frame({log_.id(), log_.epoch(), log_.position().durable}));
}

Result<void> FollowSession::end_with(Error error) {
  transport_.send(frame(FrameKind::error, error.text));
  return error;
}

Result<void> FollowSession::receive(std::span<const std::byte> bytes) {
  reader_.feed(bytes);
  while (true) {
    const auto next = reader_.next();
    if (!next) return end_with(next.error());
    if (!*next) return {};
    const auto handled = handle(**next);
    if (!handled) return end_with(handled.error());
  }
}

Result<void> FollowSession::handle(const FrameReader::Frame& frame) {
  if (frame.kind == FrameKind::request) {
    const auto request = decode_request(frame.payload);
    if (!request) return request.error();
    return begin(*request);
  }
  if (frame.kind == FrameKind::report) {
    auto report = decode_report(frame.payload);
    if (!report) return report.error();
    if (*report) on_report_(std::move(**report));
    return {};
  }
  return {};  // of a newer follower: nothing we could answer
}

Result<void> FollowSession::begin(const FollowRequest& request) {
  const Position position = log_.position();
  Seq from = request.from ? request.from : position.first_retained;
  if (request.routing_snapshot_first) {
    const core::RoutingSnapshot table = routing_();
    transport_.send(frame(FrameKind::routing, encode_routing(table)));
    from = table.seq.next();
  }
  if (from < position.first_retained) {
    transport_.send(seq_frame(FrameKind::compacted, position.first_retained));
    state_ = State::asked_nothing;
    return {};
  }
  if (from > position.durable.next()) {
    return Error{core::ErrorCode::not_found, "event " + std::to_string(from.value) +
                                                 " was asked for, but the log ends at " +
                                                 std::to_string(position.durable.value)};
  }
  next_ = from;
  said_caught_up_ = false;
  state_ = State::catching_up;
  return {};
}

void FollowSession::publish(Seq first, Seq last, const std::string& commit_bytes) {
  if (state_ != State::live || last < next_) return;
  const std::size_t backlog = transport_.backlog();
  const bool is_slow = backlog > 0 && backlog + commit_bytes.size() > max_follower_backlog;
  if (is_slow || first > next_) {
    state_ = State::catching_up;  // it is on disk; take_turn() gets it from there
    return;
  }
  transport_.send(frame(FrameKind::commit, commit_bytes));
  next_ = last.next();
}

std::optional<Seq> FollowSession::position() const {
  return state_ == State::asked_nothing ? std::optional<Seq>() : std::optional(next_);
}

bool FollowSession::wants_turn() const {
  return state_ == State::catching_up && transport_.backlog() < max_follower_backlog;
}

Result<void> FollowSession::take_turn() {
  if (!wants_turn()) return {};
  const Seq first = log_.position().first_retained;
  if (next_ < first) {  // cut off while it was catching up
    transport_.send(seq_frame(FrameKind::compacted, first));
    state_ = State::asked_nothing;
    return {};
  }
  std::size_t sent = 0;
  const auto read = log_.read(next_, [&](const Commit& commit, std::span<const std::byte> bytes) {
    transport_.send(
        frame(FrameKind::commit, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
    next_ = commit.events.back().seq.next();
    sent += bytes.size();
    return sent < follow_slice_bytes && transport_.backlog() < max_follower_backlog;
  });
  if (!read) return end_with(read.error());
  if (next_ <= log_.position().durable) return {};
  state_ = State::live;
  if (!std::exchange(said_caught_up_, true)) {
    transport_.send(seq_frame(FrameKind::caught_up, Seq{next_.value - 1}));
  }
  return {};
}

}  // namespace sky::events
