// A world where nothing goes wrong: one service of so many replicas, asked all the time. It tells
// how much faster than the clock the production code runs.
#include "test/sim/invented.h"
#include "test/sim/world.h"

namespace sky::sim {

using core::seconds;

namespace {

constexpr std::int64_t steady_rate = 5'000;  // thousandths of a request a second, for the service
constexpr core::Duration start_patience = seconds(600);

}  // namespace

void World::run_steady() {
  clouds_.faults = {};
  disk_->faults = {};
  wire_faults_.cut_per_mille = 0;
  is_calm_ = true;  // no life of the daemon is planned to end
  start_daemon();
  pass(seconds(1));
  const core::ServiceName name = "llama";
  const core::ServiceSpec spec = steady_service(name, options_.steady_replicas);
  specs_.insert_or_assign(name, spec);
  submit(core::UpRequested{spec, clouds_.offers, "ada"});
  pass(start_patience);
  send_requests(name, options_.length, steady_rate, false);
  pass(options_.length - now());
  if (broken()) return;
  if (const std::string missing = missing_replicas(); !missing.empty())
    witness_.not_in_time(missing);
  if (!broken()) expect_nothing_left();
}

}  // namespace sky::sim
