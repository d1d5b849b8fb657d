#include "projections/routing_table.h"

#include <algorithm>

#include "projections/route_fold.h"

namespace sky::projections {

core::RoutingSnapshot routing_snapshot(const Model& model) {
  core::RoutingSnapshot table;
  table.seq = model.seq;
  for (const auto& [name, service] : model.services) table.services.emplace(name, service.route);
  return table;
}

bool evolve(core::RoutingSnapshot& table, const core::Event& event) {
  if (event.seq <= table.seq) return false;
  table.seq = event.seq;
  if (!concerns_routes(event)) return false;
  if (std::holds_alternative<core::ServiceRegistered>(event.body)) {
    fold_route(table.services[event.service] = {}, event);
    return true;
  }
  const auto found = table.services.find(event.service);
  if (found == table.services.end()) return false;
  if (std::holds_alternative<core::ServiceRemoved>(event.body)) {
    table.services.erase(found);
    return true;
  }
  const core::RoutedService before = found->second;
  fold_route(found->second, event);
  return found->second != before;
}

}  // namespace sky::projections
