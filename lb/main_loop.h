// The endpoint process: a balancer, the daemon's log it follows, and its files in the home.
//
//   lb.lock     held for life, with the pid; a second process ends at once, quietly
//   lb.table    the last routing table (table_cache.h): it serves before the daemon answers
//   lb.log      one line per request (access_log.h)
//   lb.sock     GET /metrics
//
// It outlives the daemon. It ends on SIGTERM or SIGINT (requests that run may finish for 30 s; a
// second signal ends at once), when it knows that there is no service and no daemon has been there
// for a minute, and when its home is gone.
#pragma once

#include <filesystem>

#include "lb/balancer.h"

namespace sky::lb {

// Returns the exit status: 0, or 1 with a line on standard error. `options.access_log` is set here.
int run_balancer(const std::filesystem::path& home, BalancerOptions options);

}  // namespace sky::lb
