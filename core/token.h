// Idempotency tokens: the same launch intent always has the same token, two never share one.
#pragma once

#include <string>

#include "core/ids.h"

namespace sky::core {

// 32 lower-case hexadecimal digits derived from the log's identity and the sequence of the
// LaunchIntended event. Nothing to store: identical after a crash, other in a restored copy that
// was given a new log id. Two rounds of a 64-bit mix (splitmix64, public domain constants); it
// identifies, it does not protect a secret.
std::string launch_token(const LogId& log_id, Seq intent);

}  // namespace sky::core
