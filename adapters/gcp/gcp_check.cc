// GcpProvider's answer to `skyctl check gcp`: the permissions that the credentials really have.

#include <memory>
#include <set>
#include <utility>

#include "adapters/gcp/gcp_provider.h"

namespace sky::adapters::gcp {
namespace {

using Grade = Finding::Grade;

std::string permissions_body() {
  JsonWriter json;
  json.begin_object().key("permissions").begin_array();
  for (const std::string& one : least_permissions()) json.text(one);
  return json.end_array().end_object().take();
}

std::string role_text(const std::vector<std::string>& missing) {
  std::string text = "grant a role with these:";
  for (const std::string& one : missing) text += "\n  " + one;
  return text;
}

std::vector<Finding> findings_of(const GceAnswer& answer, const GcpSettings& settings) {
  const std::string project = "project " + settings.project;
  if (answer.failure)
    return {{Grade::missing, project + ": " + answer.failure->text,
             answer.failure->kind == core::FailureKind::forbidden ? role_text(least_permissions())
                                                                  : std::string()}};
  std::vector<Finding> findings = {{Grade::good, "credentials: accepted for " + project, {}}};
  std::set<std::string> granted;
  const JsonView list = JsonView(answer.body).at("permissions");
  for (std::size_t i = 0; i < list.size(); ++i) granted.insert(list.at(i).text_or(""));
  std::vector<std::string> missing;
  for (const std::string& one : least_permissions())
    if (!granted.contains(one)) missing.push_back(one);
  if (missing.empty())
    findings.push_back({Grade::good, "permissions: all that a service needs", {}});
  else
    findings.push_back({Grade::missing,
                        "permissions: " + std::to_string(missing.size()) + " are missing",
                        role_text(missing)});
  return findings;
}

}  // namespace

std::vector<std::string> least_permissions() {
  return {"compute.instances.create",      "compute.instances.delete",
          "compute.instances.get",         "compute.instances.list",
          "compute.instances.setLabels",   "compute.instances.setMetadata",
          "compute.instances.setTags",     "compute.disks.create",
          "compute.subnetworks.use",       "compute.subnetworks.useExternalIp",
          "compute.firewalls.create",      "compute.firewalls.delete",
          "compute.firewalls.get",         "compute.firewalls.list",
          "compute.networks.updatePolicy", "compute.zoneOperations.get",
          "compute.zoneOperations.list",   "compute.globalOperations.get",
          "compute.globalOperations.list"};
}

void GcpProvider::check(CheckDone done) {
  const auto named = settings_.endpoints.find("cloudresourcemanager");
  const std::string host = named == settings_.endpoints.end()
                               ? "https://cloudresourcemanager.googleapis.com"
                               : named->second;
  client_.post_to(host + "/v1/projects/" + settings_.project + ":testIamPermissions",
                  permissions_body(),
                  [this, alive = is_alive_, done = std::move(done)](const GceAnswer& answer) {
                    if (*alive) done(findings_of(answer, settings_));
                  });
}

}  // namespace sky::adapters::gcp
