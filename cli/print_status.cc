#include "cli/print_status.h"

#include <algorithm>

#include <fmt/format.h>

#include "cli/status_json.h"
#include "cli/table.h"
#include "cli/time_text.h"
#include "projections/status_view.h"
#include "projections/wording.h"

namespace sky::cli {
namespace {

using projections::ReplicaRow;
using projections::ServiceRow;
using projections::StatusView;

std::string dash_if_empty(const std::string& text) { return text.empty() ? "-" : text; }

std::string versions_cell(const ServiceRow& row) {
  std::string text;
  for (const core::Version version : row.serving)
    text += (text.empty() ? "" : ",") + std::to_string(version.value);
  return dash_if_empty(text);
}

Color color_of(projections::ServiceStatus status) {
  switch (status) {
    case projections::ServiceStatus::ready: return Color::green;
    case projections::ServiceStatus::failed: return Color::red;
    case projections::ServiceStatus::not_ready: return Color::yellow;
    default: return Color::none;
  }
}

Color color_of(core::Phase phase) {
  if (phase == core::Phase::ready) return Color::green;
  if (core::is_failed(phase) || phase == core::Phase::preempted) return Color::red;
  if (phase == core::Phase::not_ready || phase == core::Phase::draining) return Color::yellow;
  return Color::none;
}

// 1x Kubernetes({'T4': 1}), 1x GCP([Spot]{'T4': 1}), 1x AWS(m6i.large)
std::string resources_cell(const ReplicaRow& row) {
  if (!row.offer) return "-";
  const core::Offer& offer = *row.offer;
  const std::string machine =
      offer.accelerator.count > 0
          ? fmt::format("{{'{}': {}}}", offer.accelerator.name, offer.accelerator.count)
          : offer.instance_type;
  return fmt::format("1x {}({}{})", projections::cloud_text(offer.place.cloud),
                     offer.is_spot() ? "[Spot]" : "", machine);
}

std::string region_cell(const ReplicaRow& row) {
  if (!row.offer) return "-";
  return row.offer->place.cloud == "kubernetes" ? "kubernetes" : row.offer->place.region;
}

std::string endpoint_cell(const ReplicaRow& row) {
  return row.host.empty() ? "-" : fmt::format("http://{}:{}", row.host, row.port);
}

std::string reason_cell(const ReplicaRow& row) {
  std::string text = row.reason;
  const auto add = [&text](const std::string& more) { text += (text.empty() ? "" : "; ") + more; };
  if (row.paid_overflow) add("PAID OVERFLOW");
  if (row.ejected) add("ejected by the endpoint");
  if (row.notice_left) add("the cloud takes it in " + projections::duration_text(*row.notice_left));
  return one_line(text);
}

std::string saving_text(const projections::CostReport& cost) {
  if (cost.all_on_demand.nano_usd <= 0) return "-";
  const double saved = 1 - static_cast<double>(cost.spent.nano_usd) /
                               static_cast<double>(cost.all_on_demand.nano_usd);
  return fmt::format("{:.0f}%", saved * 100);
}

std::string qps_cell(core::MilliRps rate) {
  const std::string text = projections::rate_text(rate);
  return text.substr(0, text.find(' '));
}

Table services_table(const StatusView& view, const StatusFormat& format) {
  Table table{{"NAME", "VERSION", "UPTIME", "STATUS", "REPLICAS", "ENDPOINT"}, {}};
  if (format.verbose)
    for (const char* name : {"WANTED_VERSION", "TARGET", "QPS", "IN_FLIGHT", "HELD", "PRICE ($/h)",
                             "COST ($)", "SAVING", "REASON"})
      table.header.emplace_back(name);
  for (const ServiceRow& row : view.services) {
    const char* status = projections::to_text(row.status);
    Row cells = {row.name,
                 versions_cell(row),
                 row.uptime ? uptime_text(*row.uptime) : "-",
                 colored(status, color_of(row.status), format.color),
                 fmt::format("{}/{}", row.ready, row.live),
                 dash_if_empty(row.endpoint)};
    if (format.verbose) {
      const std::string extra =
          row.overprovisioned > 0 ? fmt::format("+{}", row.overprovisioned) : "";
      for (const std::string& cell :
           {std::to_string(row.wanted.value), std::to_string(row.target) + extra,
            qps_cell(row.rate), std::to_string(row.in_flight), std::to_string(row.held),
            projections::price_text(row.cost.now).substr(1),
            projections::money_text(row.cost.spent).substr(1), saving_text(row.cost),
            dash_if_empty(one_line(row.reason))})
        cells.push_back(cell);
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}

Table replicas_table(const StatusView& view, const StatusFormat& format) {
  Table table{
      {"SERVICE_NAME", "ID", "VERSION", "ENDPOINT", "LAUNCHED", "RESOURCES", "STATUS", "REGION"},
      {}};
  if (format.verbose)
    for (const char* name :
         {"ZONE", "INSTANCE", "POOL", "PRICE ($/h)", "COST ($)", "IN_FLIGHT", "REASON"})
      table.header.emplace_back(name);
  for (const ReplicaRow& row : view.replicas) {
    Row cells = {row.service,
                 std::to_string(row.id.value),
                 std::to_string(row.version.value),
                 endpoint_cell(row),
                 row.launched ? ago_text(*row.launched) : "-",
                 resources_cell(row),
                 colored(core::to_text(row.phase), color_of(row.phase), format.color),
                 region_cell(row)};
    if (format.verbose)
      for (const std::string& cell :
           {row.offer ? dash_if_empty(row.offer->place.zone) : "-",
            row.offer ? row.offer->instance_type : "-", std::string(core::to_text(row.pool)),
            row.offer ? projections::price_text(row.offer->price).substr(1) : "-",
            projections::money_text(row.cost).substr(1), std::to_string(row.in_flight),
            dash_if_empty(reason_cell(row))})
        cells.push_back(cell);
    table.rows.push_back(std::move(cells));
  }
  return table;
}

// "Services" or "Services  SANDBOX"; with real services beside it, the sandbox ones are named.
std::string title(const char* name, const StatusView& view) {
  std::string sandboxed;
  std::size_t count = 0;
  for (const ServiceRow& row : view.services) {
    if (!row.sandbox) continue;
    sandboxed += (count++ == 0 ? "" : ", ") + row.name;
  }
  if (count == 0) return std::string(name) + "\n";
  if (count < view.services.size()) return fmt::format("{}  SANDBOX: {}\n", name, sandboxed);
  return fmt::format("{}  SANDBOX\n", name);
}

// What went wrong, whole, one line each; verbose tables have it in their last column.
std::string failures_text(const StatusView& view) {
  std::string text;
  for (const ServiceRow& row : view.services)
    if (row.failing) text += fmt::format("* {}: {}\n", row.name, one_line(row.reason));
  for (const ReplicaRow& row : view.replicas) {
    const bool troubled = core::is_failed(row.phase) || row.paid_overflow || row.notice_left ||
                          row.phase == core::Phase::not_ready;
    const std::string reason = reason_cell(row);
    if (troubled && !reason.empty())
      text += fmt::format("* {}/{} {}: {}\n", row.service, row.id.value, core::to_text(row.phase),
                          reason);
  }
  return text;
}

std::string costs_text(const StatusView& view) {
  std::string text;
  for (const ServiceRow& row : view.services) {
    const projections::CostReport& cost = row.cost;
    text +=
        fmt::format("* {} cost {} so far, {} / hour now; all on-demand: {} and {} / hour", row.name,
                    projections::money_text(cost.spent), projections::price_text(cost.now),
                    projections::money_text(cost.all_on_demand),
                    projections::price_text(cost.now_all_on_demand));
    if (cost.all_on_demand > cost.spent) text += fmt::format(" (saved {})", saving_text(cost));
    text += row.sandbox ? ". SANDBOX: nothing is billed\n" : "\n";
  }
  return text;
}

std::string tables_text(const StatusView& view, const StatusFormat& format) {
  std::string text = colored(title("Services", view), Color::none, false);
  text += view.services.empty() ? "No live services.\n" : plain_table(services_table(view, format));
  text += "\n" + title("Service Replicas", view);
  text += view.replicas.empty() ? "No live replicas.\n" : plain_table(replicas_table(view, format));
  const std::string failures = format.verbose ? "" : failures_text(view);
  const std::string notes = failures + costs_text(view);
  if (!notes.empty()) text += "\n" + notes;
  if (!format.verbose && !view.services.empty())
    text += "* To see zones, prices, QPS and reasons: skyctl status -v\n";
  return text;
}

}  // namespace

core::Result<std::string> render_status(const projections::Model& model, const core::Stamp& now,
                                        const StatusFormat& format) {
  if (!format.service.empty() && model.services.count(format.service) == 0)
    return core::Error{core::ErrorCode::not_found,
                       "no service is called " + format.service + "; see `skyctl status`"};
  const StatusView view = projections::status_view(model, now, format.service);
  return format.json ? status_json(view) + "\n" : tables_text(view, format);
}

core::Result<std::string> render_endpoint(const projections::Model& model,
                                          const core::ServiceName& service) {
  const auto found = model.services.find(service);
  if (found == model.services.end())
    return core::Error{core::ErrorCode::not_found,
                       "no service is called " + service + "; see `skyctl status`"};
  const projections::ServiceState& state = found->second;
  if (state.endpoint != projections::EndpointState::open)
    return core::Error{core::ErrorCode::unavailable,
                       "the endpoint of " + service + " is not open" +
                           (state.endpoint_error.empty() ? "" : ": " + state.endpoint_error)};
  return fmt::format("{}:{}\n", state.endpoint_host, state.endpoint_port);
}

}  // namespace sky::cli
