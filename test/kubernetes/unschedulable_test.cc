// Why no node takes a pod: sentences of old and new schedulers, one case a row.
#include "adapters/kubernetes/unschedulable.h"

#include <boost/test/unit_test.hpp>

namespace sky::adapters::kubernetes {

using core::FailureKind;

BOOST_AUTO_TEST_SUITE(kubernetes_unschedulable)

BOOST_AUTO_TEST_CASE(the_parts_of_the_sentence_are_read_whatever_their_commas) {
  const auto reasons = read_node_reasons(
      "0/6 nodes are available: 1 Insufficient cpu, 2 node(s) had taint {a: b}, that the pod "
      "didn't "
      "tolerate, 3 node(s) didn't match Pod's node affinity/selector. preemption: 0/6 nodes are "
      "available: 6 Preemption is not helpful for scheduling.");
  BOOST_REQUIRE(reasons.size() == 3u);
  BOOST_TEST((reasons[0] == NodeReason{1, "Insufficient cpu"}));
  BOOST_TEST(
      (reasons[1] == NodeReason{2, "node(s) had taint {a: b}, that the pod didn't tolerate"}));
  BOOST_TEST((reasons[2] == NodeReason{3, "node(s) didn't match Pod's node affinity/selector"}));
  BOOST_TEST(read_node_reasons("no nodes available to schedule pods").empty());
  BOOST_TEST(read_node_reasons("0/1 nodes are available: ").empty());
}

BOOST_AUTO_TEST_CASE(each_sentence_has_its_kind) {
  const std::pair<const char*, FailureKind> rows[] = {
      {"0/2 nodes are available: 2 Insufficient nvidia.com/gpu.", FailureKind::capacity},
      {"0/2 nodes are available: 2 Too many pods.", FailureKind::capacity},
      {"0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports.",
       FailureKind::capacity},
      {"0/1 nodes are available: 1 node(s) were unschedulable.", FailureKind::capacity},
      {"0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.",
       FailureKind::capacity},
      {"0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: "
       "}.",
       FailureKind::capacity},
      {"0/1 nodes are available: 1 node(s) had untolerated taint "
       "{node.kubernetes.io/unschedulable: }.",
       FailureKind::capacity},
      {"0/1 nodes are available: 1 node(s) had untolerated taint "
       "{node.kubernetes.io/disk-pressure: "
       "}.",
       FailureKind::capacity},
      {"0/1 nodes are available: 1 node(s) had taint {ToBeDeletedByClusterAutoscaler: 1}.",
       FailureKind::capacity},
      {"0/1 nodes are available: 1 node(s) had taint "
       "{cloud.google.com/impending-node-termination: }.",
       FailureKind::capacity},
      {"0/2 nodes are available: 2 node(s) didn't match Pod's node affinity.",
       FailureKind::unsupported},
      {"0/2 nodes are available: 2 node(s) didn't match node selector.", FailureKind::unsupported},
      {"0/2 nodes are available: 2 node(s) had untolerated taint {team: other}.",
       FailureKind::unsupported},
      {"0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match Pod's node affinity.",
       FailureKind::capacity},
      {"0/2 nodes are available: 2 node(s) had volume node affinity conflict.",
       FailureKind::invalid},
      {"persistentvolumeclaim \"x\" not found", FailureKind::invalid},
      {"no nodes available to schedule pods", FailureKind::capacity},
      {"0/2 nodes are available: 2 something new.", FailureKind::capacity},
  };
  for (const auto& [message, kind] : rows) {
    const core::Failure failure = judge_unschedulable(message);
    BOOST_TEST(core::to_text(failure.kind) == std::string(core::to_text(kind)), message);
    BOOST_TEST(failure.text.find(message) != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(each_word_of_an_autoscaler_is_a_hint_and_others_are_none) {
  BOOST_TEST((scale_hint("TriggeredScaleUp", "cluster-autoscaler") == ScaleHint::coming));
  BOOST_TEST((scale_hint("NotTriggerScaleUp", "cluster-autoscaler") == ScaleHint::refused));
  BOOST_TEST((scale_hint("FailedScaleUp", "cluster-autoscaler") == ScaleHint::refused));
  BOOST_TEST((scale_hint("Nominated", "karpenter") == ScaleHint::coming));
  BOOST_TEST((scale_hint("FailedScheduling", "karpenter") == ScaleHint::refused));
  BOOST_TEST((scale_hint("FailedScheduling", "default-scheduler") == ScaleHint::none));
  BOOST_TEST((scale_hint("Pulling", "kubelet") == ScaleHint::none));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters::kubernetes
