#include "cli/plan.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "core/pool_split.h"

namespace sky::cli {
namespace {

std::vector<PlannedOffer> offers_of(const std::vector<core::Offer>& offers, bool spot,
                                    bool paid_allowed) {
  std::vector<PlannedOffer> chosen;
  for (const core::Offer& offer : offers)
    if (offer.is_spot() == spot && (paid_allowed || !offer.is_paid()))
      chosen.push_back({offer, false});
  return chosen;
}

// Spot replicas go to as many different places as there are replicas: one preemption wave then
// takes one of them.
void choose_spread(PoolPlan& pool) {
  std::set<core::Place> used;
  for (PlannedOffer& planned : pool.offers) {
    if (used.size() >= pool.most) return;
    planned.chosen = used.insert(planned.offer.place).second;
  }
}

void choose_first(PoolPlan& pool) {
  if (!pool.offers.empty() && pool.most > 0) pool.offers.front().chosen = true;
}

// What `count` replicas cost at the chosen offers, taken in turn: as they are bought, or on demand.
core::Price cost_of(const PoolPlan& pool, std::uint32_t count, core::Price core::Offer::*price) {
  std::vector<core::Price> chosen;
  for (const PlannedOffer& planned : pool.offers)
    if (planned.chosen) chosen.push_back(planned.offer.*price);
  core::Price sum;
  for (std::uint32_t i = 0; i < count && !chosen.empty(); ++i)
    sum = sum + chosen[i % chosen.size()];
  return sum;
}

const core::Offer* first_paid_on_demand(const std::vector<core::Offer>& offers) {
  const auto found = std::find_if(offers.begin(), offers.end(), [](const core::Offer& offer) {
    return !offer.is_spot() && offer.is_paid();
  });
  return found == offers.end() ? nullptr : &*found;
}

PoolPlan make_pool(core::Pool pool, const char* title, bool spot) {
  PoolPlan made;
  made.pool = pool;
  made.title = title;
  made.spot = spot;
  return made;
}

// All on demand: the same machines at their own on-demand prices, as projections/costs.h counts.
void add_costs(Plan& plan) {
  for (const PoolPlan& pool : plan.pools) {
    if (pool.pool == core::Pool::fallback) continue;  // stands in for spot, never beside it
    plan.least_cost = plan.least_cost + cost_of(pool, pool.least, &core::Offer::price);
    plan.most_cost = plan.most_cost + cost_of(pool, pool.most, &core::Offer::price);
    plan.least_on_demand =
        plan.least_on_demand + cost_of(pool, pool.least, &core::Offer::on_demand_price);
    plan.most_on_demand =
        plan.most_on_demand + cost_of(pool, pool.most, &core::Offer::on_demand_price);
    plan.has_spot = plan.has_spot || (pool.spot && pool.most > 0);
  }
}

}  // namespace

Plan make_plan(const core::ServiceSpec& spec, const std::vector<core::Offer>& offers) {
  const core::ReplicaPolicy& policy = spec.replicas;
  const bool use_spot = core::uses_spot(spec);
  constexpr std::uint32_t all_ready = std::numeric_limits<std::uint32_t>::max() / 2;
  const core::PoolSizes least = core::split_pools(spec, policy.min_replicas, all_ready);
  const core::PoolSizes most = core::split_pools(spec, policy.upper_limit(), all_ready);
  const core::PoolSizes unready = core::split_pools(spec, policy.upper_limit(), 0);
  Plan plan;
  plan.sandbox = spec.sandbox.enabled;
  plan.overflow_allowed = !spec.no_paid_overflow;

  PoolPlan base = make_pool(core::Pool::base, use_spot ? "Base pool" : "Replicas", false);
  base.least = least.base;
  base.most = most.base;
  base.offers = offers_of(offers, false, plan.overflow_allowed);
  base.forbidden = base.offers.empty() && first_paid_on_demand(offers) != nullptr;
  choose_first(base);
  PoolPlan burst = make_pool(core::Pool::burst, "Burst pool", true);
  burst.least = least.burst;
  burst.most = most.burst;
  burst.offers = offers_of(offers, true, true);
  choose_spread(burst);
  PoolPlan fallback =
      make_pool(core::Pool::fallback, "Fallback pool, while spot is missing", false);
  fallback.most = unready.fallback;
  fallback.offers = offers_of(offers, false, true);

  const core::Offer* paid = first_paid_on_demand(offers);
  const bool base_is_free = !base.offers.empty() && !base.offers.front().offer.is_paid();
  if (base.most > 0 && base_is_free && paid != nullptr) plan.overflow = *paid;
  if (base.most > 0 || !use_spot) plan.pools.push_back(std::move(base));
  if (use_spot) plan.pools.push_back(std::move(burst));
  if (fallback.most > 0) plan.pools.push_back(std::move(fallback));
  add_costs(plan);
  return plan;
}

}  // namespace sky::cli
