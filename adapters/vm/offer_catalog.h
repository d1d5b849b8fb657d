// What AWS and GCP sell: the table in offers.yaml, live prices laid over it, and the rules that
// keep a wrong price from deciding anything. Pure once read; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/offer.h"
#include "core/result.h"

namespace sky::adapters::vm {

// The table inside the binary, of one cloud ("aws", "gcp").
std::vector<core::Offer> catalog_offers(std::string_view cloud);

std::vector<std::string> catalog_regions(std::string_view cloud);

// The same format from elsewhere. Errors: invalid_input; lines "FILE:LINE: key: what is wrong".
core::Result<std::vector<core::Offer>> parse_offer_catalog(std::string_view yaml,
                                                           const std::string& file_name);

struct ZonePrice {
  std::string zone;
  std::string instance_type;
  core::Price price;
};

// A region's spot prices of now. Where there are some of a machine type they say in which zones it
// is sold, in both markets: names of zones differ between accounts.
std::vector<core::Offer> with_spot_prices(const std::vector<core::Offer>& offers,
                                          const std::string& region,
                                          const std::vector<ZonePrice>& prices);

struct SaneOffers {
  std::vector<core::Offer> offers;
  std::vector<std::string> notes;  // what was changed or left out, and why
};

// Unknown prices are left out (unknown is not free). A price far from the median of the same
// machine in the other places is taken for the median: three times for on-demand, ten times for
// spot, whose real spread is up to seven. Spot is never above on-demand.
SaneOffers sane_offers(const std::vector<core::Offer>& offers);

// "0.1400" in dollars an hour, exactly to a millionth; below that it is cut off. None: no price.
std::optional<core::Price> read_price(std::string_view text);

}  // namespace sky::adapters::vm
