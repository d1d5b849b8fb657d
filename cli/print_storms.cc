#include "cli/print_storms.h"

#include <algorithm>

#include <fmt/format.h>

#include "cli/table.h"
#include "cli/time_text.h"
#include "projections/wording.h"

namespace sky::cli {
namespace {

using projections::count_text;
using projections::duration_text;
using projections::Storm;
using projections::StormZone;

std::string time_text(core::WallTime wall, const StormFormat& format) {
  return format.utc ? utc_text(wall) : local_text(wall);
}

// "$0.0042", "-$0.0042"
std::string signed_money(core::Money money) {
  const core::Money size{money.nano_usd < 0 ? -money.nano_usd : money.nano_usd};
  return (money.nano_usd < 0 ? "-" : "") + projections::money_text(size);
}

std::string zones_cell(const Storm& storm) {
  std::vector<std::string> names;
  for (const StormZone& zone : storm.zones) {
    const std::string name = projections::place_text(zone.place);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string dip_cell(const Storm& storm) {
  if (storm.depth == 0) return "none";
  return fmt::format("{} of {}, {}", storm.lowest_ready, storm.target, duration_text(storm.below));
}

std::string recovery_cell(const Storm& storm) {
  if (storm.removed) return "taken down";
  if (!storm.recovered) return "not yet";
  return storm.depth == 0 ? "at once" : duration_text(storm.to_recover());
}

std::string table_text(const std::vector<Storm>& storms, const StormFormat& format) {
  Table table{{"STORM", "SERVICE", "BEGAN", "ZONES", "LOST", "AT_ONCE", "DIP", "RECOVERED",
               "FAILED", "EXTRA_COST"},
              {}};
  for (std::size_t i = 0; i < storms.size(); ++i) {
    const Storm& storm = storms[i];
    table.rows.push_back({std::to_string(i + 1), storm.service, time_text(storm.began.wall, format),
                          zones_cell(storm), std::to_string(storm.preempted + storm.lost),
                          std::to_string(storm.most_at_once), dip_cell(storm), recovery_cell(storm),
                          std::to_string(storm.requests.failed), signed_money(storm.extra_cost)});
  }
  return plain_table(table);
}

std::string zone_text(const StormZone& zone) {
  std::string text;
  const auto add = [&text](std::uint32_t count, const std::string& what) {
    if (count > 0) text += (text.empty() ? "" : ", ") + what;
  };
  add(zone.preempted, count_text(zone.preempted, "replica") + " preempted");
  add(zone.lost, count_text(zone.lost, "replica") + " lost without notice");
  add(zone.refused,
      fmt::format("{} refused",
                  zone.refused == 1 ? "1 launch" : fmt::format("{} launches", zone.refused)));
  return core::to_text(zone.place) + (zone.market == core::Market::spot ? " spot: " : ": ") + text;
}

std::string capacity_text(const Storm& storm) {
  if (storm.depth == 0) return fmt::format("never below its target of {}", storm.target);
  std::string text =
      fmt::format("down from {} ready to {}, {} missing from the target of {}; below it for {}",
                  storm.ready_before, storm.lowest_ready, storm.depth, storm.target,
                  duration_text(storm.below));
  if (storm.removed) return text + "; taken down before it was back";
  if (!storm.recovered) return text + "; not back yet";
  return text + fmt::format("; back {} after the first blow", duration_text(storm.to_recover()));
}

std::string requests_text(const Storm& storm) {
  const auto& requests = storm.requests;
  if (requests.arrived == 0 && requests.completed == 0) return "none came";
  std::string text = fmt::format("{} came, {} answered, {} failed", requests.arrived,
                                 requests.completed, requests.failed);
  if (requests.shed > 0) text += fmt::format(" ({} waited in vain)", requests.shed);
  if (requests.most_held > 0) text += fmt::format("; up to {} held at once", requests.most_held);
  text += fmt::format("; saved: {} finished on machines about to go, {} sent to another replica",
                      requests.drained, requests.retried);
  return text;
}

std::string cost_text(const Storm& storm) {
  return fmt::format("{} in {}, {} against the price before", projections::money_text(storm.cost),
                     duration_text(storm.to_recover()),
                     storm.extra_cost.nano_usd < 0
                         ? signed_money({-storm.extra_cost.nano_usd}) + " less"
                         : signed_money(storm.extra_cost) + " more");
}

std::string details_text(const Storm& storm, std::size_t number, const StormFormat& format) {
  std::string text =
      colored(fmt::format("Storm {}: {}, {}, {} within {}", number, storm.service,
                          time_text(storm.began.wall, format),
                          count_text(storm.preempted + storm.lost, "replica") + " lost",
                          duration_text(storm.last_blow.at - storm.began.at)),
              Color::bold, format.color);
  text += fmt::format("\n  most at once  {} within {} s\n", storm.most_at_once,
                      core::whole_seconds(projections::at_once_window));
  for (std::size_t i = 0; i < storm.zones.size(); ++i)
    text += (i == 0 ? "  where         " : "                ") + zone_text(storm.zones[i]) + "\n";
  text += "  capacity      " + capacity_text(storm) + "\n";
  text += "  requests      " + requests_text(storm) + "\n";
  text += "  cost          " + cost_text(storm) + "\n";
  for (const core::ServiceName& other : storm.also_hit) text += "  also hit      " + other + "\n";
  text += "  decisions     ask `skyctl why SEQ` for their causes\n";
  for (const auto& decision : storm.decisions) {
    const core::Duration after = decision.time.at - storm.began.at;
    const std::string replica =
        decision.replica ? fmt::format("replica {}: ", decision.replica.value) : "";
    text += fmt::format("    +{:<8} #{} {}{}\n", duration_text(after), decision.seq.value, replica,
                        one_line(decision.text));
  }
  if (storm.more_decisions > 0) text += fmt::format("    and {} more\n", storm.more_decisions);
  return text;
}

}  // namespace

std::string storms_text(const std::vector<Storm>& storms, const StormFormat& format) {
  if (storms.empty()) return "No preemption storm in the log.\n";
  std::string text = table_text(storms, format);
  for (std::size_t i = 0; i < storms.size(); ++i)
    text += "\n" + details_text(storms[i], i + 1, format);
  return text;
}

}  // namespace sky::cli
