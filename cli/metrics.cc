#include "cli/metrics.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <iterator>
#include <map>

#include "projections/costs.h"

namespace sky::cli {
namespace {

using Services = std::map<core::ServiceName, projections::ServiceState>;

// One metric: its help and type once, then a line for each service.
class Family {
 public:
  Family(std::string& out, const char* name, const char* type, const char* help)
      : out_(out), name_(name) {
    fmt::format_to(std::back_inserter(out_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name,
                   type);
  }

  // Names of services have no character that a label would have to escape.
  template <class Number>
  void line(const core::ServiceName& service, Number value) {
    fmt::format_to(std::back_inserter(out_), "{}{{service=\"{}\"}} {}\n", name_, service, value);
  }
  template <class Number>
  void line(const core::ServiceName& service, const char* label, const char* text, Number value) {
    fmt::format_to(std::back_inserter(out_), "{}{{service=\"{}\",{}=\"{}\"}} {}\n", name_, service,
                   label, text, value);
  }
  template <class Number>
  void line(Number value) {
    fmt::format_to(std::back_inserter(out_), "{} {}\n", name_, value);
  }

 private:
  std::string& out_;
  const char* name_;
};

void write_daemon(std::string& out, const projections::Model& model, std::size_t backlog) {
  Family(out, "skyctl_log_seq", "counter", "Newest event of the log.").line(model.seq.value);
  Family(out, "skyctl_log_epoch", "counter", "Starts of the daemon on this log.").line(model.epoch);
  Family(out, "skyctl_log_backlog_events", "gauge", "Events that are not durable yet.")
      .line(backlog);
  Family(out, "skyctl_balancer_connected", "gauge", "1 while the endpoint process follows the log.")
      .line(model.balancer_connected ? 1 : 0);
  Family(out, "skyctl_orphans", "gauge", "Machines tagged ours that no replica owns.")
      .line(model.orphans.size());
}

void write_replicas(std::string& out, const Services& services) {
  Family replicas(out, "skyctl_replicas", "gauge", "Replicas by phase.");
  for (const auto& [name, service] : services) {
    std::map<core::Phase, std::uint32_t> count;
    for (const auto& [id, replica] : service.replicas) ++count[replica.phase];
    for (const auto& [phase, number] : count)
      replicas.line(name, "phase", core::to_text(phase), number);
  }
  Family target(out, "skyctl_target_replicas", "gauge", "Replicas the load asks for.");
  for (const auto& [name, service] : services) target.line(name, service.target);
  Family ready(out, "skyctl_ready_replicas", "gauge", "Replicas that get requests.");
  for (const auto& [name, service] : services) ready.line(name, projections::ready_count(service));
}

void write_load(std::string& out, const Services& services) {
  Family rate(out, "skyctl_request_rate", "gauge",
              "Arrivals a second over the QPS window, at the newest recorded evaluation.");
  for (const auto& [name, service] : services)
    rate.line(name, static_cast<double>(service.last_evaluation.rate.value) / 1000.0);
  Family flight(out, "skyctl_requests_in_flight", "gauge", "Requests running on replicas.");
  for (const auto& [name, service] : services) {
    std::uint32_t sum = 0;
    for (const auto& [id, replica] : service.replicas) sum += replica.in_flight;
    flight.line(name, sum);
  }
}

void write_costs(std::string& out, const Services& services, core::Instant now) {
  Family spent(out, "skyctl_cost_usd_total", "counter",
               "Spent on machines since the service is up.");
  for (const auto& [name, service] : services)
    spent.line(name, projections::cost_of(service, now).spent.usd());
  Family on_demand(out, "skyctl_on_demand_cost_usd_total", "counter",
                   "What the same machine hours would have cost on demand.");
  for (const auto& [name, service] : services)
    on_demand.line(name, projections::cost_of(service, now).all_on_demand.usd());
  Family hourly(out, "skyctl_cost_usd_per_hour", "gauge", "Of what runs at this moment.");
  for (const auto& [name, service] : services)
    hourly.line(name, projections::cost_of(service, now).now.usd_per_hour());
}

struct ZoneCounts {
  std::uint64_t launches = 0, preemptions = 0, capacity_failures = 0;
};

// By zone and market, over all machine types.
void write_zones(std::string& out, const projections::ZoneHistory& zones) {
  std::map<std::string, ZoneCounts> sums;
  for (const auto& [key, record] : zones.records) {
    ZoneCounts& sum = sums[fmt::format("place=\"{}\",market=\"{}\"", core::to_text(key.place),
                                       core::to_text(key.market))];
    sum.launches += record.launches;
    sum.preemptions += record.preemptions;
    sum.capacity_failures += record.failures[static_cast<std::size_t>(core::FailureKind::capacity)];
  }
  const auto write = [&](const char* name, const char* help, std::uint64_t ZoneCounts::*member) {
    Family family(out, name, "counter", help);
    for (const auto& [labels, sum] : sums)
      fmt::format_to(std::back_inserter(out), "{}{{{}}} {}\n", name, labels, sum.*member);
  };
  write("skyctl_zone_launches_total", "Launches asked for.", &ZoneCounts::launches);
  write("skyctl_zone_preemptions_total", "Machines the cloud took.", &ZoneCounts::preemptions);
  write("skyctl_zone_capacity_failures_total", "Launches refused for want of capacity.",
        &ZoneCounts::capacity_failures);
}

}  // namespace

std::string metrics_text(const projections::Model& model, core::Stamp now, std::size_t backlog) {
  std::string out;
  write_daemon(out, model, backlog);
  write_replicas(out, model.services);
  write_load(out, model.services);
  write_costs(out, model.services, now.at);
  write_zones(out, model.zones);
  return out;
}

}  // namespace sky::cli
