#include "cli/event_source.h"

#include <algorithm>
#include <iostream>
#include <optional>
#include <utility>

#include "adapters/follow_client.h"
#include "adapters/reactor.h"
#include "adapters/unix_socket.h"
#include "cli/daemon_process.h"
#include "cli/history.h"
#include "events/log.h"

namespace sky::cli {
namespace {

core::Result<void> read_log(const Home& home, core::Seq from, const EventVisitor& visit,
                            const BeginsLater& begins_later) {
  auto log = events::open_log_read_only(home.log());
  if (!log) {
    if (log.error().code == core::ErrorCode::not_found) return {};
    return log.error();
  }
  const core::Seq first = std::max(from, (*log)->position().first_retained);
  if (first > from) begins_later(first);
  return (*log)->read(first, [&](const events::Commit& commit, std::span<const std::byte>) {
    for (const core::Event& event : commit.events)
      if (event.seq >= from && !visit(event)) return false;
    return true;
  });
}

// How long a reader waits for the daemon it knows to be there.
constexpr core::Duration connect_patience = core::seconds(10);

// One follower on a loop of its own: until it is caught up, or for ever.
core::Result<void> follow(const Home& home, core::Seq from, const EventVisitor& visit,
                          const BeginsLater& begins_later, const std::function<bool()>& caught_up) {
  adapters::Reactor reactor;
  std::optional<core::Error> failure;
  {
    adapters::Timer patience(reactor);
    adapters::FollowCallbacks callbacks;
    callbacks.on_snapshot = [](const core::RoutingSnapshot&) {};
    callbacks.on_event = [&](const core::Event& event) {
      if (event.seq >= from && !visit(event)) reactor.stop();
    };
    callbacks.on_caught_up = [&](core::Seq) {
      patience.stop();
      if (!caught_up()) reactor.stop();
    };
    callbacks.on_connected = [] {};
    callbacks.on_compacted = begins_later;
    callbacks.on_disconnected = [](const std::string&) {};
    adapters::FollowClient client(
        reactor, adapters::dial_unix(reactor, home.root / events::follow_socket_name),
        events::FollowRequest{.from = from}, std::move(callbacks));
    patience.start(connect_patience, [&] {
      failure =
          core::Error{core::ErrorCode::unavailable,
                      "the daemon does not hand out its log; see " + home.daemon_output().string()};
      reactor.stop();
    });
    client.start();
    reactor.run();
  }
  if (failure) return *failure;
  return {};
}

}  // namespace

void say_where_it_begins(core::Seq first) {
  std::cerr << "skyctl: what happened before #" << first.value
            << " is not kept any more; the log begins there\n";
}

// The running daemon's log is asked for through the daemon: only it knows what is durable.
core::Result<void> read_events(const Home& home, core::Seq from, const EventVisitor& visit,
                               const BeginsLater& begins_later) {
  if (!daemon_answers(home)) return read_log(home, from, visit, begins_later);
  return follow(home, from, visit, begins_later, [] { return false; });
}

core::Result<void> follow_events(const Home& home, core::Seq from, const EventVisitor& visit,
                                 const BeginsLater& begins_later) {
  return follow(home, from, visit, begins_later, [] { return true; });
}

core::Result<projections::Model> fold_log(const Home& home) {
  const auto log = events::open_log_read_only(home.log());
  if (!log && log.error().code == core::ErrorCode::not_found) return projections::Model{};
  if (!log) return log.error();
  auto folded = fold_history(**log);
  if (!folded) return folded.error();
  return std::move(folded->model);
}

core::Result<bool> has_live_services(const Home& home) {
  const auto model = fold_log(home);
  if (!model) return model.error();
  return !model->services.empty();
}

}  // namespace sky::cli
