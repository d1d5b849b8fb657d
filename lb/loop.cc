#include "lb/loop.h"

#include <algorithm>
#include <utility>

namespace sky::lb {

Loop::Loop(adapters::Reactor& reactor, std::string bind_host, const Limits& limits,
           SharedByLoops& shared, std::size_t index, Report report)
    : bind_host_(std::move(bind_host)),
      report_(std::move(report)),
      worker_(reactor, limits, shared, index) {}

Loop::~Loop() = default;

void Loop::apply(std::shared_ptr<const LoopTable> table) {
  table_ = std::move(table);
  const auto& wanted = table_->routing.services;
  for (auto present = endpoints_.begin(); present != endpoints_.end();) {
    const auto known = table_->shared.find(present->first);
    const bool stays =
        known != table_->shared.end() && &present->second->shared() == known->second.get();
    if (stays) {
      ++present;
      continue;
    }
    present->second->stop();
    leaving_.push_back(std::move(present->second));
    present = endpoints_.erase(present);
  }
  for (const auto& [name, routed] : wanted) {
    std::unique_ptr<Endpoint>& endpoint = endpoints_[name];
    if (!endpoint) {
      endpoint =
          std::make_unique<Endpoint>(worker_, bind_host_, name, report_, table_->shared.at(name));
    }
    endpoint->update(routed);
  }
}

Loop::Parts Loop::on_second() {
  worker_.set_wall_offset();
  Parts parts;
  for (const auto& [name, endpoint] : endpoints_) parts.emplace(name, endpoint->on_second());
  std::erase_if(leaving_, [](const auto& endpoint) {
    return endpoint->is_empty() && endpoint->service().in_flight() == 0;
  });
  worker_.access_log.flush();
  return parts;
}

void Loop::report_again() {
  for (const auto& [name, endpoint] : endpoints_) endpoint->report_again();
}

void Loop::stop() {
  for (auto& [name, endpoint] : endpoints_) {
    endpoint->stop();
    leaving_.push_back(std::move(endpoint));
  }
  endpoints_.clear();
}

bool Loop::is_quiet() const {
  return std::all_of(leaving_.begin(), leaving_.end(),
                     [](const auto& endpoint) { return endpoint->is_empty(); });
}

Figures Loop::figures() const {
  Figures figures;
  for (const auto& [name, endpoint] : endpoints_) {
    const Service& service = endpoint->service();
    ServiceFigures& here = figures.services[name];
    here.totals = service.totals();
    here.model = service.model_totals();
    here.held = service.held();
    for (const auto& [id, replica] : service.replicas()) {
      here.replicas[id] = {replica->load(), replica->is_ejected(), replica->model_totals()};
    }
  }
  figures.client_connections = worker_.client_connections;
  figures.upstream_connections = worker_.upstream_connections;
  return figures;
}

const Endpoint* Loop::find(const core::ServiceName& service) const {
  const auto found = endpoints_.find(service);
  return found == endpoints_.end() ? nullptr : found->second.get();
}

}  // namespace sky::lb
