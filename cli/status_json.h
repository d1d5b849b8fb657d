// The status view as one JSON document, for programs. Fields are only ever added. Pure.
#pragma once

#include <string>

#include "projections/status_view.h"

namespace sky::cli {

std::string status_json(const projections::StatusView& view);

}  // namespace sky::cli
