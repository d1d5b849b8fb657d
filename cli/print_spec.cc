// The service as understood, before the plan (cli/print_plan.h).
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cli/print_plan.h"
#include "cli/table.h"
#include "core/policies/policy_name.h"
#include "projections/wording.h"

namespace sky::cli {
namespace {

using projections::count_text;

// "15", "1.5": seconds as the file gives them.
std::string seconds_text(core::Duration duration) {
  const std::string text = projections::duration_text(duration);
  if (text.size() > 2 && text.substr(text.size() - 2) == " s" &&
      (text.size() < 4 || text.substr(text.size() - 3) != "ms"))
    return text.substr(0, text.size() - 2);
  return fmt::format("{:g}", static_cast<double>(duration.count()) / 1e6);
}

std::string probe_text(const core::ReadinessProbe& probe) {
  std::string text =
      probe.post_data ? "POST " + probe.path + " " + *probe.post_data : "GET " + probe.path;
  if (!probe.headers.empty()) text += " with custom headers";
  return one_line(text);
}

std::string qps_number(core::MilliRps rate) {
  const std::string text = projections::rate_text(rate);
  return text.substr(0, text.find(' '));
}

std::string target_text(const core::ReplicaPolicy& policy) {
  std::string text;
  if (policy.target_qps_per_replica)
    text = "target QPS per replica: " + qps_number(*policy.target_qps_per_replica);
  for (const auto& [accelerator, rate] : policy.target_qps_per_accelerator)
    text +=
        (text.empty() ? "target QPS per replica: " : ", ") + accelerator + " " + qps_number(rate);
  if (policy.target_concurrency_per_replica)
    text += (text.empty() ? "" : ", ") + std::string("target requests in flight per replica: ") +
            std::to_string(*policy.target_concurrency_per_replica);
  return text;
}

std::string autoscaling_text(const core::ReplicaPolicy& policy) {
  const std::string extra =
      policy.num_overprovision == 0
          ? ""
          : " with " + count_text(policy.num_overprovision, "overprovisioned replica");
  if (policy.upper_limit() == policy.min_replicas)
    return "Fixed " + count_text(policy.min_replicas, "replica") + extra;
  return fmt::format("Autoscaling from {} to {}{} ({})", policy.min_replicas,
                     count_text(policy.upper_limit(), "replica"), extra, target_text(policy));
}

std::string spot_text(const core::ServiceSpec& spec) {
  const core::ReplicaPolicy& policy = spec.replicas;
  const std::string base =
      policy.base_ondemand_fallback_replicas == 0
          ? ""
          : " with " + count_text(policy.base_ondemand_fallback_replicas, "base on-demand replica");
  if (policy.placement == core::Placement::market) return core::placement_text(policy) + base;
  const bool hedge = policy.placement == core::Placement::spot_hedge;
  if (hedge && policy.dynamic_ondemand_fallback) return "SpotHedge" + base;
  const std::string placer =
      hedge ? (base.empty() ? " with" : " and") + std::string(" dynamic_fallback placer") : "";
  if (policy.dynamic_ondemand_fallback) return "Dynamic on-demand fallback" + base;
  if (!base.empty()) return "Static spot mixture" + base + placer;
  if (hedge) return "Spot only" + placer;
  const bool spot = !spec.resources.choices.empty() && spec.resources.choices.front().use_spot;
  return spot ? "Spot only, nothing stands in while it is missing" : "No spot policy";
}

std::string balancing_text(core::BalancingPolicy policy) {
  switch (policy) {
    case core::BalancingPolicy::round_robin: return "round_robin";
    case core::BalancingPolicy::instance_aware_least_load: return "instance_aware_least_load";
    case core::BalancingPolicy::least_load:
    case core::BalancingPolicy::unknown: break;
  }
  return "least_load";
}

}  // namespace

std::string service_spec_text(const core::ServiceSpec& spec, const std::string& file_name) {
  std::vector<std::pair<std::string, std::string>> lines = {
      {"Readiness probe method:", probe_text(spec.probe)},
      {"Readiness initial delay seconds:", seconds_text(spec.probe.initial_delay)},
      {"Readiness probe timeout seconds:", seconds_text(spec.probe.timeout)},
      {"Replica autoscaling policy:", autoscaling_text(spec.replicas)},
      {"Spot Policy:", spot_text(spec)},
      {"Load Balancing Policy:", balancing_text(spec.balancer.policy)}};
  if (!spec.task.secret_names.empty()) {
    std::string names;
    for (const std::string& name : spec.task.secret_names)
      names += (names.empty() ? "" : ", ") + name;
    lines.emplace_back("Secrets (values hidden):", names);
  }
  if (spec.sandbox.enabled)
    lines.emplace_back("SANDBOX:",
                       fmt::format("every machine is a process here, clouds at {}% "
                                   "of their speed, market seed {}",
                                   spec.sandbox.speed_percent, spec.sandbox.market_seed));
  std::size_t width = 0;
  for (const auto& [label, value] : lines) width = std::max(width, label.size());
  std::string out = "Service from YAML spec: " + one_line(file_name) + "\nService Spec:\n";
  for (const auto& [label, value] : lines) out += padded(label, width + 2) + value + "\n";
  return out;
}

}  // namespace sky::cli
