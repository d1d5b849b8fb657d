#include "adapters/aws/aws_cloud.h"

#include <cstdlib>
#include <random>
#include <utility>

#include "adapters/aws/aws_provider.h"
#include "adapters/child_output.h"
#include "adapters/clock.h"
#include "adapters/durable_file.h"

namespace sky::adapters::aws {
namespace {

// What the provider borrows.
struct Access {
  Access(Reactor& reactor, HttpSender& http, const AwsSettings& settings, CredentialsPlan plan)
      : program(reactor),
        credentials({reactor, http, wall_now,
                     [this](const std::string& command, ChildOutput::Done done) {
                       ChildCommand shell;
                       shell.program = "/bin/sh";
                       shell.arguments = {"-c", command};
                       program.run(shell, std::move(done));
                     },
                     endpoint_of(settings.endpoints, "sts", settings.regions.front()),
                     settings.regions.front(), ""},
                    std::move(plan)),
        client({reactor, http, credentials, wall_now,
                [] { return core::Instant(read_clocks().booted_for); }, [this] { return chance(); },
                [endpoints = settings.endpoints](const std::string& service,
                                                 const std::string& region) {
                  return endpoint_of(endpoints, service, region);
                }}) {}

  ChildOutput program;  // credential_process
  std::mt19937_64 chance{std::random_device{}()};
  CredentialsKeeper credentials;
  AwsClient client;
};

bool is_instance_of_ec2() {
  const auto vendor = read_file("/sys/class/dmi/id/board_vendor");
  return vendor && vendor->starts_with("Amazon EC2");
}

}  // namespace

std::unique_ptr<RealCloud> make_aws_cloud(Reactor& reactor, HttpSender& http,
                                          const AwsSettings& settings, CredentialsPlan plan,
                                          vm::VmCloudSettings shared, OnChange on_change) {
  auto access = std::make_shared<Access>(reactor, http, settings, std::move(plan));
  auto provider = std::make_unique<AwsProvider>(reactor, access->client, settings);
  shared.kept = std::move(access);
  return std::make_unique<vm::VmCloud>(reactor, std::move(provider), std::move(shared),
                                       std::move(on_change));
}

core::Result<CredentialsPlan> find_credentials() {
  CredentialsPlace place;
  place.environment = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  place.home = place.environment("HOME");
  const auto config = read_file(config_path(place));
  const auto credentials = read_file(credentials_path(place));
  place.profiles =
      parse_profiles(config ? *config : std::string(), credentials ? *credentials : std::string());
  auto plan = plan_credentials(place);
  // The chain ends at the metadata of an instance, which other machines do not have.
  const bool is_guess = plan && plan->source.kind == CredentialsKind::instance &&
                        place.environment("AWS_EC2_METADATA_SERVICE_ENDPOINT").empty() &&
                        place.profiles.empty() && !is_instance_of_ec2();
  if (is_guess)
    return core::Error{core::ErrorCode::not_found,
                       "no credentials: not in the environment, not in " + config_path(place) +
                           " or " + credentials_path(place)};
  return plan;
}

}  // namespace sky::adapters::aws
