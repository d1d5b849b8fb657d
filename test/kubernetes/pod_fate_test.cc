// What becomes of a pod: one case a row, and the order in which evidence counts.
#include "adapters/kubernetes/pod_fate.h"

#include <boost/test/unit_test.hpp>

namespace sky::adapters::kubernetes {
namespace {

using core::seconds;

Pod running_pod() {
  Pod pod;
  pod.name = "web-1-1-0a1b2c3d";
  pod.phase = "Running";
  pod.ip = "10.1.1.1";
  pod.node = "n1";
  ContainerState main;
  main.name = main_container;
  main.is_running = true;
  pod.containers = {main};
  return pod;
}

Pod waiting_pod(const std::string& reason, std::uint32_t restarts = 0) {
  Pod pod = running_pod();
  pod.phase = "Pending";
  pod.containers[0].is_running = false;
  pod.containers[0].waiting_reason = reason;
  pod.containers[0].waiting_message = "the kubelet's words";
  pod.containers[0].restarts = restarts;
  return pod;
}

Pod failed_pod(const std::string& reason) {
  Pod pod = running_pod();
  pod.phase = "Failed";
  pod.reason = reason;
  return pod;
}

Node node_with(const std::string& taint) {
  Node node;
  node.name = "n1";
  node.ready = "True";
  node.taints = {{taint, "NoSchedule"}};
  return node;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(kubernetes_pod_fate)

BOOST_AUTO_TEST_CASE(a_running_pod_with_an_address_runs_and_without_one_it_waits) {
  BOOST_TEST((judge_pod(running_pod(), nullptr).kind == FateKind::running));
  Pod pod = running_pod();
  pod.ip.clear();
  BOOST_TEST((judge_pod(pod, nullptr).kind == FateKind::waiting));
  pod = running_pod();
  pod.containers[0].is_running = false;
  BOOST_TEST((judge_pod(pod, nullptr).kind == FateKind::waiting));
  pod.containers[0].restarts = 1;  // between two starts
  BOOST_TEST((judge_pod(pod, nullptr).kind == FateKind::running));
}

BOOST_AUTO_TEST_CASE(a_pod_that_is_deleted_is_left_with_the_grace_it_was_given) {
  Pod pod = running_pod();
  pod.is_deleting = true;
  pod.deletion_grace_seconds = 30;
  const Fate fate = judge_pod(pod, nullptr);
  BOOST_TEST((fate.kind == FateKind::noticed));
  BOOST_TEST((fate.left == seconds(30)));
  BOOST_TEST((fate.patience == seconds(0)));
}

BOOST_AUTO_TEST_CASE(each_disruption_is_a_notice_while_the_pod_runs_and_a_preemption_after_it) {
  for (const char* reason : {"PreemptionByScheduler", "DeletionByTaintManager",
                             "EvictionByEvictionAPI", "DeletionByPodGC", "TerminationByKubelet"}) {
    Pod pod = running_pod();
    pod.conditions = {{"DisruptionTarget", "True", reason, "m"}};
    BOOST_TEST((judge_pod(pod, nullptr).kind == FateKind::noticed));
    BOOST_TEST(judge_pod(pod, nullptr).text == std::string(reason) + ": m");
    pod.phase = "Failed";
    BOOST_TEST((judge_pod(pod, nullptr).kind == FateKind::preempted));
    pod = running_pod();
    pod.conditions = {{"DisruptionTarget", "False", reason, "m"}};
    BOOST_TEST((judge_pod(pod, nullptr).kind == FateKind::running));
  }
  Pod pod = running_pod();
  pod.conditions = {{"TerminationTarget", "True", "Kueue", ""}};
  BOOST_TEST((judge_pod(pod, nullptr).kind == FateKind::noticed));
}

BOOST_AUTO_TEST_CASE(each_reason_of_a_failed_pod_has_its_fate) {
  const std::pair<const char*, FateKind> rows[] = {
      {"Evicted", FateKind::lost},         {"NodeShutdown", FateKind::preempted},
      {"Shutdown", FateKind::preempted},   {"Terminated", FateKind::preempted},
      {"Preempting", FateKind::preempted}, {"UnexpectedAdmissionError", FateKind::lost},
      {"OutOfcpu", FateKind::lost},        {"OutOfnvidia.com/gpu", FateKind::lost},
      {"NodeLost", FateKind::lost},        {"NodeAffinity", FateKind::misfit},
      {"SomethingNew", FateKind::lost},    {"", FateKind::lost}};
  for (const auto& [reason, kind] : rows)
    BOOST_TEST((judge_pod(failed_pod(reason), nullptr).kind == kind), reason);
  Pod pod = running_pod();
  pod.phase = "Succeeded";
  BOOST_TEST((judge_pod(pod, nullptr).kind == FateKind::crashing));
}

BOOST_AUTO_TEST_CASE(each_taint_of_a_node_that_leaves_is_a_notice_with_its_time) {
  const std::pair<const char*, int> rows[] = {
      {"cloud.google.com/impending-node-termination", 15},
      {"aws-node-termination-handler/spot-itn", 110},
      {"aws-node-termination-handler/rebalance-recommendation", 110},
      {"aws-node-termination-handler/scheduled-maintenance", 110},
      {"aws-node-termination-handler/asg-lifecycle-termination", 110},
      {"karpenter.sh/disrupted", 110},
      {"karpenter.sh/disruption", 110},
      {"ToBeDeletedByClusterAutoscaler", 60},
      {"node.kubernetes.io/out-of-service", 0}};
  for (const auto& [key, left] : rows) {
    const Node node = node_with(key);
    const Fate fate = judge_pod(running_pod(), &node);
    BOOST_TEST((fate.kind == FateKind::noticed), key);
    BOOST_TEST((fate.left == seconds(left)), key);
  }
  const Node other = node_with("nvidia.com/gpu");
  BOOST_TEST((judge_pod(running_pod(), &other).kind == FateKind::running));
}

BOOST_AUTO_TEST_CASE(a_node_that_says_nothing_makes_its_pods_suspect_and_no_more) {
  for (const char* key : {"node.kubernetes.io/unreachable", "node.kubernetes.io/not-ready"}) {
    const Node node = node_with(key);
    BOOST_TEST((judge_pod(running_pod(), &node).kind == FateKind::silent));
  }
  Node node = node_with("x");
  node.ready = "Unknown";
  BOOST_TEST((judge_pod(running_pod(), &node).kind == FateKind::silent));
}

BOOST_AUTO_TEST_CASE(each_reason_of_a_waiting_container_has_its_fate_and_its_patience) {
  struct Row {
    const char* reason;
    FateKind kind;
    int patience;
  };
  const Row rows[] = {{"ContainerCreating", FateKind::waiting, 0},
                      {"PodInitializing", FateKind::waiting, 0},
                      {"ErrImagePull", FateKind::broken_image, 120},
                      {"ImagePullBackOff", FateKind::broken_image, 120},
                      {"RegistryUnavailable", FateKind::broken_image, 120},
                      {"InvalidImageName", FateKind::broken_image, 0},
                      {"ErrImageNeverPull", FateKind::broken_image, 0},
                      {"ImageInspectError", FateKind::broken_image, 30},
                      {"CreateContainerConfigError", FateKind::broken_spec, 15},
                      {"CreateContainerError", FateKind::broken_spec, 15},
                      {"RunContainerError", FateKind::broken_spec, 15}};
  for (const Row& row : rows) {
    const Fate fate = judge_pod(waiting_pod(row.reason), nullptr);
    BOOST_TEST((fate.kind == row.kind), row.reason);
    BOOST_TEST((fate.patience == seconds(row.patience)), row.reason);
  }
}

BOOST_AUTO_TEST_CASE(a_crash_loop_is_believed_after_a_few_starts_and_says_how_it_ended) {
  Pod pod = waiting_pod("CrashLoopBackOff", restarts_allowed - 1);
  BOOST_TEST((judge_pod(pod, nullptr).kind == FateKind::waiting));
  pod = waiting_pod("CrashLoopBackOff", restarts_allowed);
  pod.containers[0].ended_reason = "OOMKilled";
  pod.containers[0].exit_code = 137;
  const Fate fate = judge_pod(pod, nullptr);
  BOOST_TEST((fate.kind == FateKind::crashing));
  BOOST_TEST(fate.text == "what it runs ended 4 times, last with status 137 (OOMKilled)");
  pod.containers[0].is_init = true;
  BOOST_TEST(judge_pod(pod, nullptr).text.find("the init container") == 0u);
}

BOOST_AUTO_TEST_CASE(a_pod_without_a_node_is_unschedulable_unless_it_is_held_back) {
  Pod pod;
  pod.name = "p";
  pod.phase = "Pending";
  pod.conditions = {{"PodScheduled", "False", "Unschedulable", "0/1 nodes are available"}};
  BOOST_TEST((judge_pod(pod, nullptr).kind == FateKind::unschedulable));
  pod.conditions[0].reason = "SchedulingGated";
  BOOST_TEST((judge_pod(pod, nullptr).kind == FateKind::waiting));
}

BOOST_AUTO_TEST_CASE(what_takes_a_pod_away_counts_before_what_it_does) {
  Pod pod = waiting_pod("CrashLoopBackOff", 9);
  const Node leaving = node_with("karpenter.sh/disrupted");
  BOOST_TEST((judge_pod(pod, &leaving).kind == FateKind::noticed));
  pod.phase = "Failed";
  BOOST_TEST((judge_pod(pod, &leaving).kind == FateKind::lost));
  pod.conditions = {{"DisruptionTarget", "True", "x", ""}};
  BOOST_TEST((judge_pod(pod, &leaving).kind == FateKind::preempted));
  pod.is_deleting = true;
  BOOST_TEST((judge_pod(pod, &leaving).kind == FateKind::noticed));
}

BOOST_AUTO_TEST_CASE(each_fate_of_a_launch_is_one_kind_of_failure) {
  using core::FailureKind;
  const std::pair<FateKind, FailureKind> rows[] = {
      {FateKind::broken_image, FailureKind::invalid}, {FateKind::broken_spec, FailureKind::invalid},
      {FateKind::crashing, FailureKind::invalid},     {FateKind::misfit, FailureKind::unsupported},
      {FateKind::noticed, FailureKind::capacity},     {FateKind::preempted, FailureKind::capacity},
      {FateKind::lost, FailureKind::capacity}};
  for (const auto& [fate, kind] : rows)
    BOOST_TEST((launch_failure({fate, "said", {}, {}}).kind == kind));
  BOOST_TEST((launch_failure(
                  {FateKind::unschedulable, "0/2 nodes are available: 2 Insufficient cpu.", {}, {}})
                  .kind == FailureKind::capacity));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters::kubernetes
