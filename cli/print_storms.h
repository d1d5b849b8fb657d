// `skyctl storms`: a table, then each storm in full; or JSON.
//
// Fields of the JSON are only ever added. Times in the local zone, or UTC. Pure but for TZ.
#pragma once

#include <string>
#include <vector>

#include "projections/storms.h"

namespace sky::cli {

struct StormFormat {
  bool utc = false;
  bool color = false;
};

std::string storms_text(const std::vector<projections::Storm>& storms, const StormFormat& format);
std::string storms_json(const std::vector<projections::Storm>& storms);  // one document

}  // namespace sky::cli
