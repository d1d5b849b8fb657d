#include "adapters/follow_server.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace sky::adapters {

struct FollowServer::Follower {
  std::unique_ptr<ByteStream> stream;
  std::unique_ptr<events::FollowSession> session;
  bool is_over = false;  // removed at the next turn, outside its own callbacks
};

FollowServer::FollowServer(core::Scheduler& scheduler, const events::Log& log,
                           events::FollowSession::RoutingProvider routing)
    : log_(log),
      routing_(std::move(routing)),
      published_(log.position().durable),
      turn_(scheduler.make_alarm()) {}

FollowServer::~FollowServer() = default;

void FollowServer::accept(std::unique_ptr<ByteStream> stream) {
  if (followers_.size() >= max_followers) return;
  const Id id = next_id_++;
  auto follower = std::make_unique<Follower>();
  ByteStream* const out = stream.get();
  follower->stream = std::move(stream);
  follower->session = std::make_unique<events::FollowSession>(
      log_,
      events::FollowSession::Transport{[out](std::string frame) { out->write(std::move(frame)); },
                                       [out] { return out->backlog_bytes(); }},
      routing_, [this, id](events::BalancerReport one) { report(id, std::move(one)); });
  followers_.emplace(id, std::move(follower));
  out->when_below(events::max_follower_backlog / 2, [this] { schedule_turn(); });
  out->start([this, id](std::span<const std::byte> bytes) { receive(id, bytes); },
             [this, id](const std::string& reason) { lose(id, reason); });
}

void FollowServer::receive(Id id, std::span<const std::byte> bytes) {
  Follower& follower = *followers_.at(id);
  const auto received = follower.session->receive(bytes);
  if (!received) {
    follower.stream->close_when_sent();
    lose(id, received.error().text);
  }
  schedule_turn();
}

void FollowServer::report(Id id, events::BalancerReport report) {
  if (auto* hello = std::get_if<core::BalancerHello>(&report)) {
    balancer_ = id;  // a new one takes over; the end of the old one is not a loss any more
    hello->pid = followers_.at(id)->stream->peer().pid;
  }
  if (id != balancer_ || !on_report_) return;
  std::visit([this](auto& one) { on_report_(std::move(one)); }, report);
}

void FollowServer::lose(Id id, const std::string& reason) {
  followers_.at(id)->is_over = true;
  schedule_turn();
  if (id != balancer_) return;
  balancer_ = 0;
  if (on_balancer_gone_) on_balancer_gone_(reason);
}

void FollowServer::publish(core::Seq last, const std::string& commit_bytes) {
  if (last <= published_) return;  // was durable when this server was made: read from disk
  const core::Seq first = published_.next();
  published_ = last;
  if (followers_.empty()) return;
  if (const auto found = followers_.find(balancer_); found != followers_.end())
    found->second->session->publish(first, last, commit_bytes);
  unsent_.push_back({first, last, commit_bytes});
  schedule_turn();
}

std::optional<core::Seq> FollowServer::slowest_position() const {
  std::optional<core::Seq> slowest;
  for (const auto& [id, follower] : followers_) {
    const auto position = follower->is_over ? std::nullopt : follower->session->position();
    if (position && (!slowest || *position < *slowest)) slowest = position;
  }
  return slowest;
}

// What a session has already, it passes over.
void FollowServer::send_unsent() {
  for (const Commit& commit : std::exchange(unsent_, {})) {
    for (auto& [id, follower] : followers_) {
      if (!follower->is_over) follower->session->publish(commit.first, commit.last, commit.bytes);
    }
  }
}

void FollowServer::schedule_turn() {
  if (turn_->is_active()) return;
  const auto needs_turn = [](const auto& entry) {
    const Follower& follower = *entry.second;
    return follower.is_over ? !follower.stream->is_open() : follower.session->wants_turn();
  };
  if (unsent_.empty() && std::none_of(followers_.begin(), followers_.end(), needs_turn)) return;
  turn_->start(core::Duration{0}, [this] { take_turns(); });
}

void FollowServer::take_turns() {
  send_unsent();
  std::vector<Id> failed;
  for (auto& [id, follower] : followers_) {
    if (!follower->is_over && !follower->session->take_turn()) failed.push_back(id);
  }
  for (const Id id : failed) {
    followers_.at(id)->stream->close_when_sent();
    lose(id, "the log cannot be read");
  }
  std::erase_if(followers_, [](const auto& entry) {
    const Follower& follower = *entry.second;
    return follower.is_over && !follower.stream->is_open();
  });
  schedule_turn();
}

}  // namespace sky::adapters
