// What the endpoint process reports: that it is there, its ports, the traffic, and its replicas.
#pragma once

#include <cstdint>
#include <string>

#include "core/event.h"
#include "core/ids.h"

namespace sky::core {

struct BalancerHello {
  std::int64_t pid = 0;
};
struct BalancerGone {
  std::string reason;
};
struct EndpointReported {  // opened, or failed when `text` is not empty
  ServiceName service;
  std::string host;
  std::uint16_t port = 0;
  bool in_use = false;  // failed because somebody else has the port
  std::string text;
};
struct TrafficReported {
  ServiceName service;
  TrafficSampled sample;
};
enum class EndpointChange : std::uint8_t { unknown, ejected, readmitted, drained };
struct ReplicaReported {
  ServiceName service;
  ReplicaId replica;
  EndpointChange change = EndpointChange::unknown;
  std::string reason;
};
struct HoldReported {
  ServiceName service;
  std::uint32_t waiting = 0;  // began to hold; or
  std::uint32_t shed = 0;  // gave up that many
  std::string reason;
};

}  // namespace sky::core
