// The control plane in Prometheus' text format. Pure: state in, text out.
#pragma once

#include <string>

#include "core/time.h"
#include "projections/model.h"

namespace sky::cli {

// Names begin with skyctl_; labels are service, phase, market. `backlog` is what the log has not
// made durable yet.
std::string metrics_text(const projections::Model& model, core::Stamp now, std::size_t backlog);

}  // namespace sky::cli
