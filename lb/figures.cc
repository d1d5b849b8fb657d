#include "lb/figures.h"

namespace sky::lb {
namespace {

void add(ReplicaFigures& sum, const ReplicaFigures& more) {
  sum.in_flight += more.in_flight;
  sum.is_ejected = sum.is_ejected || more.is_ejected;
  sum.model.add(more.model);
}

void add(ServiceFigures& sum, const ServiceFigures& more) {
  sum.totals.add(more.totals);
  sum.model.add(more.model);
  sum.held += more.held;
  for (const auto& [id, replica] : more.replicas) add(sum.replicas[id], replica);
}

}  // namespace

void Figures::add(const Figures& other) {
  for (const auto& [name, service] : other.services) lb::add(services[name], service);
  client_connections += other.client_connections;
  upstream_connections += other.upstream_connections;
}

}  // namespace sky::lb
