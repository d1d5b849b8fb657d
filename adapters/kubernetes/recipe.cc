#include "adapters/kubernetes/recipe.h"

#include <algorithm>
#include <cctype>

#include "adapters/digest.h"
#include "adapters/kubernetes/node_labels.h"
#include "adapters/kubernetes/recipe_parts.h"
#include "core/offer_match.h"

namespace sky::adapters::kubernetes {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;

constexpr std::size_t short_id = 8;

// Runs setup, then run, in a folder of its own that holds the workdir. A container that starts
// again has lost what setup did, so it is done again.
constexpr const char* launcher = R"(set -e
shell=$(command -v bash || command -v sh)
export HOME="${HOME:-/root}"
mkdir -p "$HOME/sky_workdir"
cd "$HOME/sky_workdir"
if [ -d /skyctl/workdir ]; then cp -rL /skyctl/workdir/. .; fi
if [ -n "$1" ]; then "$shell" -c "$1"; fi
exec "$shell" -c "$2"
)";

void begin_object_of(JsonWriter& json, const char* kind, const std::string& name,
                     const Labels& labels) {
  json.begin_object().member("apiVersion", "v1").member("kind", kind).key("metadata");
  json.begin_object().member("name", name).key("labels").begin_object();
  json.member("app.kubernetes.io/managed-by", "skyctl");
  json.member(label_log, labels.log_id).member(label_service, labels.service);
}

void write_owner(JsonWriter& json, const char* kind, const std::string& name,
                 const std::string& uid) {
  json.key("ownerReferences").begin_array().begin_object();
  json.member("apiVersion", "v1").member("kind", kind).member("name", name).member("uid", uid);
  json.end_object().end_array();
}

std::string file_key(std::size_t index) { return "f" + std::to_string(index); }

const core::ResourceRequest* choice_of(const core::LaunchInstance& launch) {
  const auto& choices = launch.spec.resources.choices;
  const auto found = std::find_if(choices.begin(), choices.end(),
                                  [&](const auto& one) { return core::fits(one, launch.offer); });
  return found != choices.end() ? &*found : choices.empty() ? nullptr : &choices.front();
}

Result<void> check_scripts(const core::Task& task) {
  for (const auto& [name, text] : {std::pair{"setup", &task.setup}, {"run", &task.run}})
    if (text->size() > max_script_bytes)
      return Error{ErrorCode::invalid_input,
                   std::string(name) +
                       " has more than 100 kB, which is no argument of a container "
                       "any more; put it into a file of `workdir` or an image"};
  return {};
}

void write_pod_metadata(JsonWriter& json, const PodOrder& order) {
  const core::LaunchInstance& launch = order.launch;
  begin_object_of(json, "Pod",
                  pod_name(launch.service, launch.replica, launch.attempt, launch.token),
                  order.labels);
  json.member(label_replica, std::to_string(launch.replica.value));
  json.member(label_attempt, std::to_string(launch.attempt));
  json.member(label_version, std::to_string(launch.version.value));
  if (const core::ResourceRequest* choice = choice_of(launch))
    for (const auto& [key, value] : choice->labels) json.member(key, value);
  json.end_object().key("annotations").begin_object();
  json.member(annotation_token, launch.token).end_object();
  write_owner(json, "ConfigMap", anchor_name(order.labels), order.anchor_uid);
  json.end_object();
}

void write_volumes(JsonWriter& json, const PodOrder& order) {
  json.key("volumes").begin_array();
  json.begin_object().member("name", "shm").key("emptyDir");
  json.begin_object().member("medium", "Memory").end_object().end_object();
  if (!order.files.empty()) {
    json.begin_object().member("name", "workdir").key("configMap").begin_object();
    json.member("name", version_name(order.labels, order.launch.version)).key("items");
    json.begin_array();
    for (std::size_t i = 0; i < order.files.size(); ++i) {
      json.begin_object().member("key", file_key(i)).member("path", order.files[i].path);
      json.member("mode", order.files[i].is_executable ? 0755 : 0644).end_object();
    }
    json.end_array().end_object().end_object();
  }
  json.end_array();
}

void write_container(JsonWriter& json, const PodOrder& order, const std::string& image) {
  const core::LaunchInstance& launch = order.launch;
  json.begin_object().member("name", main_container).member("image", image);
  json.key("command").begin_array().text("/bin/sh").text("-c").end_array();
  json.key("args").begin_array().text(unexpanded(launcher)).text("skyctl");
  json.text(unexpanded(launch.spec.task.setup)).text(unexpanded(launch.spec.task.run)).end_array();
  json.key("ports").begin_array().begin_object();
  json.member("name", "serve").member("containerPort", std::int32_t{launch.spec.resources.port});
  json.member("protocol", "TCP").end_object().end_array();
  write_environment(json, launch,
                    order.has_secret ? version_name(order.labels, launch.version) : std::string());
  write_resources(json, launch.offer);
  json.key("securityContext").begin_object().member("allowPrivilegeEscalation", false);
  json.end_object().key("volumeMounts").begin_array();
  json.begin_object().member("name", "shm").member("mountPath", "/dev/shm").end_object();
  if (!order.files.empty())
    json.begin_object()
        .member("name", "workdir")
        .member("mountPath", "/skyctl/workdir")
        .member("readOnly", true)
        .end_object();
  json.end_array().end_object();
}

}  // namespace

std::string anchor_name(const Labels& labels) {
  return labels.service + "-" + labels.log_id.substr(0, short_id);
}

std::string version_name(const Labels& labels, core::Version version) {
  return anchor_name(labels) + "-v" + std::to_string(version.value);
}

std::string pod_name(const core::ServiceName& service, core::ReplicaId replica,
                     std::uint32_t attempt, const std::string& token) {
  return service + "-" + std::to_string(replica.value) + "-" + std::to_string(attempt) + "-" +
         token.substr(0, short_id);
}

std::string anchor_json(const Labels& labels) {
  JsonWriter json;
  begin_object_of(json, "ConfigMap", anchor_name(labels), labels);
  json.end_object().end_object().end_object();
  return json.take();
}

std::string secret_json(const Labels& labels, core::Version version, const std::string& anchor_uid,
                        const Secrets& secrets) {
  JsonWriter json;
  begin_object_of(json, "Secret", version_name(labels, version), labels);
  json.end_object();
  write_owner(json, "ConfigMap", anchor_name(labels), anchor_uid);
  json.end_object().member("type", "Opaque").key("data").begin_object();
  for (const auto& [name, value] : secrets) json.member(name, base64(value));
  json.end_object().end_object();
  return json.take();
}

Result<std::string> workdir_json(const Labels& labels, core::Version version,
                                 const std::string& anchor_uid,
                                 const std::vector<WorkFile>& files) {
  std::size_t bytes = 0;
  for (const WorkFile& file : files) bytes += file.content.size();
  if (bytes > max_workdir_bytes || files.size() > max_workdir_files)
    return Error{ErrorCode::invalid_input,
                 "workdir has " + std::to_string(files.size()) + " files and " +
                     std::to_string(bytes) +
                     " bytes; on Kubernetes at most 500 files and 700 kB travel with the service: "
                     "put the rest into an image (`image_id: docker:NAME`) or fetch it in `setup`"};
  JsonWriter json;
  begin_object_of(json, "ConfigMap", version_name(labels, version), labels);
  json.end_object();
  write_owner(json, "ConfigMap", anchor_name(labels), anchor_uid);
  json.end_object().key("binaryData").begin_object();
  for (std::size_t i = 0; i < files.size(); ++i) json.member(file_key(i), base64(files[i].content));
  json.end_object().end_object();
  return json.take();
}

Result<std::string> image_of(const core::LaunchInstance& launch, const Settings& settings) {
  const core::ResourceRequest* choice = choice_of(launch);
  std::string image = choice != nullptr ? choice->image_id : std::string();
  if (image.empty()) return settings.image;
  if (image.starts_with("docker:")) return image.substr(7);
  for (const char* other : {"ami-", "skypilot:", "projects/"})
    if (image.starts_with(other))
      return Error{ErrorCode::invalid_input,
                   "image_id " + image +
                       " is a machine image of another cloud; on Kubernetes it "
                       "must be a container's: docker:NAME[:TAG]"};
  return image;
}

Result<std::string> pod_json(const PodOrder& order) {
  const core::LaunchInstance& launch = order.launch;
  if (auto fine = check_scripts(launch.spec.task); !fine) return fine.error();
  const auto image = image_of(launch, order.settings);
  if (!image) return image.error();
  JsonWriter json;
  write_pod_metadata(json, order);
  json.key("spec").begin_object().member("restartPolicy", "Always");
  json.member("automountServiceAccountToken", !order.settings.service_account.empty());
  if (!order.settings.service_account.empty())
    json.member("serviceAccountName", order.settings.service_account);
  json.member("enableServiceLinks", false);
  json.member("terminationGracePeriodSeconds",
              grace_of(launch.offer, order.nodes) / core::seconds(1));
  write_affinity(json, launch, order.labels, order.nodes);
  write_tolerations(json, launch.offer);
  json.key("containers").begin_array();
  write_container(json, order, *image);
  json.end_array();
  write_volumes(json, order);
  json.end_object().end_object();
  return json.take();
}

std::string service_json(const Pod& pod, std::uint16_t port, Expose expose) {
  JsonWriter json;
  begin_object_of(json, "Service", pod.name, {pod.log_id, pod.service});
  json.member(label_replica, std::to_string(pod.replica.value)).end_object();
  write_owner(json, "Pod", pod.name, pod.uid);
  json.end_object().key("spec").begin_object();
  json.member("type", expose == Expose::load_balancer ? "LoadBalancer" : "NodePort");
  // One pod behind each: traffic must reach that very replica, by its own node.
  json.member("externalTrafficPolicy", "Local");
  json.key("selector").begin_object().member(label_log, pod.log_id);
  json.member(label_service, pod.service);
  json.member(label_replica, std::to_string(pod.replica.value));
  json.member(label_attempt, std::to_string(pod.attempt)).end_object();
  json.key("ports").begin_array().begin_object().member("name", "serve");
  json.member("port", std::int32_t{port}).member("targetPort", std::int32_t{port});
  json.member("protocol", "TCP").end_object().end_array().end_object().end_object();
  return json.take();
}

}  // namespace sky::adapters::kubernetes
