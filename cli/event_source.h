// Where commands read history from: the running daemon (catch-up, then live), or the log on disk
// when no daemon runs.
#pragma once

#include <functional>

#include "cli/home.h"
#include "core/event.h"
#include "core/result.h"
#include "projections/model.h"

namespace sky::cli {

// Returns false to stop.
using EventVisitor = std::function<bool(const core::Event&)>;

// Told before the first event when the log does not reach back to what was asked for.
using BeginsLater = std::function<void(core::Seq first)>;
void say_where_it_begins(core::Seq first);  // on standard error

// Visits all events from `from` on up to now. Blocking.
core::Result<void> read_events(const Home& home, core::Seq from, const EventVisitor& visit,
                               const BeginsLater& begins_later = say_where_it_begins);

// The same, then every new one as it becomes durable; survives restarts of the daemon. Blocks until
// the visitor stops it or the process is interrupted.
core::Result<void> follow_events(const Home& home, core::Seq from, const EventVisitor& visit,
                                 const BeginsLater& begins_later = say_where_it_begins);

// The state as the log on disk has it; an empty model when there is no log yet.
core::Result<projections::Model> fold_log(const Home& home);
core::Result<bool> has_live_services(const Home& home);

}  // namespace sky::cli
