// What `skyctl check` found, as JSON between daemon and command, and as text for a person.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/real_clouds.h"
#include "core/result.h"

namespace sky::cli {

// {"clouds":[{"cloud","findings":[{"grade","text","way_out"}]}]}
std::string to_json(const std::vector<CloudFindings>& found);
core::Result<std::vector<CloudFindings>> parse_findings(std::string_view json);

std::string findings_text(const std::vector<CloudFindings>& found);

// Nothing is missing anywhere, and there is a cloud at all.
bool is_all_well(const std::vector<CloudFindings>& found);

}  // namespace sky::cli
