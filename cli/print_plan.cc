#include "cli/print_plan.h"

#include <algorithm>
#include <cstdint>
#include <set>

#include <fmt/format.h>

#include "adapters/json.h"
#include "cli/plan.h"
#include "cli/table.h"
#include "projections/wording.h"

namespace sky::cli {
namespace {

using projections::count_text;
using projections::price_text;

std::string cost_cell(core::Price price) { return price_text(price).substr(1); }

std::string memory_cell(std::uint32_t mib) {
  constexpr std::uint32_t gib = 1024;
  return mib % gib == 0 ? std::to_string(mib / gib) : fmt::format("{:.1f}", mib / 1024.0);
}

std::string accelerator_cell(const core::Accelerator& accelerator) {
  if (accelerator.count == 0) return "-";
  return fmt::format("{}:{}", accelerator.name, accelerator.count);
}

Table offers_table(const std::vector<PlannedOffer>& offers) {
  Table table{{"CLOUD", "INSTANCE", "vCPUs", "Mem(GB)", "ACCELERATORS", "REGION/ZONE", "COST ($)",
               "CHOSEN"},
              {}};
  for (const PlannedOffer& planned : offers) {
    const core::Offer& offer = planned.offer;
    table.rows.push_back({projections::cloud_text(offer.place.cloud),
                          offer.instance_type + (offer.is_spot() ? "[Spot]" : ""),
                          std::to_string(offer.vcpus), memory_cell(offer.memory_mib),
                          accelerator_cell(offer.accelerator), projections::place_text(offer.place),
                          cost_cell(offer.price), planned.chosen ? "   \u2714" : ""});
  }
  return table;
}

// "2 on-demand replicas", "0 to 2 spot replicas"
std::string pool_text(const PoolPlan& pool) {
  const char* kind = pool.spot ? "spot replica" : "on-demand replica";
  if (pool.least == pool.most) return count_text(pool.most, kind);
  return fmt::format("{} to {}", pool.least, count_text(pool.most, kind));
}

std::string range_text(core::Price least, core::Price most) {
  if (least == most) return price_text(least) + " / hour";
  return price_text(least) + " to " + price_text(most) + " / hour";
}

std::string overflow_text(const Plan& plan) {
  if (!plan.overflow) return "";
  const core::Offer& offer = *plan.overflow;
  const std::string machine =
      fmt::format("{} {} at {} / hour", projections::cloud_text(offer.place.cloud),
                  offer.instance_type, price_text(offer.price));
  if (!plan.overflow_allowed)
    return "If the cluster is full: base replicas wait; --no-paid-overflow forbids " + machine +
           "\n";
  return "If the cluster is full: " + machine + "; forbid with --no-paid-overflow\n";
}

std::string pools_text(const Plan& plan) {
  std::string out;
  for (const PoolPlan& pool : plan.pools) {
    out += fmt::format("{}: {}\n", pool.title, pool_text(pool));
    if (pool.offers.empty())
      out += pool.forbidden ? "  no free machine fits, and --no-paid-overflow forbids paid ones\n"
                            : "  no machine fits\n";
    else
      out += framed_table(offers_table(pool.offers));
    out += "\n";
  }
  return out;
}

}  // namespace

std::string plan_text(const core::ServiceSpec& spec, const std::vector<core::Offer>& offers) {
  const Plan plan = make_plan(spec, offers);
  std::string out = "Each replica will use the following resources (estimated):\n";
  out +=
      std::string("== Optimizer ==") +
      (plan.sandbox ? "  SANDBOX: replicas are processes on this machine, nothing is billed" : "") +
      "\n";
  out += "Estimated cost: " + range_text(plan.least_cost, plan.most_cost) + "\n";
  out += "All on-demand: " + range_text(plan.least_on_demand, plan.most_on_demand);
  if (plan.has_spot) out += " (the same machines instead of spot)";
  out += "\n" + overflow_text(plan) + "\nConsidered resources (1 node):\n";
  return out + pools_text(plan);
}

namespace {

void write_offer(adapters::JsonWriter& json, const PlannedOffer& planned) {
  const core::Offer& offer = planned.offer;
  json.begin_object()
      .member("cloud", offer.place.cloud)
      .member("region", offer.place.region)
      .member("zone", offer.place.zone)
      .member("instance_type", offer.instance_type)
      .member("spot", offer.is_spot())
      .member("vcpus", offer.vcpus)
      .member("memory_mib", offer.memory_mib)
      .member("accelerator", offer.accelerator.name)
      .member("accelerator_count", offer.accelerator.count)
      .member("usd_per_hour", offer.price.usd_per_hour())
      .member("chosen", planned.chosen)
      .end_object();
}

}  // namespace

std::string offers_text(const std::vector<core::Offer>& offers) {
  std::vector<PlannedOffer> all;
  for (const core::Offer& offer : offers) all.push_back({offer, false});
  Table table = offers_table(all);
  table.header.pop_back();  // nothing is chosen here
  for (Row& row : table.rows) row.pop_back();
  return plain_table(table);
}

std::string plan_json(const core::ServiceSpec& spec, const std::vector<core::Offer>& offers) {
  const Plan plan = make_plan(spec, offers);
  adapters::JsonWriter json;
  json.begin_object().member("service", spec.name).member("sandbox", plan.sandbox);
  json.member("least_usd_per_hour", plan.least_cost.usd_per_hour())
      .member("most_usd_per_hour", plan.most_cost.usd_per_hour())
      .member("least_on_demand_usd_per_hour", plan.least_on_demand.usd_per_hour())
      .member("most_on_demand_usd_per_hour", plan.most_on_demand.usd_per_hour());
  json.member("paid_overflow_allowed", plan.overflow_allowed).key("paid_overflow");
  if (plan.overflow)
    write_offer(json, {*plan.overflow, false});
  else
    json.null();
  json.key("pools").begin_array();
  for (const PoolPlan& pool : plan.pools) {
    json.begin_object().member("pool", core::to_text(pool.pool)).member("spot", pool.spot);
    json.member("least", pool.least).member("most", pool.most).key("offers").begin_array();
    for (const PlannedOffer& planned : pool.offers) write_offer(json, planned);
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return json.take() + "\n";
}

}  // namespace sky::cli
