// The commands that were taken, by the ids that their askers drew: one that is asked for again,
// because its answer was lost with a daemon, is not done twice.
//
// A fold over CommandReceived. The newest `max_taken_requests` are remembered; who asks again does
// so within minutes.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "core/event.h"
#include "core/ids.h"

namespace sky::projections {

// Bounds the memory, and what each snapshot holds; a person types a few a minute.
inline constexpr std::size_t max_taken_requests = 256;

struct TakenRequest {
  core::RequestId id;
  std::string command;
  core::ServiceName service;
  bool operator==(const TakenRequest&) const = default;
};
using TakenRequests = std::deque<TakenRequest>;  // oldest first

// Commands without an id are nothing to remember.
void remember(TakenRequests& taken, const core::ServiceName& service,
              const core::CommandReceived& command);

// Null when it was not taken, or so long ago that it is forgotten.
const TakenRequest* find_taken(const TakenRequests& taken, const core::RequestId& id);

}  // namespace sky::projections
