#include "projections/costs.h"

#include <algorithm>

#include "projections/service_state.h"

namespace sky::projections {

void finish_bill(Replica& replica, core::Instant at) {
  if (!replica.billed_since) return;
  const core::Duration held = std::max(core::Duration{0}, at - *replica.billed_since);
  replica.cost += replica.offer.price.for_duration(held);
  replica.cost_on_demand += replica.offer.on_demand_price.for_duration(held);
  replica.billed_since.reset();
}

CostReport cost_of(const ServiceState& service, core::Instant now) {
  CostReport report;
  report.spent = service.ledger.spent;
  report.all_on_demand = service.ledger.all_on_demand;
  for (const auto& [id, replica] : service.replicas) {
    Replica until_now = replica;
    finish_bill(until_now, now);
    report.spent += until_now.cost;
    report.all_on_demand += until_now.cost_on_demand;
    if (!replica.billed_since) continue;
    report.now = report.now + replica.offer.price;
    report.now_all_on_demand = report.now_all_on_demand + replica.offer.on_demand_price;
  }
  return report;
}

}  // namespace sky::projections
