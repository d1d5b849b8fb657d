// A range of history at N times its own pace: event lines, and on a terminal the status that moves
// along with them.
//
// Waits follow the log's clock; what came before the range is folded at once, from the newest
// snapshot before it. A range that begins before what is kept begins there, and says so. Blocks
// until the range ends, the output closes, or the process is interrupted.
#pragma once

#include <optional>

#include "cli/event_filter.h"
#include "cli/replay.h"

namespace sky::cli {

struct LiveReplay {
  double speed = 1;  // times real time
  EventFilter filter;  // `first`, `not_before`, `until`: the range; the rest: which lines
  bool verbose = false;
  bool json = false;
  bool utc = false;  // else the local time zone
  bool repaint = false;  // a terminal: status above the newest lines
};

core::Result<void> play(const ReplaySource& source, const LiveReplay& replay);

}  // namespace sky::cli
