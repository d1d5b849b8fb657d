// Where a past is read from: this home, through its daemon or from disk; another home; a backup.
//
// A past begins with a base: the empty state of a whole log, or a snapshot, which stands for all
// events before it. Snapshots are read from disk also beside a running daemon: they are stored only
// when their events are durable. Only reads. Errors: not_found when there is no log, or nothing of
// the asked past is kept; those of reading.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "cli/event_source.h"
#include "cli/moment.h"
#include "core/result.h"
#include "projections/model.h"

namespace sky::cli {

struct ReplaySource {
  std::optional<std::filesystem::path> directory;  // --log: a home, or its log; none: our home
};

struct PastBase {
  projections::Model model;  // as of its newest event
  std::optional<core::Stamp> now;  // of that event; none: it is not kept, or there is none

  core::Seq first() const { return model.seq.next(); }  // the event that continues it
};

// What all that can be shown of the log continues.
core::Result<PastBase> oldest_base(const ReplaySource& source);

// The newest one that is not after the moment; the fold from it is the fold of everything. Where
// the wall clock went back, a moment has come twice, and the later one counts. Not_found when the
// moment is before what can be shown: the error names the first moment that can.
core::Result<PastBase> base_at(const ReplaySource& source, const std::optional<Moment>& moment);

// All events from `from` on, in order, up to now. Returning false from `visit` ends it.
core::Result<void> read_source(const ReplaySource& source, core::Seq from,
                               const EventVisitor& visit);

// Says on standard error that nothing before the base can be shown; nothing for a whole log.
void say_where_past_begins(const PastBase& base);

}  // namespace sky::cli
