// What can be bought, as a command sees it: the sandbox's catalog, or what the daemon's clouds
// sell.
//
// The daemon holds the credentials, so it alone asks real clouds; a command asks the daemon.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "adapters/service_file.h"
#include "cli/home.h"
#include "cli/real_clouds.h"
#include "core/offer.h"
#include "core/result.h"

namespace sky::cli {

// Offers that fit the service, preferred first. Errors: invalid_input, when none does, naming the
// first condition that no offer meets, and the clouds that could not be asked.
core::Result<std::vector<core::Offer>> offers_that_fit(const core::ServiceSpec& spec,
                                                       const OffersFound& found,
                                                       const std::string& file_name);

OffersFound sandbox_offers();

// {"offers":[...],"problems":[...]}, an offer as in `skyctl events --json`.
std::string to_json(const OffersFound& found);
core::Result<OffersFound> parse_offers(std::string_view json);

// Of the sandbox, or from the daemon of this home, which must be running. Blocks. Errors:
// unsupported when no real cloud is set up, with what is missing and the way out; unavailable.
core::Result<OffersFound> ask_offers(const Home& home, bool sandbox);

// For a service that no real cloud can run here: what is missing, and the ways out.
core::Error no_cloud_error(const RealClouds& clouds);

}  // namespace sky::cli
