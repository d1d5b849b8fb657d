// What the sandbox's clouds sell: real names and prices from one small file, clouds.yaml, which
// is inside the binary. Pure once read; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/offer.h"
#include "core/result.h"

namespace sky::adapters::sandbox {

struct CatalogOffer {
  core::Offer offer;
  std::uint32_t capacity = 0;  // machines that can run at once; of Kubernetes the nodes decide
};

struct ClusterNodes {  // Kubernetes only: equal nodes that pods must fit on
  std::uint32_t count = 0;
  std::uint32_t vcpus = 0;
  std::uint32_t memory_mib = 0;
  core::Accelerator accelerator;
};

struct CatalogCloud {
  std::string name;  // "aws"
  core::Duration notice{0};
  core::Duration shortest_provisioning{0};
  core::Duration longest_provisioning{0};
  core::Duration refusal{0};  // how long the cloud takes to say no
  ClusterNodes nodes;
  std::vector<CatalogOffer> offers;
};

struct Catalog {
  std::vector<CatalogCloud> clouds;

  const CatalogCloud* find(std::string_view cloud) const;
  std::vector<core::Offer> offers() const;  // of all clouds, in the file's order
};

// The file inside the binary.
const Catalog& catalog();

// The same format from elsewhere. Errors: invalid_input with the line.
core::Result<Catalog> parse_catalog(const std::string& yaml);

}  // namespace sky::adapters::sandbox
