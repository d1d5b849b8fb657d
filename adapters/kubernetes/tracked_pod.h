// One pod as kubernetes_cloud*.cc remember it. Part of them, nobody else includes it. Loop thread.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "adapters/kubernetes/kubernetes_cloud.h"
#include "adapters/kubernetes/unschedulable.h"

namespace sky::adapters::kubernetes {

// Between SIGTERM and SIGKILL of a replica that we end: the endpoint has drained it before.
inline constexpr std::int64_t our_grace_seconds = 10;
// A pod whose node is dead never ends by itself; then it is taken out of the books. A guess.
inline constexpr core::Duration force_after = core::seconds(30);
inline constexpr core::Duration look_every = core::seconds(1);
// An autoscaler looks every ten seconds; one that has said nothing after three looks does nothing.
inline constexpr core::Duration hint_patience = core::seconds(30);

struct KubernetesCloud::Tracked {
  explicit Tracked(Reactor& reactor) : patience(reactor), look(reactor) {}

  // Until the API shows it.
  void expect(const core::ServiceName& service, core::ReplicaId replica, std::uint32_t attempt) {
    if (is_made) return;
    pod.service = service;
    pod.replica = replica;
    pod.attempt = attempt;
  }

  Pod pod;
  bool is_made = false;  // the API has shown it
  std::uint16_t port = 0;  // the service's, of a launch

  LaunchDone launching;  // set: the launch is not answered
  std::optional<core::Failure> verdict;  // of the launch; its pod is being deleted
  bool is_exposing = false;
  std::shared_ptr<void> address;  // being found
  core::Duration waited{0};  // for a node
  ScaleHint hint = ScaleHint::none;

  std::vector<TerminateDone> ending;  // asked to end, and still there
  bool is_asked_to_end = false;
  core::Duration ended_for{0};

  std::optional<Fate> told;  // of a pod whose launch was answered
  std::optional<FateKind> doubted;  // a fate that has to last before it is believed
  bool is_believed = false;
  Timer patience;
  Timer look;
};

}  // namespace sky::adapters::kubernetes
