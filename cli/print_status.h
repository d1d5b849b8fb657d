// `skyctl status`: two tables, or one JSON document, from the model at a moment.
//
// Texts that say why something failed are never cut. Every table of a sandbox service says
// SANDBOX. Any thread; nothing is stored.
#pragma once

#include <string>

#include "core/result.h"
#include "core/time.h"
#include "projections/model.h"

namespace sky::cli {

struct StatusFormat {
  core::ServiceName service;  // empty: all
  bool verbose = false;
  bool json = false;
  bool color = false;
};

// Ends with a line end. Errors: not_found when `service` names none.
core::Result<std::string> render_status(const projections::Model& model, const core::Stamp& now,
                                        const StatusFormat& format);

// Only "127.0.0.1:30001". Errors: not_found; unavailable while the endpoint is not open.
core::Result<std::string> render_endpoint(const projections::Model& model,
                                          const core::ServiceName& service);

}  // namespace sky::cli
