// What a cluster's nodes can hold, as offers at no price. Pure; any thread.
//
// A cluster has no machine types: a pod asks for an amount. The offers are the amounts that fit on
// some node, in SkyPilot's spelling ("4CPU--16GB--T4:1"): powers of two of CPUs with four GiB each,
// and the whole of a node. What is free at the moment the scheduler tells, not we.
#pragma once

#include <string>
#include <vector>

#include "adapters/kubernetes/pod.h"
#include "core/offer.h"

namespace sky::adapters::kubernetes {

// Nodes that are leaving or not ready offer nothing. Spot nodes make spot offers. No offer twice.
std::vector<core::Offer> node_offers(const std::string& context, const std::vector<Node>& nodes);

// Nodes with accelerators that no label names: they cannot be offered.
std::vector<std::string> unnamed_accelerators(const std::vector<Node>& nodes);

}  // namespace sky::adapters::kubernetes
