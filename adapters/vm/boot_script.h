// The user data that turns a bare machine into a replica, by cloud-init alone: no SSH, no open port
// but the service's.
//
// It writes one environment file (0600), the service's `setup` and `run`, a small launcher and a
// systemd unit, and starts that without waiting for the rest of the boot. No secret is ever in it:
// user data can be read by whoever may describe the machine. Where the control plane can be
// reached, the launcher joins with a token that is good once (join_desk.h), is given the secrets,
// tells how far the boot is, passes on the cloud's notice, and shuts the machine down when nobody
// answered for `dead_after`. The same order makes the same text: an idempotency token demands it.
// Pure; any thread. Errors: invalid_input (the text would be too long), unsupported.
#pragma once

#include <string>

#include "core/effect.h"
#include "core/result.h"

namespace sky::adapters::vm {

enum class MetadataService : std::uint8_t { none, aws, gcp };

struct BootSettings {
  std::string advertise_url;  // "https://host:port" of the join desk; empty: it cannot be reached
  std::string join_key;  // of the home; the tokens derive from it
  core::Duration dead_after = core::seconds(3600);
  MetadataService metadata = MetadataService::none;
};

core::Result<std::string> boot_script(const core::LaunchInstance& order,
                                      const BootSettings& settings, std::size_t max_bytes);

// "docker:IMAGE", as SkyPilot writes it: the service runs in that container. Else it is the name of
// a machine image, or empty.
bool is_container_image(const std::string& image_id);

}  // namespace sky::adapters::vm
