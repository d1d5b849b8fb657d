// Where a running replica is reached, by the way that the home has chosen. Loop thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "adapters/kubernetes/api_client.h"
#include "adapters/kubernetes/pod.h"
#include "adapters/kubernetes/settings.h"
#include "adapters/reactor.h"

namespace sky::adapters::kubernetes {

struct ReplicaAddress {
  std::string host;
  std::uint16_t port = 0;
};
using AddressDone = std::function<void(std::variant<ReplicaAddress, core::Failure>)>;

// What `automatic` means here.
Expose chosen_expose(Expose wanted, bool in_cluster);

// Makes the replica's Service where one is needed, and waits until its address is known: of a load
// balancer a minute or two, at most five. `done` is called once, later; never when `client` is
// destroyed before, or what is returned, which keeps it going.
// `node_address`: of the pod's node, empty when nodes may not be looked at.
std::shared_ptr<void> find_address(Reactor& reactor, ApiClient& client, const Pod& pod,
                                   std::uint16_t port, Expose expose,
                                   const std::string& node_address, AddressDone done);

}  // namespace sky::adapters::kubernetes
