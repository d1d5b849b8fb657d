#include "lb/balancer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "lb/metrics.h"
#include "projections/routing_table.h"

namespace sky::lb {

Balancer::Balancer(adapters::Reactor& reactor, BalancerOptions options, Report report)
    : options_(std::move(options)),
      report_(std::move(report)),
      worker_(reactor, options_.limits, options_.access_log),
      second_(reactor),
      sampled_at_(worker_.now()) {
  second_.start_repeating(core::seconds(1), [this] { on_second(); });
}

Balancer::~Balancer() = default;

void Balancer::apply(const core::RoutingSnapshot& table) {
  table_ = table;
  std::vector<core::ServiceName> names;
  for (const auto& [name, endpoint] : endpoints_) names.push_back(name);
  for (const auto& [name, service] : table_.services) {
    if (!endpoints_.contains(name)) names.push_back(name);
  }
  for (const core::ServiceName& name : names) sync(name);
}

bool Balancer::apply(const core::Event& event) {
  if (!projections::evolve(table_, event)) return false;
  if (!event.service.empty()) sync(event.service);
  return true;
}

void Balancer::sync(const core::ServiceName& name) {
  const auto wanted = table_.services.find(name);
  const auto present = endpoints_.find(name);
  if (wanted == table_.services.end()) {
    if (present == endpoints_.end()) return;
    std::unique_ptr<Endpoint> endpoint = std::move(present->second);
    endpoints_.erase(present);
    endpoint->stop();
    leaving_.push_back(std::move(endpoint));
    return;
  }
  std::unique_ptr<Endpoint>& endpoint = endpoints_[name];
  if (!endpoint) endpoint = std::make_unique<Endpoint>(worker_, options_.bind_host, name, report_);
  endpoint->update(wanted->second);
}

void Balancer::on_second() {
  worker_.set_wall_offset();
  const core::Duration now = worker_.now();
  const core::Duration period = now - std::exchange(sampled_at_, now);
  for (const auto& [name, endpoint] : endpoints_) endpoint->on_second(period);
  std::erase_if(leaving_, [](const auto& endpoint) {
    return endpoint->is_empty() && endpoint->service().in_flight() == 0;
  });
  worker_.access_log.flush();
}

void Balancer::report_again() {
  for (const auto& [name, endpoint] : endpoints_) endpoint->report_again();
}

void Balancer::stop() {
  for (auto& [name, endpoint] : endpoints_) {
    endpoint->stop();
    leaving_.push_back(std::move(endpoint));
  }
  endpoints_.clear();
}

bool Balancer::is_quiet() const {
  return std::all_of(leaving_.begin(), leaving_.end(),
                     [](const auto& endpoint) { return endpoint->is_empty(); });
}

std::string Balancer::metrics_text() const {
  MetricsText text;
  for (const auto& [name, endpoint] : endpoints_) text.add(*endpoint);
  return text.finish(worker_);
}

Balancer::Counters Balancer::counters() const {
  Counters counters;
  counters.client_connections = worker_.client_connections;
  counters.upstream_connections = worker_.upstream_connections;
  counters.replay_bytes = worker_.replay_bytes;
  for (const auto& [name, endpoint] : endpoints_) {
    counters.in_flight += endpoint->service().in_flight();
    counters.held += endpoint->service().held();
  }
  return counters;
}

const Endpoint* Balancer::find(const core::ServiceName& service) const {
  const auto found = endpoints_.find(service);
  return found == endpoints_.end() ? nullptr : found->second.get();
}

}  // namespace sky::lb
