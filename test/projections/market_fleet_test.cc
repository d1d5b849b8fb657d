// Services whose whole fleet a policy plans: told through `step`, and the same policy on the same
// history in the simulator of traces.
#include <boost/test/unit_test.hpp>

#include "core/policies/policy_name.h"
#include "core/splitmix.h"
#include "projections/market_question.h"
#include "projections/simulation/drawn_trace.h"
#include "projections/simulation/trace_run.h"
#include "test/projections/world.h"

namespace sky::projections {
namespace {

using core::Phase;
using core::seconds;

core::ServiceSpec spec_of(const std::string& placement, std::uint32_t target = 4) {
  core::ServiceSpec spec = usual_spec();
  spec.replicas = {};
  spec.replicas.min_replicas = target;
  spec.replicas.placement = core::Placement::market;
  spec.replicas.market = *core::parse_policy(placement);
  return spec;
}

std::vector<std::string> planners() {
  std::vector<std::string> names;
  for (const std::string& name : core::policy_names())
    if (name != "static_mixture" && name != "spot_hedge") names.push_back(name);
  names.push_back("hazard_hedge:availability=99.5");
  names.push_back("hazard_hedge:probe=300");
  return names;
}

std::uint32_t in_pool(const World& world, core::Pool pool, Phase phase) {
  std::uint32_t count = 0;
  for (const auto& [id, one] : world.service().replicas)
    count += one.pool == pool && one.phase == phase ? 1 : 0;
  return count;
}

std::function<std::optional<core::Failure>(const core::LaunchInstance&)> no_spot(
    core::FailureKind kind) {
  return [kind](const core::LaunchInstance& order) -> std::optional<core::Failure> {
    if (!order.offer.is_spot()) return {};
    return core::Failure{kind, core::FailureScope::zone, "none left", {}};
  };
}

BOOST_AUTO_TEST_SUITE(projections_market_fleet)

BOOST_AUTO_TEST_CASE(every_policy_brings_up_what_is_wanted_and_keeps_it) {
  for (const std::string& name : planners()) {
    World world;
    world.up(spec_of(name));
    world.pass(seconds(600));
    BOOST_TEST(world.count(Phase::ready) >= 4u, name);
    BOOST_TEST(world.live() <= 5u, name);
    const std::size_t planned = world.all<core::ReplicaPlanned>().size();
    world.pass(seconds(1200));
    if (name != "hazard_hedge:probe=300")
      BOOST_TEST(world.all<core::ReplicaPlanned>().size() <= planned + 1, name);
  }
}

BOOST_AUTO_TEST_CASE(all_on_demand_holds_no_spot_machine) {
  World world;
  world.up(spec_of("all_on_demand"));
  world.pass(seconds(60));
  BOOST_TEST(in_pool(world, core::Pool::fallback, Phase::ready) == 4u);
  for (const core::Event& event : world.all<core::LaunchIntended>())
    BOOST_TEST(!std::get<core::LaunchIntended>(event.body).offer.is_spot());
}

BOOST_AUTO_TEST_CASE(the_base_pool_comes_first_and_is_no_part_of_the_plan) {
  World world;
  core::ServiceSpec spec = spec_of("hazard_hedge");
  spec.replicas.base_ondemand_fallback_replicas = 1;
  world.up(spec);
  world.pass(seconds(600));
  BOOST_TEST(in_pool(world, core::Pool::base, Phase::ready) == 1u);
  const std::uint32_t rest = in_pool(world, core::Pool::burst, Phase::ready) +
                             in_pool(world, core::Pool::fallback, Phase::ready);
  BOOST_TEST(rest >= 3u);
}

BOOST_AUTO_TEST_CASE(a_loss_is_covered_on_demand_at_once_until_spot_is_back) {
  World world;
  world.up(spec_of("hazard_hedge", 2));
  world.pass(seconds(900));
  std::uint32_t victim = 0;
  for (const auto& [id, one] : world.service().replicas)
    if (one.pool == core::Pool::burst && one.phase == Phase::ready) victim = id.value;
  BOOST_REQUIRE(victim != 0);
  world.refuse = no_spot(core::FailureKind::capacity);
  const std::size_t before = world.events.size();
  world.change(victim, core::InstanceChange::lost);
  bool is_covered = false;
  for (std::size_t i = before; i < world.events.size(); ++i)
    if (const auto* launch = std::get_if<core::LaunchIntended>(&world.events[i].body))
      is_covered = is_covered || !launch->offer.is_spot();
  BOOST_TEST(is_covered);
  world.pass(seconds(900));
  BOOST_TEST(in_pool(world, core::Pool::fallback, Phase::ready) >= 1u);
  world.refuse = {};
  world.pass(std::chrono::hours(4));
  BOOST_TEST(in_pool(world, core::Pool::burst, Phase::ready) >= 1u);
}

BOOST_AUTO_TEST_CASE(no_launch_in_a_refused_zone_before_its_timer) {
  for (const std::string& name : planners()) {
    World world;
    world.refuse = no_spot(core::FailureKind::capacity);
    world.up(spec_of(name));
    world.pass(seconds(3600));
    std::map<core::BlockKey, core::Instant> closed;
    std::size_t refused = 0;
    for (const core::Event& event : world.events) {
      if (const auto* block = std::get_if<core::ZoneBlocked>(&event.body)) {
        closed[{block->place, block->instance_type, block->market}] = block->until;
        BOOST_TEST((block->until > event.time.at));
        ++refused;
      }
      const auto* launch = std::get_if<core::LaunchIntended>(&event.body);
      if (!launch) continue;
      const auto found = closed.find(key_of(launch->offer));
      if (found != closed.end()) BOOST_TEST((event.time.at >= found->second), name);
    }
    BOOST_TEST((refused > 3u || name == "all_on_demand"), name);
  }
}

BOOST_AUTO_TEST_CASE(a_refused_replica_keeps_its_row_for_the_next_try) {
  World world;
  world.refuse = no_spot(core::FailureKind::capacity);
  world.up(spec_of("hazard_hedge"));
  world.pass(seconds(3600));
  std::uint32_t attempts = 0;
  for (const core::Event& event : world.all<core::LaunchIntended>())
    attempts = std::max(attempts, std::get<core::LaunchIntended>(event.body).attempt);
  BOOST_TEST(attempts > 5u);
  BOOST_TEST(world.service().last_replica_id < 20u);
}

BOOST_AUTO_TEST_CASE(only_a_refusal_for_capacity_teaches_about_a_zone) {
  for (const auto kind : {core::FailureKind::capacity, core::FailureKind::quota,
                          core::FailureKind::auth, core::FailureKind::throttled}) {
    World world;
    world.refuse = no_spot(kind);
    world.up(spec_of("hazard_hedge"));
    world.pass(seconds(60));
    std::uint32_t refusals = 0;
    for (const auto& [key, record] : world.model.zones.records) refusals += record.belief.refusals;
    BOOST_TEST((refusals > 0) == (kind == core::FailureKind::capacity), core::to_text(kind));
  }
}

BOOST_AUTO_TEST_CASE(a_notice_counts_as_the_loss_and_the_end_after_it_does_not) {
  World world;
  world.up(spec_of("even_spread", 3));
  world.pass(seconds(60));
  const Machine* machine = world.machine(1);
  BOOST_REQUIRE(machine && machine->offer.is_spot());
  const core::BlockKey key = key_of(machine->offer);
  BOOST_TEST(world.model.zones.records.at(key).machines == 1u);
  world.change(1, core::InstanceChange::noticed, seconds(30));
  BOOST_TEST(world.model.zones.records.at(key).belief.failures == 1u);
  BOOST_TEST(world.model.zones.records.at(key).machines == 0u);
  world.pass(seconds(29 * 60));
  BOOST_TEST(world.model.zones.records.at(key).belief.failures == 1u);
  BOOST_TEST(world.model.zones.records.at(key).notices == 1u);
}

BOOST_AUTO_TEST_CASE(a_decision_records_ages_hazards_prices_and_what_the_plan_costs) {
  World world;
  world.up(spec_of("hazard_hedge_safe"));
  world.pass(seconds(600));
  const auto& placement = world.last<core::PlacementChosen>();
  BOOST_TEST(placement.policy == "hazard_hedge_safe");
  BOOST_REQUIRE_EQUAL(placement.candidates.size(), 3u);
  for (const core::Candidate& one : placement.candidates) {
    BOOST_TEST(one.hazard_micro > 0);
    BOOST_TEST((one.up > core::Duration{0}));
    BOOST_TEST(one.score == one.offer.price.micro_usd_per_hour);
    BOOST_TEST(one.note.find("hazard 0.") != std::string::npos, one.note);
  }
  BOOST_TEST(placement.plan_cost > 0);
  BOOST_TEST(placement.reason.find(" spot, ") != std::string::npos, placement.reason);
}

BOOST_AUTO_TEST_CASE(looking_again_at_the_same_moment_changes_nothing) {
  for (const std::string& name : planners()) {
    std::uint64_t random = 5;
    World world;
    world.up(spec_of(name));
    for (int minute = 0; minute < 120; ++minute) {
      random = core::mixed(random);
      world.refuse = random % 3 == 0 ? no_spot(core::FailureKind::capacity) : nullptr;
      const auto& replicas = world.service().replicas;
      if (random % 7 == 0 && !replicas.empty() &&
          world.machine(replicas.begin()->first.value) != nullptr)
        world.change(replicas.begin()->first.value, core::InstanceChange::lost);
      world.pass(seconds(60));
      world.model.services.at("llama").wake_at.value = world.now();
      world.send(core::Tick{});
      Model again = world.model;
      again.services.at("llama").wake_at.value = world.now();
      const Step step = projections::step(again, {{world.now(), {}}, core::Tick{}});
      BOOST_TEST(step.events.empty(), name << " after " << minute << " min");
    }
  }
}

BOOST_AUTO_TEST_CASE(beliefs_and_debts_are_a_fold_and_survive_a_restart) {
  World world;
  world.up(spec_of("hazard_hedge:availability=99.5"));
  world.pass(seconds(600));
  if (world.machine(1) != nullptr) world.change(1, core::InstanceChange::lost);
  world.pass(seconds(300));
  world.restart();  // requires that the fold is equal, beliefs included
  BOOST_TEST((world.service().slo.since.has_value()));
  BOOST_TEST((world.service().versions.begin()->second.cold_start.has_value()));
  world.pass(seconds(600));
  BOOST_TEST(world.count(Phase::ready) >= 4u);
}

// A model that is told what happens to the machines of a run on a trace, as the log would be.
class ToldModel {
 public:
  ToldModel(const SpotTrace& trace, const std::string& policy, std::uint32_t target) {
    core::ServiceSpec spec = spec_of(policy, target);
    spec.probe.interval = seconds(30);
    for (const core::Place& place : trace.zones)
      offers_.push_back({.place = place,
                         .instance_type = "t4",
                         .market = core::Market::spot,
                         .accelerator = {"T4", 1},
                         .vcpus = 4,
                         .memory_mib = 16384,
                         .price = {1'000'000},
                         .on_demand_price = {3'000'000}});
    core::Offer on_demand = offers_.front();
    on_demand.market = core::Market::on_demand;
    on_demand.price = {3'000'000};
    offers_.push_back(on_demand);
    record({}, core::ServiceRegistered{spec, offers_, 30001});
    core::ScaleEvaluated scale;
    scale.target_after = target;
    record({}, scale);
  }

  void tell(const TraceFact& fact) {
    now_ = fact.at;
    const core::ReplicaId id{static_cast<std::uint32_t>(fact.machine)};
    const core::Offer& offer = fact.zone ? offers_[*fact.zone] : offers_.back();
    switch (fact.event) {
      case TraceEvent::launched:
        record(id, core::ReplicaPlanned{core::Version{1},
                                        fact.zone ? core::Pool::burst : core::Pool::fallback, ""});
        record(id, core::LaunchIntended{1, offer, false});
        return;
      case TraceEvent::answered: record(id, core::ProvisionSucceeded{1, "i", "h", 1}); return;
      case TraceEvent::refused:
        record(id, core::ProvisionFailed{
                       1, {core::FailureKind::capacity, core::FailureScope::zone, "full", {}}});
        close(offer);
        record(id, core::ReplicaEnded{Phase::terminated, "given up"});
        return;
      case TraceEvent::served: record(id, core::ReplicaBecameReady{}); return;
      case TraceEvent::taken: record(id, core::InstanceLost{"taken", false}); break;
      case TraceEvent::ended: break;
    }
    record(id, core::TerminationIntended{Phase::terminated, ""});
    record(id, core::TerminationSucceeded{});
  }

  MarketFleet asked(core::Instant now) const {
    return MarketQuestion(model_.zones, model_.services.at("told"), now).answer();
  }

 private:
  void close(const core::Offer& offer) {
    const core::ZoneBelief& belief = model_.zones.records.at(key_of(offer)).belief;
    record({}, core::ZoneBlocked{offer.place,
                                 offer.instance_type,
                                 offer.market,
                                 {core::FailureKind::capacity, core::FailureScope::zone, "", {}},
                                 *core::retry_at(belief)});
  }
  void record(core::ReplicaId replica, core::EventBody body) {
    core::Event event;
    event.seq = model_.seq.next();
    event.time.at = now_;
    event.service = "told";
    event.replica = replica;
    event.body = std::move(body);
    evolve(model_, event);
  }

  std::vector<core::Offer> offers_;
  core::Instant now_;
  Model model_;
};

BOOST_AUTO_TEST_CASE(the_loop_over_traces_and_the_control_plane_plan_alike_on_the_same_history) {
  for (const std::string policy : {"hazard_hedge", "hazard_hedge_safe"}) {
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
      const SpotTrace trace = draw_trace({.seed = seed, .samples = 800});
      ToldModel told(trace, policy, 4);
      TraceQuestion question;
      question.trace = &trace;
      question.policy = *core::parse_policy(policy);
      question.is_literal = seed == 3;
      std::uint64_t plans = 0, differ = 0;
      TraceWatch watch;
      watch.fact = [&](const TraceFact& fact) { told.tell(fact); };
      watch.plan = [&](const core::MarketView& view, const core::MarketPlan& plan) {
        const MarketFleet fleet = told.asked(view.now);
        std::vector<std::uint32_t> wanted;
        for (const MarketShare& share : fleet.shares) wanted.push_back(share.wanted);
        ++plans;
        differ += wanted != plan.spot || fleet.on_demand != plan.on_demand ? 1 : 0;
      };
      run_trace(question, watch);
      BOOST_TEST(plans > 100u);
      BOOST_TEST(differ == 0u, policy << " on drawn:" << seed << ": " << differ << " of " << plans
                                      << " plans differ");
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::projections
