// What GCP's Compute API is asked: paths below the project, and bodies. Pure; any thread.
#pragma once

#include <string>

#include "adapters/gcp/gcp_settings.h"
#include "adapters/vm/replica_mark.h"
#include "core/effect.h"

namespace sky::adapters::gcp {

inline constexpr std::size_t max_user_data_bytes = 256 * 1024;  // of one metadata value

// "zones/us-east4-a/instances", ...
std::string instances_path(const std::string& zone);
std::string instance_path(const std::string& zone, const std::string& name);
std::string insert_path(const std::string& zone, const std::string& request_id);
std::string delete_path(const std::string& zone, const std::string& name);
// All machines of a log, in all zones.
std::string all_instances_path(const core::LogId& log_id, const std::string& page);
// What the cloud took back lately, in all zones.
std::string preempted_path(const std::string& page);
std::string firewall_path(const std::string& name);
std::string all_firewalls_path();

std::string instance_body(const core::LaunchInstance& order, const vm::ReplicaMark& mark,
                          const std::string& user_data, const GcpSettings& settings);
// Lets the balancer reach the port of the machines with that network tag.
std::string firewall_body(const std::string& name, std::uint16_t port, const GcpSettings& settings);
// What a firewall of a log is described as; its name alone could be anybody's.
std::string firewall_description(const core::LogId& log_id);

// The launch token as a UUID: the same launch, the same request.
std::string request_id(const std::string& token);

// "https://.../zones/us-east4-a/instances/NAME" -> "NAME"; of a zone's URL, the zone.
std::string last_part(const std::string& url);

std::string default_image(const core::Offer& offer);

}  // namespace sky::adapters::gcp
