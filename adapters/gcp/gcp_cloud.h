// GCP, put together for the daemon: tokens, client, provider, cloud.
#pragma once

#include <memory>

#include "adapters/gcp/access_token.h"
#include "adapters/gcp/gcp_settings.h"
#include "adapters/reactor.h"
#include "adapters/vm/vm_cloud.h"

namespace sky::adapters::gcp {

// Reactor and sender outlive it. `shared.kept` is set here; the settings name a project.
std::unique_ptr<RealCloud> make_gcp_cloud(Reactor& reactor, HttpSender& http,
                                          const GcpSettings& settings, Login login,
                                          vm::VmCloudSettings shared, OnChange on_change);

// The login that this process finds. Errors: as find_login() of access_token.h.
core::Result<Login> find_login_here();

// The project: the settings', GOOGLE_CLOUD_PROJECT's, the login's. Errors: invalid_input.
core::Result<std::string> find_project(const GcpSettings& settings, const Login& login);

}  // namespace sky::adapters::gcp
