#include "lb/balancer.h"

#include <utility>

#include "lb/metrics.h"
#include "projections/routing_table.h"

namespace sky::lb {
namespace {

core::Duration now() { return core::Duration(static_cast<std::int64_t>(uv_hrtime() / 1000)); }

}  // namespace

struct Balancer::Round {
  core::Duration period{0};
  std::size_t missing = 0;  // loops that have not answered
  Loop::Parts parts;

  void add(const Loop::Parts& more) {
    for (const auto& [name, part] : more) parts[name].add(part);
    --missing;
  }
};

Balancer::Balancer(adapters::Reactor& reactor, BalancerOptions options, Report report)
    : reactor_(reactor),
      options_(std::move(options)),
      report_(std::move(report)),
      shared_(options_.access_log),
      loops_(reactor, options_.loops,
             [this](adapters::Reactor& its_reactor, std::size_t index) {
               return std::make_unique<Loop>(its_reactor, options_.bind_host, options_.limits,
                                             shared_, index, report_of_loops());
             }),
      second_(reactor),
      sampled_at_(now()) {
  second_.start_repeating(core::seconds(1), [this] { on_second(); });
}

Balancer::~Balancer() { self_.reset(); }

// Several loops report through the reactor's queue, the first one too: what they say of one replica
// is then heard in the order in which it happened.
Report Balancer::report_of_loops() {
  if (options_.loops == 1) return report_;
  return [&reactor = reactor_, self = std::weak_ptr(self_)](core::InputBody body) {
    reactor.post([self, body = std::move(body)] {
      const auto balancer = self.lock();
      if (balancer) (*balancer)->report_(body);
    });
  };
}

void Balancer::apply(const core::RoutingSnapshot& table) {
  table_ = table;
  publish();
}

bool Balancer::apply(const core::Event& event) {
  if (!projections::evolve(table_, event)) return false;
  publish();
  return true;
}

void Balancer::publish() {
  std::erase_if(services_,
                [&](const auto& known) { return !table_.services.contains(known.first); });
  for (const auto& [name, service] : table_.services) {
    std::shared_ptr<SharedService>& shared = services_[name];
    if (!shared) shared = std::make_shared<SharedService>(loops_.size());
  }
  const auto made = std::make_shared<const LoopTable>(table_, services_);
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    loops_.run(i, [made](Loop& loop) { loop.apply(made); });
  }
}

void Balancer::on_second() {
  const auto round = std::make_shared<Round>();
  const core::Duration present = now();
  round->period = present - std::exchange(sampled_at_, present);
  round->missing = loops_.size();
  for (std::size_t i = 1; i < loops_.size(); ++i) {
    loops_.run(i, [&reactor = reactor_, self = std::weak_ptr(self_), round](Loop& loop) {
      reactor.post([self, round, parts = loop.on_second()] {
        const auto balancer = self.lock();
        if (!balancer) return;
        round->add(parts);
        if (round->missing == 0) (*balancer)->finish(*round);
      });
    });
  }
  round->add(loops_.ask(0, [](Loop& loop) { return loop.on_second(); }));
  if (round->missing == 0) finish(*round);
}

// Reports each service's sample if there was anything, and one zero sample afterwards.
void Balancer::finish(const Round& round) {
  std::erase_if(was_zero_, [&](const auto& known) { return !round.parts.contains(known.first); });
  for (const auto& [name, part] : round.parts) {
    const core::TrafficSampled& sample = part.sample;
    const bool is_zero = sample.arrivals == 0 && sample.completions == 0 && sample.failures == 0 &&
                         sample.in_flight == 0 && sample.held == 0;
    bool& was_zero = was_zero_.try_emplace(name, true).first->second;
    if (!std::exchange(was_zero, is_zero) || !is_zero) {
      report_(core::TrafficReported{name, part.over(round.period)});
    }
  }
}

void Balancer::report_again() {
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    loops_.run(i, [](Loop& loop) { loop.report_again(); });
  }
}

void Balancer::stop() {
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    loops_.ask(i, [](Loop& loop) { loop.stop(); });
  }
}

bool Balancer::is_quiet() {
  bool quiet = true;
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    quiet = loops_.ask(i, [](Loop& loop) { return loop.is_quiet(); }) && quiet;
  }
  return quiet;
}

Figures Balancer::figures() {
  Figures sum;
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    sum.add(loops_.ask(i, [](Loop& loop) { return loop.figures(); }));
  }
  sum.replay_bytes = shared_.replay_bytes;
  sum.log_lost_bytes = shared_.log_file.lost_bytes();
  return sum;
}

std::string Balancer::metrics() { return metrics_text(figures()); }

Balancer::Counters Balancer::counters() {
  const Figures sum = figures();
  Counters counters{.client_connections = sum.client_connections,
                    .upstream_connections = sum.upstream_connections,
                    .replay_bytes = sum.replay_bytes};
  for (const auto& [name, service] : sum.services) {
    counters.held += service.held;
    for (const auto& [id, replica] : service.replicas) counters.in_flight += replica.in_flight;
  }
  return counters;
}

const Endpoint* Balancer::find(const core::ServiceName& service) {
  return loops_.ask(0, [&](Loop& loop) { return loop.find(service); });
}

}  // namespace sky::lb
