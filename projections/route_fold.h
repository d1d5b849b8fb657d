// The routes of one service, folded event by event: the one fold that the daemon's model and the
// balancer's table share, so that they cannot differ.
//
// A replica enters when it is planned and leaves when its machine is given up. Under a blue-green
// update the new version's ready replicas wait until the first old one is drained as outdated, or
// until no old one has an address any more.
#pragma once

#include "core/event.h"
#include "core/routing.h"

namespace sky::projections {

// False: folding the event into any service's routes changes nothing. Cheap.
bool concerns_routes(const core::Event& event);

// `event.service` is this service; ServiceRegistered is folded into an empty value.
void fold_route(core::RoutedService& service, const core::Event& event);

}  // namespace sky::projections
