#include "lb/metrics.h"

#include <fmt/format.h>

namespace sky::lb {
namespace {

double in_seconds(core::Duration duration) { return static_cast<double>(duration.count()) / 1e6; }

// From a token on a fast machine to a long prompt on a slow one.
constexpr core::Duration histogram_bounds[] = {
    core::milliseconds(1),   core::milliseconds(2),   core::milliseconds(5),
    core::milliseconds(10),  core::milliseconds(20),  core::milliseconds(50),
    core::milliseconds(100), core::milliseconds(200), core::milliseconds(500),
    core::seconds(1),        core::seconds(2),        core::seconds(5),
    core::seconds(10),       core::seconds(30),       core::seconds(60)};

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
  // `labels` as "{...}": each bucket's bound is put in at its end.
  void add_histogram(std::string_view labels, const LatencyHistogram& values) {
    const std::string_view open = labels.substr(0, labels.size() - 1);
    for (const core::Duration bound : histogram_bounds) {
      fmt::format_to(std::back_inserter(out_), "skyctl_lb_{}_bucket{},le=\"{}\"}} {}\n", name_,
                     open, in_seconds(bound), values.count_up_to(bound));
    }
    fmt::format_to(std::back_inserter(out_), "skyctl_lb_{}_bucket{},le=\"+Inf\"}} {}\n", name_,
                   open, values.total());
    fmt::format_to(std::back_inserter(out_),
                   "skyctl_lb_{0}_sum{1} {2}\nskyctl_lb_{0}_count{1} {3}\n", name_, labels,
                   in_seconds(values.sum()), values.total());
  }

 private:
  std::string& out_;
  std::string_view name_;
};

using Entry = std::map<core::ServiceName, ServiceFigures>::value_type;

std::string labels(const Entry& entry, std::string_view key = {}, std::string_view value = {}) {
  if (key.empty()) return fmt::format(R"({{service="{}"}})", entry.first);
  return fmt::format(R"({{service="{}",{}="{}"}})", entry.first, key, value);
}

const Meter::Totals& totals(const Entry& entry) { return entry.second.totals; }

void add_model_families(std::string& out, const Figures& figures) {
  const auto each_replica = [&](Family family, auto use) {
    for (const Entry& entry : figures.services) {
      for (const auto& [id, replica] : entry.second.replicas) {
        use(family, labels(entry, "replica", fmt::to_string(id.value)), replica.model);
      }
    }
  };
  const auto each_service = [&](Family family, auto use) {
    for (const Entry& entry : figures.services) use(family, labels(entry), entry.second.model);
  };
  const auto first_byte = [](Family& family, const std::string& where, const ModelTotals& totals) {
    family.add_histogram(where, totals.first_byte);
  };
  const auto between = [](Family& family, const std::string& where, const ModelTotals& totals) {
    family.add_histogram(where, totals.between_pieces);
  };
  const auto tokens_in = [](Family& family, const std::string& where, const ModelTotals& totals) {
    family.add(where, totals.tokens.in);
  };
  const auto tokens_out = [](Family& family, const std::string& where, const ModelTotals& totals) {
    family.add(where, totals.tokens.out);
  };
  each_service(Family(out, "request_ttft_seconds", "histogram", "Until an answer's first byte."),
               first_byte);
  each_service(Family(out, "request_itl_seconds", "histogram", "Between pieces of event streams."),
               between);
  each_service(Family(out, "input_tokens_total", "counter", "Prompt tokens, as `usage` says."),
               tokens_in);
  each_service(Family(out, "output_tokens_total", "counter", "By `usage`, else events counted."),
               tokens_out);
  each_replica(Family(out, "replica_ttft_seconds", "histogram", "The same by replica."),
               first_byte);
  each_replica(Family(out, "replica_itl_seconds", "histogram", "The same by replica."), between);
  each_replica(Family(out, "replica_input_tokens_total", "counter", "The same by replica."),
               tokens_in);
  each_replica(Family(out, "replica_output_tokens_total", "counter", "The same by replica."),
               tokens_out);
}

}  // namespace

std::string metrics_text(const Figures& figures) {
  std::string out;
  const auto each = [&](Family family, auto use) {
    for (const Entry& entry : figures.services) use(family, entry);
  };
  each(Family(out, "requests_total", "counter", "Requests whose head was read."),
       [](Family& family, const Entry& e) { family.add(labels(e), totals(e).requests); });
  each(Family(out, "responses_total", "counter", "Ended requests by class of their status."),
       [](Family& family, const Entry& e) {
         for (std::size_t i = 1; i < totals(e).by_status_class.size(); ++i) {
           family.add(labels(e, "class", fmt::format("{}xx", i)), totals(e).by_status_class[i]);
         }
       });
  each(Family(out, "request_ends_total", "counter", "Ended requests by cause."),
       [](Family& family, const Entry& e) {
         for (std::size_t i = 0; i < cause_count; ++i) {
           family.add(labels(e, "cause", to_text(static_cast<Cause>(i))), totals(e).by_cause[i]);
         }
       });
  each(Family(out, "retries_total", "counter", "Requests given to another replica or connection."),
       [](Family& family, const Entry& e) { family.add(labels(e), totals(e).retries); });
  each(Family(out, "shed_total", "counter", "Held requests that were given up."),
       [](Family& family, const Entry& e) { family.add(labels(e), totals(e).shed); });
  each(Family(out, "response_bytes_total", "counter", "Bytes written to clients."),
       [](Family& family, const Entry& e) { family.add(labels(e), totals(e).bytes_out); });
  each(Family(out, "requests_held", "gauge", "Requests that wait for a replica."),
       [](Family& family, const Entry& e) { family.add(labels(e), e.second.held); });
  each(Family(out, "requests_in_flight", "gauge", "Requests a replica works on."),
       [](Family& family, const Entry& e) {
         for (const auto& [id, replica] : e.second.replicas) {
           family.add(labels(e, "replica", fmt::to_string(id.value)), replica.in_flight);
         }
       });
  each(Family(out, "replica_ejected", "gauge", "1 while a replica accepts no connection."),
       [](Family& family, const Entry& e) {
         for (const auto& [id, replica] : e.second.replicas) {
           family.add(labels(e, "replica", fmt::to_string(id.value)), replica.is_ejected ? 1 : 0);
         }
       });
  const auto add_summary = [](Family& family, const Entry& e, const LatencyHistogram& values) {
    for (const auto& [name, per_mille] : {std::pair{"0.5", 500U}, {"0.9", 900U}, {"0.99", 990U}}) {
      family.add(labels(e, "quantile", name), in_seconds(values.quantile(per_mille)));
    }
  };
  add_model_families(out, figures);
  each(Family(out, "request_duration_seconds", "summary", "Whole requests, since the start."),
       [&](Family& f, const Entry& e) { add_summary(f, e, totals(e).latency); });
  Family(out, "client_connections", "gauge", "Connections of clients.")
      .add("", figures.client_connections);
  Family(out, "upstream_connections", "gauge", "Connections to replicas, idle ones too.")
      .add("", figures.upstream_connections);
  Family(out, "replay_bytes", "gauge", "Request bytes kept for a retry.")
      .add("", figures.replay_bytes);
  Family(out, "access_log_lost_bytes_total", "counter", "Log the disk did not take.")
      .add("", figures.log_lost_bytes);
  return out;
}

}  // namespace sky::lb
