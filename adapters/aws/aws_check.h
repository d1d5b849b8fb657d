// `skyctl check aws`: who we are, and whether that one may do what a service needs. Nothing is
// made: calls that would are dry runs. Loop thread; `done` is called once, later.
#pragma once

#include <string>

#include "adapters/aws/aws_client.h"
#include "adapters/aws/aws_settings.h"
#include "adapters/cloud.h"

namespace sky::adapters::aws {

// Client and settings are used until it is done.
void check_account(AwsClient& client, const AwsSettings& settings, CheckDone done);

// The least that an account of ours must be allowed, as an IAM policy: it may end only what carries
// our tag.
std::string least_policy();

}  // namespace sky::adapters::aws
