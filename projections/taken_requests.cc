#include "projections/taken_requests.h"

#include <algorithm>

namespace sky::projections {

void remember(TakenRequests& taken, const core::ServiceName& service,
              const core::CommandReceived& command) {
  if (command.request.empty()) return;
  if (taken.size() == max_taken_requests) taken.pop_front();
  taken.push_back({command.request, command.command, service});
}

const TakenRequest* find_taken(const TakenRequests& taken, const core::RequestId& id) {
  if (id.empty()) return nullptr;
  const auto found = std::find_if(taken.begin(), taken.end(),
                                  [&](const TakenRequest& one) { return one.id == id; });
  return found == taken.end() ? nullptr : &*found;
}

}  // namespace sky::projections
