// Is there room for one more machine? The sandbox's answer in the words of the cloud it plays.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "adapters/sandbox/catalog.h"
#include "adapters/sandbox/machine_files.h"
#include "core/failure.h"

namespace sky::adapters::sandbox {

// The catalog's entry for exactly this place, machine and market; null: not sold there.
const CatalogOffer* find_offer(const CatalogCloud& cloud, const core::Offer& offer);

// The node that takes it (0 where there are no nodes), or why it does not fit. `held` are the
// machines the cloud holds now; `capacity` is what the market leaves of the catalog's.
std::variant<std::uint32_t, core::Failure> find_room(const CatalogCloud& cloud,
                                                     const core::Offer& offer,
                                                     const std::vector<const MachineOrder*>& held,
                                                     std::uint32_t capacity);

core::Failure not_sold(const CatalogCloud& cloud, const core::Offer& offer);

// What the cloud says when it takes a machine back.
std::string notice_text(const CatalogCloud& cloud, const core::Offer& offer);

}  // namespace sky::adapters::sandbox
