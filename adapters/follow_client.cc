#include "adapters/follow_client.h"

#include <algorithm>
#include <utility>

namespace sky::adapters {

using core::Error;
using core::ErrorCode;
using core::Result;
using events::FrameKind;

FollowClient::FollowClient(core::Scheduler& scheduler, Dial dial, events::FollowRequest request,
                           FollowCallbacks callbacks)
    : dial_(std::move(dial)),
      request_(request),
      callbacks_(std::move(callbacks)),
      next_(request.from),
      retry_(scheduler.make_alarm()) {}

FollowClient::~FollowClient() = default;

void FollowClient::start() {
  retry_->start(core::Duration{0}, [this] { connect(); });
}

void FollowClient::connect() {
  reader_ = events::FrameReader(events::max_daemon_frame);
  stream_ = dial_([this](Result<void> connected) {
    if (!connected) return lose(connected.error().text);
    stream_->start([this](std::span<const std::byte> bytes) { receive(bytes); },
                   [this](const std::string& reason) { lose(reason); });
  });
}

void FollowClient::lose(const std::string& reason) {
  stream_->close();
  is_connected_ = false;
  retry_->start(wait_, [this] { connect(); });
  wait_ = std::min(2 * wait_, last_wait);
  if (callbacks_.on_disconnected) callbacks_.on_disconnected(reason);
}

bool FollowClient::send(const events::BalancerReport& report) {
  if (!is_connected_) return false;
  stream_->write(events::report_frame(report));
  return true;
}

void FollowClient::receive(std::span<const std::byte> bytes) {
  reader_.feed(bytes);
  while (stream_->is_open()) {
    const auto next = reader_.next();
    if (!next) return lose(next.error().text);
    if (!*next) return;
    const auto handled = handle(**next);
    if (!handled) return lose(handled.error().text);
  }
}

Result<void> FollowClient::handle(const events::FrameReader::Frame& frame) {
  switch (frame.kind) {
    case FrameKind::welcome: {
      const auto welcome = events::decode_welcome(frame.payload);
      return welcome ? greet(*welcome) : welcome.error();
    }
    case FrameKind::routing: return take_table(frame.payload);
    case FrameKind::commit: return take_commit(frame.payload);
    case FrameKind::caught_up: {
      const auto seq = events::decode_seq(frame.payload);
      if (!seq) return seq.error();
      if (next_.value == 0) next_ = seq->next();
      if (callbacks_.on_caught_up) callbacks_.on_caught_up(*seq);
      return {};
    }
    case FrameKind::compacted: {
      const auto first = events::decode_seq(frame.payload);
      if (!first) return first.error();
      if (callbacks_.on_compacted) callbacks_.on_compacted(*first);
      next_ = request_.routing_snapshot_first ? core::Seq{} : *first;
      stream_->write(events::request_frame({next_, request_.routing_snapshot_first}));
      return {};
    }
    case FrameKind::error:
      return Error{
          ErrorCode::unavailable,
          std::string(reinterpret_cast<const char*>(frame.payload.data()), frame.payload.size())};
    default: return {};  // of a newer daemon
  }
}

Result<void> FollowClient::greet(const events::Welcome& welcome) {
  const bool is_other_log = !log_id_.empty() && log_id_ != welcome.log_id;
  const bool is_shorter = !log_id_.empty() && next_ > welcome.durable.next();
  if (is_other_log || is_shorter) next_ = core::Seq{};
  log_id_ = welcome.log_id;
  is_connected_ = true;
  wait_ = first_wait;
  const bool wants_table = request_.routing_snapshot_first && next_.value == 0;
  stream_->write(events::request_frame({next_, wants_table}));
  if (callbacks_.on_connected) callbacks_.on_connected();
  return {};
}

Result<void> FollowClient::take_table(std::span<const std::byte> payload) {
  const auto table = events::decode_routing(payload);
  if (!table) return table.error();
  next_ = table->seq.next();
  if (callbacks_.on_snapshot) callbacks_.on_snapshot(*table);
  return {};
}

Result<void> FollowClient::take_commit(std::span<const std::byte> payload) {
  const auto decoded = decoder_.decode(payload, commit_);
  if (!decoded) return decoded;
  if (next_.value == 0) next_ = commit_.events.front().seq;
  if (commit_.events.front().seq > next_) {
    return Error{ErrorCode::corrupt, "the daemon left out event " + std::to_string(next_.value)};
  }
  for (const core::Event& event : commit_.events) {
    if (event.seq < next_) continue;  // the commit began before what we asked for
    next_ = event.seq.next();
    if (callbacks_.on_event) callbacks_.on_event(event);
    if (!stream_->is_open()) break;
  }
  return {};
}

}  // namespace sky::adapters
