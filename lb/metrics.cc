#include "lb/metrics.h"

#include <fmt/format.h>

#include "lb/endpoint.h"

namespace sky::lb {
namespace {

class Family {
 public:
  Family(std::string& out, std::string_view name, std::string_view type, std::string_view help)
      : out_(out), name_(name) {
    fmt::format_to(std::back_inserter(out_), "# HELP skyctl_lb_{} {}\n# TYPE skyctl_lb_{} {}\n",
                   name, help, name, type);
  }
  template <class Value>
  void add(std::string_view labels, Value value) {
    fmt::format_to(std::back_inserter(out_), "skyctl_lb_{}{} {}\n", name_, labels, value);
  }

 private:
  std::string& out_;
  std::string_view name_;
};

std::string labels(const Endpoint& endpoint, std::string_view key = {},
                   std::string_view value = {}) {
  if (key.empty()) return fmt::format(R"({{service="{}"}})", endpoint.service().name());
  return fmt::format(R"({{service="{}",{}="{}"}})", endpoint.service().name(), key, value);
}

double in_seconds(core::Duration duration) { return static_cast<double>(duration.count()) / 1e6; }

const Meter::Totals& totals(const Endpoint& endpoint) { return endpoint.service().totals(); }

}  // namespace

std::string MetricsText::finish(const Worker& worker) const {
  std::string out;
  const auto each = [&](Family family, auto use) {
    for (const Endpoint* endpoint : endpoints_) use(family, *endpoint);
  };
  each(Family(out, "requests_total", "counter", "Requests whose head was read."),
       [](Family& family, const Endpoint& e) { family.add(labels(e), totals(e).requests); });
  each(Family(out, "responses_total", "counter", "Ended requests by class of their status."),
       [](Family& family, const Endpoint& e) {
         for (std::size_t i = 1; i < totals(e).by_status_class.size(); ++i) {
           family.add(labels(e, "class", fmt::format("{}xx", i)), totals(e).by_status_class[i]);
         }
       });
  each(Family(out, "request_ends_total", "counter", "Ended requests by cause."),
       [](Family& family, const Endpoint& e) {
         for (std::size_t i = 0; i < cause_count; ++i) {
           family.add(labels(e, "cause", to_text(static_cast<Cause>(i))), totals(e).by_cause[i]);
         }
       });
  each(Family(out, "retries_total", "counter", "Requests given to another replica or connection."),
       [](Family& family, const Endpoint& e) { family.add(labels(e), totals(e).retries); });
  each(Family(out, "shed_total", "counter", "Held requests that were given up."),
       [](Family& family, const Endpoint& e) { family.add(labels(e), totals(e).shed); });
  each(Family(out, "response_bytes_total", "counter", "Bytes written to clients."),
       [](Family& family, const Endpoint& e) { family.add(labels(e), totals(e).bytes_out); });
  each(Family(out, "requests_held", "gauge", "Requests that wait for a replica."),
       [](Family& family, const Endpoint& e) { family.add(labels(e), e.service().held()); });
  each(Family(out, "requests_in_flight", "gauge", "Requests a replica works on."),
       [](Family& family, const Endpoint& e) {
         for (const auto& [id, replica] : e.service().replicas()) {
           family.add(labels(e, "replica", fmt::to_string(id.value)), replica->load());
         }
       });
  each(Family(out, "replica_ejected", "gauge", "1 while a replica accepts no connection."),
       [](Family& family, const Endpoint& e) {
         for (const auto& [id, replica] : e.service().replicas()) {
           family.add(labels(e, "replica", fmt::to_string(id.value)),
                      replica->is_ejected() ? 1 : 0);
         }
       });
  const auto add_summary = [](Family& family, const Endpoint& e, const LatencyHistogram& values) {
    for (const auto& [name, per_mille] : {std::pair{"0.5", 500U}, {"0.9", 900U}, {"0.99", 990U}}) {
      family.add(labels(e, "quantile", name), in_seconds(values.quantile(per_mille)));
    }
  };
  each(Family(out, "request_duration_seconds", "summary", "Whole requests, since the start."),
       [&](Family& f, const Endpoint& e) { add_summary(f, e, totals(e).latency); });
  each(Family(out, "request_ttft_seconds", "summary", "Time to the first byte, since the start."),
       [&](Family& f, const Endpoint& e) { add_summary(f, e, totals(e).first_byte); });
  Family(out, "client_connections", "gauge", "Connections of clients.")
      .add("", worker.client_connections);
  Family(out, "upstream_connections", "gauge", "Connections to replicas, idle ones too.")
      .add("", worker.upstream_connections);
  Family(out, "replay_bytes", "gauge", "Request bytes kept for a retry.")
      .add("", worker.replay_bytes);
  Family(out, "access_log_lost_bytes_total", "counter", "Log the disk did not take.")
      .add("", worker.access_log.lost_bytes());
  return out;
}

}  // namespace sky::lb
