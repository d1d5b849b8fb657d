// The balancer's own fold of the log: the same one the daemon's snapshots are made with.
#include "lb/balancer.h"
#include "projections/routing_table.h"

namespace sky::lb {

bool Balancer::apply(const core::Event& event) {
  if (!projections::evolve(table_, event)) return false;
  if (!event.service.empty()) sync(event.service);
  return true;
}

}  // namespace sky::lb
