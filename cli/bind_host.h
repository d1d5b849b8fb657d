// Where endpoints listen: remembered in $SKYCTL_HOME/bind, so that a daemon that a command brings
// back does not move them.
#pragma once

#include <string>

#include "cli/home.h"
#include "core/result.h"

namespace sky::cli {

inline constexpr const char* default_bind_host = "127.0.0.1";

std::string stored_bind_host(const Home& home);  // the default when none was chosen
core::Result<void> store_bind_host(const Home& home, const std::string& host);

}  // namespace sky::cli
