// What a service costs: spent so far, and what the same replica-hours would have cost on demand.
//
// A machine is billed from the answer to its launch until its end is confirmed, at the price its
// offer had. Machines of an owned cluster cost nothing in both sums. Derived from the fold.
#pragma once

#include "core/money.h"
#include "core/time.h"
#include "projections/replica.h"

namespace sky::projections {

struct ServiceState;

struct Ledger {
  core::Money spent;
  core::Money all_on_demand;
  bool operator==(const Ledger&) const = default;
};

struct CostReport {
  core::Money spent;  // since the service was registered
  core::Money all_on_demand;  // the same replica-hours at on-demand prices
  core::Price now;  // dollars an hour, of what runs at this moment
  core::Price now_all_on_demand;
  bool operator==(const CostReport&) const = default;
};

CostReport cost_of(const ServiceState& service, core::Instant now);

// Ends the running bill of a replica, if it has one.
void finish_bill(Replica& replica, core::Instant at);

}  // namespace sky::projections
