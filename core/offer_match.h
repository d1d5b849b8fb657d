// Which offers of a catalog fit what a service asks for.
//
// A service on spot machines also gets the on-demand offers of the same shapes: its base replicas
// and its fallback run there. Choosing among them is the placer's business. Pure.
#pragma once

#include <string>
#include <vector>

#include "core/offer.h"
#include "core/spec.h"

namespace sky::core {

bool fits(const ResourceRequest& request, const Offer& offer);

// Preferred first: by the order of the choices where the file gives one, then cheapest first; of
// equal price the smallest machine. No offer twice. A request without accelerators takes machines
// that have some only when no other fits.
std::vector<Offer> matching_offers(const Resources& resources, const std::vector<Offer>& catalog);

// For a person, when nothing matches: the first condition that no offer meets.
std::string why_no_offer(const Resources& resources, const std::vector<Offer>& catalog);

}  // namespace sky::core
