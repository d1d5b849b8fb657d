#include "adapters/kubernetes/pod_fate.h"

#include <optional>

#include "adapters/kubernetes/unschedulable.h"

namespace sky::adapters::kubernetes {
namespace {

using core::FailureKind;
using core::FailureScope;
using core::seconds;

// What the kubelet gives a pod that asks for nothing else.
constexpr core::Duration usual_grace = seconds(30);

struct FailedRow {
  const char* reason;  // a prefix of status.reason
  FateKind fate;
};
// Of pods in phase Failed.
constexpr FailedRow failed_rows[] = {
    {"Evicted", FateKind::lost},
    {"NodeShutdown", FateKind::preempted},
    {"Shutdown", FateKind::preempted},
    {"Terminated", FateKind::preempted},  // graceful node shutdown, newer wording
    {"Preempting", FateKind::preempted},
    {"UnexpectedAdmissionError", FateKind::lost},  // two raced for one device
    {"OutOf", FateKind::lost},  // OutOfcpu, OutOfnvidia.com/gpu
    {"NodeLost", FateKind::lost},
    {"NodeAffinity", FateKind::misfit},
};

struct TaintRow {
  const char* key;  // a prefix
  core::Duration left;
};
// Nodes that go away. Times: the providers' own; GKE leaves ordinary pods 15 of its 30 s.
constexpr TaintRow leaving_taints[] = {
    {"cloud.google.com/impending-node-termination", seconds(15)},
    {"aws-node-termination-handler/spot-itn", seconds(110)},
    {"aws-node-termination-handler/rebalance-recommendation", seconds(110)},
    {"aws-node-termination-handler/scheduled-maintenance", seconds(110)},
    {"aws-node-termination-handler/asg-lifecycle-termination", seconds(110)},
    {"karpenter.sh/disrupt", seconds(110)},  // disrupted, and disruption of older ones
    {"ToBeDeletedByClusterAutoscaler", seconds(60)},
    {"node.kubernetes.io/out-of-service", seconds(0)},
};
constexpr const char* silent_taints[] = {"node.kubernetes.io/unreachable",
                                         "node.kubernetes.io/not-ready"};

struct WaitingRow {
  const char* reason;
  FateKind fate;
  core::Duration patience;
};
// Of a container that does not run. Patience is a guess: a registry may hiccup, and a Secret made a
// moment before the pod may reach the node after it.
constexpr WaitingRow waiting_rows[] = {
    {"ErrImagePull", FateKind::broken_image, seconds(120)},
    {"ImagePullBackOff", FateKind::broken_image, seconds(120)},
    {"RegistryUnavailable", FateKind::broken_image, seconds(120)},
    {"InvalidImageName", FateKind::broken_image, seconds(0)},
    {"ErrImageNeverPull", FateKind::broken_image, seconds(0)},
    {"ImageInspectError", FateKind::broken_image, seconds(30)},
    {"CreateContainerConfigError", FateKind::broken_spec, seconds(15)},
    {"CreateContainerError", FateKind::broken_spec, seconds(15)},
    {"RunContainerError", FateKind::broken_spec, seconds(15)},
};

bool has_prefix(const std::string& text, const char* prefix) { return text.rfind(prefix, 0) == 0; }

std::string said(const std::string& reason, const std::string& message) {
  return reason + (message.empty() ? "" : ": " + message);
}

std::optional<Fate> of_deletion(const Pod& pod) {
  if (!pod.is_deleting) return {};
  const PodCondition* why = pod.condition("DisruptionTarget");
  return Fate{FateKind::noticed,
              why != nullptr ? said(why->reason, why->message) : "the pod is being deleted",
              seconds(pod.deletion_grace_seconds),
              {}};
}

std::optional<Fate> of_disruption(const Pod& pod) {
  for (const char* type : {"DisruptionTarget", "TerminationTarget"}) {
    const PodCondition* found = pod.condition(type);
    if (found == nullptr || found->status != "True") continue;
    const bool is_over = pod.phase == "Failed" || pod.phase == "Succeeded";
    return Fate{is_over ? FateKind::preempted : FateKind::noticed,
                said(found->reason, found->message),
                usual_grace,
                {}};
  }
  return {};
}

std::optional<Fate> of_end(const Pod& pod) {
  if (pod.phase == "Succeeded") return Fate{FateKind::crashing, "what it runs has ended", {}, {}};
  if (pod.phase != "Failed") return {};
  for (const FailedRow& row : failed_rows)
    if (has_prefix(pod.reason, row.reason))
      return Fate{row.fate, said(pod.reason, pod.message), {}, {}};
  const std::string why = said(pod.reason, pod.message);
  return Fate{FateKind::lost, why.empty() ? "the pod has failed" : why, {}, {}};
}

std::optional<Fate> of_node(const Node* node) {
  if (node == nullptr) return {};
  for (const Taint& taint : node->taints)
    for (const TaintRow& row : leaving_taints)
      if (has_prefix(taint.key, row.key))
        return Fate{
            FateKind::noticed, "node " + node->name + " has the taint " + taint.key, row.left, {}};
  bool is_silent = node->ready == "Unknown";
  for (const Taint& taint : node->taints)
    for (const char* key : silent_taints) is_silent = is_silent || taint.key == key;
  if (is_silent) return Fate{FateKind::silent, "node " + node->name + " is silent", {}, {}};
  return {};
}

std::optional<Fate> of_container(const ContainerState& one) {
  if (one.waiting_reason == "CrashLoopBackOff" && one.restarts >= restarts_allowed) {
    std::string text = std::string(one.is_init ? "the init container" : "what it runs") +
                       " ended " + std::to_string(one.restarts + 1) + " times, last with status " +
                       std::to_string(one.exit_code);
    if (!one.ended_reason.empty() && one.ended_reason != "Error")
      text += " (" + one.ended_reason + ")";
    return Fate{FateKind::crashing, text, {}, {}};
  }
  for (const WaitingRow& row : waiting_rows)
    if (one.waiting_reason == row.reason)
      return Fate{row.fate, said(one.waiting_reason, one.waiting_message), {}, row.patience};
  return {};
}

std::optional<Fate> of_schedule(const Pod& pod) {
  const PodCondition* scheduled = pod.condition("PodScheduled");
  if (scheduled == nullptr || scheduled->status != "False") return {};
  if (scheduled->reason == "SchedulingGated")
    return Fate{FateKind::waiting, said(scheduled->reason, scheduled->message), {}, {}};
  return Fate{FateKind::unschedulable, scheduled->message, {}, {}};
}

}  // namespace

Fate judge_pod(const Pod& pod, const Node* node) {
  if (const auto fate = of_deletion(pod)) return *fate;
  if (const auto fate = of_disruption(pod)) return *fate;
  if (const auto fate = of_end(pod)) return *fate;
  if (const auto fate = of_node(node)) return *fate;
  for (const ContainerState& container : pod.containers)
    if (const auto fate = of_container(container)) return *fate;
  if (const auto fate = of_schedule(pod)) return *fate;
  const ContainerState* main = pod.container(main_container);
  // A container between two starts still has its address, and its server is expected back.
  const bool has_run = main != nullptr && (main->is_running || main->restarts > 0);
  if (pod.phase == "Running" && has_run && !pod.ip.empty()) return {FateKind::running, {}, {}, {}};
  return {FateKind::waiting, {}, {}, {}};
}

core::Failure launch_failure(const Fate& fate) {
  const auto failure = [&](FailureKind kind, FailureScope scope) {
    return core::Failure{kind, scope, fate.text, core::Duration{0}};
  };
  switch (fate.kind) {
    case FateKind::unschedulable: return judge_unschedulable(fate.text);
    case FateKind::broken_image:
    case FateKind::broken_spec: return failure(FailureKind::invalid, FailureScope::request);
    case FateKind::crashing: return failure(FailureKind::invalid, FailureScope::request);
    case FateKind::misfit: return failure(FailureKind::unsupported, FailureScope::region);
    case FateKind::noticed:
    case FateKind::preempted:
    case FateKind::lost: return failure(FailureKind::capacity, FailureScope::region);
    case FateKind::waiting:
    case FateKind::running:
    case FateKind::silent: break;
  }
  return failure(FailureKind::unknown, FailureScope::request);
}

}  // namespace sky::adapters::kubernetes
