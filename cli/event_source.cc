#include "cli/event_source.h"

#include <utility>

#include "adapters/follow_client.h"
#include "adapters/reactor.h"
#include "cli/daemon_process.h"
#include "events/log.h"

namespace sky::cli {
namespace {

core::Result<void> read_log(const Home& home, core::Seq from, const EventVisitor& visit) {
  auto log = events::open_log_read_only(home.log());
  if (!log) {
    if (log.error().code == core::ErrorCode::not_found) return {};
    return log.error();
  }
  const core::Seq first = std::max(from, (*log)->position().first_retained);
  return (*log)->read(first, [&](const events::Commit& commit, std::span<const std::byte>) {
    for (const core::Event& event : commit.events)
      if (event.seq >= from && !visit(event)) return false;
    return true;
  });
}

}  // namespace

core::Result<void> read_events(const Home& home, core::Seq from, const EventVisitor& visit) {
  return read_log(home, from, visit);
}

core::Result<projections::Model> fold_log(const Home& home) {
  projections::Model model;
  auto read = read_log(home, core::Seq{1}, [&model](const core::Event& event) {
    projections::evolve(model, event);
    return true;
  });
  if (!read) return read.error();
  return model;
}

core::Result<bool> has_live_services(const Home& home) {
  const auto model = fold_log(home);
  if (!model) return model.error();
  return !model->services.empty();
}

}  // namespace sky::cli
