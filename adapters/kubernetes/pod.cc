#include "adapters/kubernetes/pod.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "adapters/kubernetes/node_labels.h"

namespace sky::adapters::kubernetes {
namespace {

using core::Error;
using core::ErrorCode;

struct Suffix {
  const char* text;
  double factor;
};
// The API's quantity format: binary and decimal multiples.
constexpr Suffix suffixes[] = {{"", 1},
                               {"n", 1e-9},
                               {"u", 1e-6},
                               {"m", 1e-3},
                               {"k", 1e3},
                               {"M", 1e6},
                               {"G", 1e9},
                               {"T", 1e12},
                               {"P", 1e15},
                               {"Ki", 1024.0},
                               {"Mi", 1048576.0},
                               {"Gi", 1073741824.0},
                               {"Ti", 1099511627776.0},
                               {"Pi", 1125899906842624.0}};

std::uint32_t number_of(const JsonView& labels, const char* name) {
  const std::string text = labels.at(name).text_or("");
  std::uint32_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

PodCondition read_condition(const JsonView& one) {
  return {one.at("type").text_or(""), one.at("status").text_or(""), one.at("reason").text_or(""),
          one.at("message").text_or("")};
}

ContainerState read_container(const JsonView& one, bool is_init) {
  ContainerState state;
  state.name = one.at("name").text_or("");
  state.is_init = is_init;
  state.is_ready = one.at("ready").boolean_or(false);
  state.restarts = static_cast<std::uint32_t>(one.at("restartCount").integer_or(0));
  const JsonView now = one.at("state");
  state.is_running = now.at("running").is_present();
  state.waiting_reason = now.at("waiting").at("reason").text_or("");
  state.waiting_message = now.at("waiting").at("message").text_or("");
  const JsonView last = now.at("terminated").is_present() ? now.at("terminated")
                                                          : one.at("lastState").at("terminated");
  state.ended_reason = last.at("reason").text_or("");
  state.exit_code = static_cast<std::int32_t>(last.at("exitCode").integer_or(0));
  return state;
}

void read_containers(const JsonView& list, bool is_init, std::vector<ContainerState>& into) {
  for (std::size_t i = 0; i < list.size(); ++i) into.push_back(read_container(list.at(i), is_init));
}

std::uint32_t whole(std::optional<double> value, double unit) {
  if (!value || *value <= 0) return 0;
  return static_cast<std::uint32_t>(std::min(std::floor(*value / unit), 4e9));
}

std::string address_of(const JsonView& addresses) {
  std::string internal;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const std::string type = addresses.at(i).at("type").text_or("");
    if (type == "ExternalIP") return addresses.at(i).at("address").text_or("");
    if (type == "InternalIP") internal = addresses.at(i).at("address").text_or("");
  }
  return internal;
}

}  // namespace

const PodCondition* Pod::condition(std::string_view type) const {
  const auto found = std::find_if(conditions.begin(), conditions.end(),
                                  [&](const PodCondition& one) { return one.type == type; });
  return found == conditions.end() ? nullptr : &*found;
}

const ContainerState* Pod::container(std::string_view wanted) const {
  const auto found = std::find_if(containers.begin(), containers.end(),
                                  [&](const ContainerState& one) { return one.name == wanted; });
  return found == containers.end() ? nullptr : &*found;
}

core::Result<Pod> read_pod(const JsonView& object) {
  const JsonView meta = object.at("metadata"), status = object.at("status");
  const JsonView labels = meta.at("labels");
  Pod pod;
  pod.name = meta.at("name").text_or("");
  if (pod.name.empty()) return Error{ErrorCode::invalid_input, "a pod without a name"};
  pod.name_space = meta.at("namespace").text_or("");
  pod.uid = meta.at("uid").text_or("");
  pod.version = meta.at("resourceVersion").text_or("");
  pod.is_deleting = meta.at("deletionTimestamp").is_present();
  pod.deletion_grace_seconds = meta.at("deletionGracePeriodSeconds").integer_or(0);
  pod.log_id = labels.at(label_log).text_or("");
  pod.service = labels.at(label_service).text_or("");
  pod.replica.value = number_of(labels, label_replica);
  pod.attempt = number_of(labels, label_attempt);
  pod.token = meta.at("annotations").at(annotation_token).text_or("");
  pod.node = object.at("spec").at("nodeName").text_or("");
  pod.phase = status.at("phase").text_or("");
  pod.reason = status.at("reason").text_or("");
  pod.message = status.at("message").text_or("");
  pod.ip = status.at("podIP").text_or("");
  pod.host_ip = status.at("hostIP").text_or("");
  for (std::size_t i = 0; i < status.at("conditions").size(); ++i)
    pod.conditions.push_back(read_condition(status.at("conditions").at(i)));
  read_containers(status.at("initContainerStatuses"), true, pod.containers);
  read_containers(status.at("containerStatuses"), false, pod.containers);
  return pod;
}

core::Result<Node> read_node(const JsonView& object) {
  const JsonView meta = object.at("metadata"), status = object.at("status");
  Node node;
  node.name = meta.at("name").text_or("");
  if (node.name.empty()) return Error{ErrorCode::invalid_input, "a node without a name"};
  node.version = meta.at("resourceVersion").text_or("");
  if (const auto labels = meta.at("labels").members(); labels)
    for (const auto& [key, value] : *labels)
      if (is_label_of_interest(key)) node.labels.emplace(key, value.text_or(""));
  const JsonView taints = object.at("spec").at("taints");
  for (std::size_t i = 0; i < taints.size(); ++i)
    node.taints.push_back(
        {taints.at(i).at("key").text_or(""), taints.at(i).at("effect").text_or("")});
  node.is_unschedulable = object.at("spec").at("unschedulable").boolean_or(false);
  const JsonView conditions = status.at("conditions");
  for (std::size_t i = 0; i < conditions.size(); ++i)
    if (conditions.at(i).at("type").text_or("") == "Ready")
      node.ready = conditions.at(i).at("status").text_or("");
  node.address = address_of(status.at("addresses"));
  const JsonView room = status.at("allocatable");
  node.milli_cpus = whole(read_quantity(room.at("cpu").text_or("")), 1e-3);
  node.memory_mib = whole(read_quantity(room.at("memory").text_or("")), 1048576.0);
  for (const char* resource : gpu_resources)
    node.gpus = std::max(node.gpus, whole(read_quantity(room.at(resource).text_or("")), 1.0));
  return node;
}

std::optional<double> read_quantity(std::string_view text) {
  double number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{}) return {};
  const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Suffix& suffix : suffixes)
    if (rest == suffix.text) return number * suffix.factor;
  return {};
}

}  // namespace sky::adapters::kubernetes
