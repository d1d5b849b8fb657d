// The keys of config.yaml that speak of the cluster: SkyPilot's `kubernetes` and `serve`, and ours
// below `skyctl.kubernetes`. Part of config.cc.
#pragma once

#include "adapters/kubernetes/settings.h"
#include "adapters/service_file_reader.h"

namespace sky::cli {

// kubernetes: {remote_identity, autoscaler, ports, allowed_contexts}. SkyPilot's other keys of the
// same map are not ours to judge.
void read_skypilot_kubernetes(const adapters::Field& field,
                              adapters::kubernetes::Settings& settings);

// serve: {controller: {resources: {cloud}}}
void read_skypilot_serve(const adapters::Field& field, adapters::kubernetes::Settings& settings);

// skyctl.kubernetes: {context, expose, image, node_patience}; wins over SkyPilot's.
void read_our_kubernetes(const adapters::Field& field, adapters::kubernetes::Settings& settings);

}  // namespace sky::cli
