// AWS, put together for the daemon: credentials, client, provider, cloud.
#pragma once

#include <memory>

#include "adapters/aws/aws_settings.h"
#include "adapters/aws/credentials_plan.h"
#include "adapters/http_sender.h"
#include "adapters/reactor.h"
#include "adapters/vm/vm_cloud.h"

namespace sky::adapters::aws {

// Reactor and sender outlive it. `shared.kept` is set here.
std::unique_ptr<RealCloud> make_aws_cloud(Reactor& reactor, HttpSender& http,
                                          const AwsSettings& settings, CredentialsPlan plan,
                                          vm::VmCloudSettings shared, OnChange on_change);

// The credentials that this process finds: its environment, its user's files.
// Errors: not_found when there are none, with where they were looked for; invalid_input.
core::Result<CredentialsPlan> find_credentials();

}  // namespace sky::adapters::aws
