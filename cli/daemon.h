// The daemon: every part of the control plane, put together and run on one loop.
#pragma once

#include <string>

#include "cli/config.h"
#include "cli/home.h"

namespace sky::cli {

struct DaemonOptions {
  std::string bind_host;  // where endpoints listen
  Config config;
};

// Runs in the foreground until SIGTERM, SIGINT or POST /v1/stop; returns the exit status. Services
// and their endpoint go on without it. What goes wrong at the start is one line on standard error.
int run_daemon(const Home& home, const DaemonOptions& options);

}  // namespace sky::cli
