// skyctl storms [NAME] [--json] [--svg FILE]: preemption storms, what they cost, what saved us.

#include <fstream>
#include <iostream>
#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/print_storms.h"
#include "cli/print_storms_svg.h"
#include "cli/replay.h"

namespace sky::cli {
namespace {

using projections::Storm;

struct StormsOptions {
  std::string service;
  std::string log;
  std::string svg;
  std::size_t number = 0;
  bool json = false;
  bool utc = false;
};

core::Result<std::vector<Storm>> find_storms(const ReplaySource& source,
                                             const core::ServiceName& service) {
  auto base = oldest_base(source);
  if (!base) return base.error();
  say_where_past_begins(*base);
  const core::Seq first = base->first();
  projections::StormFinder finder(std::move(base->model));
  auto read = read_source(source, first, [&](const core::Event& event) {
    finder.add(event);
    return true;
  });
  if (!read) return read.error();
  std::vector<Storm> storms = finder.storms();
  if (!service.empty())
    std::erase_if(storms, [&](const Storm& storm) { return storm.service != service; });
  return storms;
}

core::Result<void> write_picture(const ReplaySource& source, const Storm& storm,
                                 const StormsOptions& options) {
  auto base = oldest_base(source);
  if (!base) return base.error();
  const core::Seq first = base->first();
  projections::StormSeriesFold fold = series_fold(storm, std::move(base->model));
  auto read = read_source(source, first, [&](const core::Event& event) {
    fold.add(event);
    return true;
  });
  if (!read) return read.error();
  std::ofstream file(options.svg, std::ios::binary | std::ios::trunc);
  file << storm_svg(storm, fold.series(), options.utc) << std::flush;
  if (!file.good()) return core::Error{core::ErrorCode::io, "cannot write " + options.svg};
  return {};
}

int run_storms(const StormsOptions& options) {
  ReplaySource source;
  if (!options.log.empty()) source.directory = options.log;
  const auto storms = find_storms(source, options.service);
  if (!storms) return fail(storms.error());
  std::cout << (options.json ? storms_json(*storms)
                             : storms_text(*storms, {options.utc, output_is_terminal()}));
  if (options.svg.empty()) return exit_done;
  if (options.number > storms->size() || storms->empty())
    return fail({core::ErrorCode::not_found,
                 "there is no such storm to draw; " + options.svg + " is not written"});
  const Storm& chosen = options.number > 0 ? storms->at(options.number - 1) : storms->back();
  const auto drawn = write_picture(source, chosen, options);
  return drawn ? exit_done : fail(drawn.error());
}

}  // namespace

void add_storms_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<StormsOptions>();
  CLI::App* command = app.add_subcommand("storms", "Preemption storms: what hit us, what saved us");
  command->add_option("NAME", options->service, "Only this service");
  command->add_flag("--json", options->json, "One JSON document");
  auto* svg = command->add_option("--svg", options->svg, "Draw one storm into this file");
  command->add_option("--storm", options->number, "Which one to draw; default: the newest")
      ->needs(svg);
  command->add_option("--log", options->log, "Another home, or its log directory; only read");
  command->add_flag("--utc", options->utc, "Times in UTC instead of the local zone");
  command->callback([options, &chosen] { chosen = [options] { return run_storms(*options); }; });
}

}  // namespace sky::cli
