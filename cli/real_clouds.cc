#include "cli/real_clouds.h"

#include <algorithm>
#include <utility>

#include "adapters/aws/aws_cloud.h"
#include "adapters/clock.h"
#include "adapters/gcp/gcp_cloud.h"
#include "adapters/kubernetes/kubernetes_cloud.h"
#include "adapters/vm/join_desk.h"
#include "adapters/vm/offer_catalog.h"
#include "cli/join_api.h"

namespace sky::cli {
namespace {

using adapters::Finding;
using Made = core::Result<std::unique_ptr<adapters::RealCloud>>;

struct Maker {
  const char* cloud;
  Made (*make)(const CloudEdges&);
};

Made make_kubernetes(const CloudEdges& edges) {
  namespace kubernetes = adapters::kubernetes;
  const kubernetes::KubeEnvironment environment = kubernetes::kube_environment();
  auto access = kubernetes::find_access(environment, edges.config.kubernetes.context);
  if (!access) return access.error();
  return Made(std::make_unique<kubernetes::KubernetesCloud>(
      kubernetes::CloudEdges{edges.reactor, edges.http, edges.log_id, edges.config.kubernetes,
                             environment, edges.on_change},
      std::move(*access)));
}

// What machines of any cloud need of the daemon.
core::Result<adapters::vm::VmCloudSettings> machine_settings(
    const CloudEdges& edges, adapters::vm::MetadataService metadata) {
  const MachineSettings& machines = edges.config.machines;
  if (machines.sources.empty())
    return core::Error{core::ErrorCode::invalid_input,
                       "credentials are there, but " + edges.home.config().string() +
                           " does not say which addresses the endpoint's requests come from, and "
                           "machines let nobody else in; add `skyctl: {machines: {sources: "
                           "[ADDRESS/32]}}`"};
  const auto key = adapters::vm::read_join_key(edges.home.root);
  if (!key) return key.error();
  return adapters::vm::VmCloudSettings{
      .log_id = edges.log_id,
      .boot = {machines.advertise_url, *key, machines.dead_after, metadata},
      .now = [] { return core::Instant(adapters::read_clocks().booted_for); },
      .notes = [home = edges.home](
                   const core::ServiceName& service,
                   core::ReplicaId replica) { return machine_notes(home, service, replica); }};
}

Made make_aws(const CloudEdges& edges) {
  auto plan = adapters::aws::find_credentials();
  if (!plan) return plan.error();
  auto shared = machine_settings(edges, adapters::vm::MetadataService::aws);
  if (!shared) return shared.error();
  adapters::aws::AwsSettings settings = edges.config.aws;
  settings.log_id = edges.log_id;
  settings.sources = edges.config.machines.sources;
  settings.wall = adapters::wall_now;
  if (settings.regions.empty()) settings.regions = adapters::vm::catalog_regions("aws");
  return Made(adapters::aws::make_aws_cloud(edges.reactor, edges.http, settings, std::move(*plan),
                                            std::move(*shared), edges.on_change));
}

Made make_gcp(const CloudEdges& edges) {
  auto login = adapters::gcp::find_login_here();
  if (!login) return login.error();
  auto shared = machine_settings(edges, adapters::vm::MetadataService::gcp);
  if (!shared) return shared.error();
  adapters::gcp::GcpSettings settings = edges.config.gcp;
  const auto project = adapters::gcp::find_project(settings, *login);
  if (!project) return project.error();
  settings.project = *project;
  settings.log_id = edges.log_id;
  settings.sources = edges.config.machines.sources;
  return Made(adapters::gcp::make_gcp_cloud(edges.reactor, edges.http, settings, std::move(*login),
                                            std::move(*shared), edges.on_change));
}

const std::vector<Maker>& makers() {
  static const std::vector<Maker> all = {
      {"kubernetes", make_kubernetes},
      {"aws", make_aws},
      {"gcp", make_gcp},
  };
  return all;
}

bool is_allowed(const Config& config, const std::string& cloud) {
  const auto& allowed = config.allowed_clouds;
  return allowed.empty() || std::find(allowed.begin(), allowed.end(), cloud) != allowed.end();
}

// Answers once all parts have: shared by their callbacks. One part more than there are clouds is
// posted, so that it answers later even when there is none.
template <class Sum>
struct Gathering {
  Sum sum;
  std::size_t open = 0;
  std::function<void(Sum)> done;

  void part_done() {
    if (--open == 0) done(std::move(sum));
  }
};

template <class Sum>
std::shared_ptr<Gathering<Sum>> gather(core::Scheduler& scheduler, std::size_t parts,
                                       std::function<void(Sum)> done) {
  auto all = std::make_shared<Gathering<Sum>>();
  all->open = parts + 1;
  all->done = std::move(done);
  scheduler.post([all] { all->part_done(); });
  return all;
}

}  // namespace

adapters::RealCloud* RealClouds::find(std::string_view name) const {
  const auto found = std::find_if(clouds.begin(), clouds.end(),
                                  [&](const auto& cloud) { return cloud->name() == name; });
  return found == clouds.end() ? nullptr : found->get();
}

std::string RealClouds::missing_text() const {
  std::string text;
  for (const MissingCloud& one : missing)
    text += (text.empty() ? "" : "; ") + one.cloud + ": " + one.why;
  return text;
}

RealClouds make_real_clouds(const CloudEdges& edges) {
  RealClouds made{edges.reactor};
  for (const Maker& maker : makers()) {
    if (!is_allowed(edges.config, maker.cloud)) {
      made.missing.push_back(
          {maker.cloud, "not among the allowed_clouds of " + edges.home.config().string()});
      continue;
    }
    auto cloud = maker.make(edges);
    if (cloud)
      made.clouds.push_back(std::move(*cloud));
    else
      made.missing.push_back({maker.cloud, cloud.error().text});
  }
  return made;
}

void find_offers(const RealClouds& clouds, std::function<void(OffersFound)> done) {
  const auto all = gather(clouds.scheduler, clouds.clouds.size(), std::move(done));
  for (const auto& cloud : clouds.clouds)
    cloud->offers([all, name = cloud->name()](auto outcome) {
      if (auto* offers = std::get_if<std::vector<core::Offer>>(&outcome))
        all->sum.offers.insert(all->sum.offers.end(), offers->begin(), offers->end());
      else
        all->sum.problems.push_back(name + ": " + std::get<core::Failure>(outcome).text);
      all->part_done();
    });
}

void check_clouds(const RealClouds& clouds, const std::string& only,
                  std::function<void(std::vector<CloudFindings>)> done) {
  const auto is_wanted = [&](const std::string& name) { return only.empty() || only == name; };
  std::vector<adapters::RealCloud*> asked;
  for (const auto& cloud : clouds.clouds)
    if (is_wanted(cloud->name())) asked.push_back(cloud.get());
  const auto all = gather(clouds.scheduler, asked.size(), std::move(done));
  for (const MissingCloud& one : clouds.missing)
    if (is_wanted(one.cloud))
      all->sum.push_back({one.cloud, {{Finding::Grade::missing, one.why, {}}}});
  for (adapters::RealCloud* cloud : asked)
    cloud->check([all, name = cloud->name()](std::vector<Finding> findings) {
      all->sum.push_back({name, std::move(findings)});
      all->part_done();
    });
}

}  // namespace sky::cli
