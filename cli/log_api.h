// The daemon's API for its log:
//
//   POST /v1/log/backup    {"to"}      a copy of the log in that new directory; milliseconds
//   POST /v1/log/truncate  {"before"}  -> {"first_kept","snapshot"}
//
// Answers come when it is done and durable. Loop thread.
#pragma once

#include "cli/http_router.h"
#include "cli/log_tender.h"
#include "events/log.h"

namespace sky::cli {

// All outlive the router.
void add_log_routes(HttpRouter& router, events::Log& log, LogTender& tender);

}  // namespace sky::cli
