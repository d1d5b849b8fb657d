#include "adapters/gcp/gcp_cloud.h"

#include <cstdlib>
#include <random>
#include <utility>

#include "adapters/clock.h"
#include "adapters/durable_file.h"
#include "adapters/gcp/gcp_provider.h"

namespace sky::adapters::gcp {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

std::string compute_endpoint(const GcpSettings& settings) {
  const auto named = settings.endpoints.find("compute");
  std::string host =
      named == settings.endpoints.end() ? "https://compute.googleapis.com" : named->second;
  while (host.ends_with('/')) host.pop_back();
  return host + "/compute/v1/projects/" + settings.project + "/";
}

// What the provider borrows.
struct Access {
  Access(Reactor& reactor, HttpSender& http, const GcpSettings& settings, Login login)
      : tokens(reactor, http, wall_now, std::move(login)),
        client({reactor, http, tokens, [] { return core::Instant(read_clocks().booted_for); },
                [this] { return chance(); }, compute_endpoint(settings)}) {}

  std::mt19937_64 chance{std::random_device{}()};
  AccessTokens tokens;
  GceClient client;
};

}  // namespace

std::unique_ptr<RealCloud> make_gcp_cloud(Reactor& reactor, HttpSender& http,
                                          const GcpSettings& settings, Login login,
                                          vm::VmCloudSettings shared, OnChange on_change) {
  auto access = std::make_shared<Access>(reactor, http, settings, std::move(login));
  auto provider = std::make_unique<GcpProvider>(reactor, access->client, settings);
  shared.kept = std::move(access);
  return std::make_unique<vm::VmCloud>(reactor, std::move(provider), std::move(shared),
                                       std::move(on_change));
}

core::Result<Login> find_login_here() {
  const auto vendor = read_file("/sys/class/dmi/id/board_vendor");
  return find_login({environment, [](const std::string& path) { return read_file(path); },
                     vendor && vendor->starts_with("Google")});
}

core::Result<std::string> find_project(const GcpSettings& settings, const Login& login) {
  for (const std::string& project :
       {settings.project, environment("GOOGLE_CLOUD_PROJECT"), login.project})
    if (!project.empty()) return project;
  return core::Error{core::ErrorCode::invalid_input,
                     login.found_in +
                         " names no project; set GOOGLE_CLOUD_PROJECT, or `skyctl: "
                         "{gcp: {project: NAME}}` in config.yaml"};
}

}  // namespace sky::adapters::gcp
