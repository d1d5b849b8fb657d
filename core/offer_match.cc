#include "core/offer_match.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <tuple>

namespace sky::core {
namespace {

bool same_name(const std::string& a, const std::string& b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

bool fits_amount(const Amount& wanted, std::uint32_t offered) {
  if (wanted.value == 0) return true;
  return wanted.at_least ? offered >= wanted.value : offered == wanted.value;
}

bool fits_place(const Place& filter, const Place& place) {
  return (filter.cloud.empty() || filter.cloud == place.cloud) &&
         (filter.region.empty() || filter.region == place.region) &&
         (filter.zone.empty() || filter.zone == place.zone);
}

// The position among the accelerators asked for, or their number when it is none of them.
std::size_t accelerator_rank(const ResourceRequest& request, const Offer& offer) {
  const auto found = std::find_if(request.accelerators.begin(), request.accelerators.end(),
                                  [&](const Accelerator& wanted) {
                                    return wanted.count == offer.accelerator.count &&
                                           same_name(wanted.name, offer.accelerator.name);
                                  });
  return static_cast<std::size_t>(found - request.accelerators.begin());
}

bool fits_accelerator(const ResourceRequest& request, const Offer& offer) {
  return request.accelerators.empty() ||
         accelerator_rank(request, offer) < request.accelerators.size();
}

bool fits_instance_type(const ResourceRequest& request, const Offer& offer) {
  return request.instance_type.empty() || request.instance_type == offer.instance_type;
}

bool fits_market(const ResourceRequest& request, const Offer& offer) {
  return offer.market == Market::on_demand || (request.use_spot && offer.is_spot());
}

bool fits_cost(const ResourceRequest& request, const Offer& offer) {
  return !request.max_hourly_cost || offer.price <= *request.max_hourly_cost;
}

struct Ranked {
  std::size_t choice = 0;
  std::size_t accelerator = 0;
  const Offer* offer = nullptr;

  auto key() const {
    return std::tie(choice, accelerator, offer->price, offer->vcpus, offer->memory_mib,
                    offer->place, offer->instance_type, offer->market);
  }
};

// A machine with accelerators for a request that wants none: only where nothing else fits.
bool is_surplus(const ResourceRequest& request, const Offer& offer) {
  return request.accelerators.empty() && request.instance_type.empty() &&
         offer.accelerator.count > 0;
}

std::vector<Ranked> matches_of(const ResourceRequest& request, const std::vector<Offer>& catalog,
                               std::size_t choice) {
  std::vector<Ranked> plain, surplus;
  for (const Offer& offer : catalog) {
    if (!fits(request, offer)) continue;
    const std::size_t rank = request.accelerators_ordered ? accelerator_rank(request, offer) : 0;
    (is_surplus(request, offer) ? surplus : plain).push_back({choice, rank, &offer});
  }
  return plain.empty() ? surplus : plain;
}

std::string accelerators_text(const ResourceRequest& request) {
  std::string text;
  for (const Accelerator& one : request.accelerators)
    text += (text.empty() ? "" : " or ") + one.name + ":" + std::to_string(one.count);
  return text;
}

std::string known_accelerators(const std::vector<Offer>& catalog) {
  std::set<std::string> names;
  for (const Offer& offer : catalog)
    if (offer.accelerator.count > 0)
      names.insert(offer.accelerator.name + ":" + std::to_string(offer.accelerator.count));
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

}  // namespace

bool fits(const ResourceRequest& request, const Offer& offer) {
  return fits_accelerator(request, offer) && fits_amount(request.vcpus, offer.vcpus) &&
         fits_amount(request.memory_mib, offer.memory_mib) && fits_instance_type(request, offer) &&
         fits_place(request.place, offer.place) && fits_market(request, offer) &&
         fits_cost(request, offer);
}

std::vector<Offer> matching_offers(const Resources& resources, const std::vector<Offer>& catalog) {
  std::vector<Ranked> ranked;
  for (std::size_t i = 0; i < resources.choices.size(); ++i) {
    const auto found = matches_of(resources.choices[i], catalog, resources.ordered ? i : 0);
    ranked.insert(ranked.end(), found.begin(), found.end());
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const Ranked& a, const Ranked& b) { return a.key() < b.key(); });
  std::vector<Offer> offers;
  std::set<const Offer*> taken;  // an offer may fit several choices
  for (const Ranked& one : ranked)
    if (taken.insert(one.offer).second) offers.push_back(*one.offer);
  return offers;
}

std::string why_no_offer(const Resources& resources, const std::vector<Offer>& catalog) {
  if (catalog.empty()) return "no cloud offers any machine";
  if (resources.choices.empty()) return "no resources are asked for";
  const ResourceRequest& request = resources.choices.front();
  std::vector<Offer> left = catalog;
  const auto none_left = [&](auto&& keeps) {
    std::erase_if(left, [&](const Offer& offer) { return !keeps(request, offer); });
    return left.empty();
  };
  if (none_left(fits_accelerator))
    return "no machine has " + accelerators_text(request) +
           "; there is: " + known_accelerators(catalog);
  if (none_left(fits_instance_type)) return "no instance type " + request.instance_type;
  if (none_left([](const auto& r, const Offer& o) { return fits_place(r.place, o.place); }))
    return "no such machine in the place asked for";
  if (none_left([](const auto& r, const Offer& o) { return fits_amount(r.vcpus, o.vcpus); }))
    return "no such machine with " + std::to_string(request.vcpus.value) +
           (request.vcpus.at_least ? " or more vCPUs" : " vCPUs");
  if (none_left(
          [](const auto& r, const Offer& o) { return fits_amount(r.memory_mib, o.memory_mib); }))
    return "no such machine with " + std::to_string(request.memory_mib.value) +
           (request.memory_mib.at_least ? " MiB of memory or more" : " MiB of memory");
  if (none_left(fits_cost)) return "every such machine costs more than max_hourly_cost";
  return "no such machine in this market";
}

}  // namespace sky::core
