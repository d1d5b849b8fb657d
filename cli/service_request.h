// What `up` and `update` send to the daemon: the service file's text and the options given with it.
//
// The daemon loads the text again itself: one piece of code decides what a file means. Travels as
// JSON over the 0600 socket only, since it may hold the values of secrets.
#pragma once

#include <string>
#include <string_view>

#include "adapters/service_file.h"
#include "core/event.h"
#include "core/result.h"

namespace sky::cli {

struct ServiceRequest {
  std::string file_name;  // for error messages
  std::string yaml;
  adapters::LoadOptions options;
  core::UpdateMode mode = core::UpdateMode::rolling;  // `update` only
};

std::string to_json(const ServiceRequest& request);
core::Result<ServiceRequest> parse_service_request(std::string_view json);

}  // namespace sky::cli
