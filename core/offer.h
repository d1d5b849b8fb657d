// What can be bought, and where: places, markets, machine shapes, prices.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "core/money.h"

namespace sky::core {

// Names as the clouds spell them: {"aws", "us-east-2", "us-east-2a"}. A Kubernetes cluster is
// {"kubernetes", context, ""}. In a filter an empty part means "any".
struct Place {
  std::string cloud;
  std::string region;
  std::string zone;
  auto operator<=>(const Place&) const = default;
};

// "aws/us-east-2/us-east-2a", without trailing empty parts.
std::string to_text(const Place& place);

enum class Market : std::uint8_t { unknown, on_demand, spot };

struct Accelerator {
  std::string name;  // upper case as in the catalog: "T4", "A100-80GB"
  std::uint32_t count = 0;
  auto operator<=>(const Accelerator&) const = default;
};

// One way to get one replica's machine.
struct Offer {
  Place place;
  std::string instance_type;
  Market market = Market::unknown;
  Accelerator accelerator;  // name empty: no accelerator
  std::uint32_t vcpus = 0;
  std::uint32_t memory_mib = 0;
  Price price;
  Price on_demand_price;  // of the same machine in the same place; what spot is saved against
  bool operator==(const Offer&) const = default;

  // A Kubernetes cluster's machines are owned already: nothing is billed for one more pod.
  bool is_paid() const { return price.micro_usd_per_hour > 0; }
  bool is_spot() const { return market == Market::spot; }
};

}  // namespace sky::core
