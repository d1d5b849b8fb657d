// What becomes of a pod, from the pod and its node alone. Evidence is looked at in one order and
// the first hit counts: what is being taken away matters more than what still runs.
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "adapters/kubernetes/pod.h"
#include "core/failure.h"
#include "core/time.h"

namespace sky::adapters::kubernetes {

enum class FateKind : std::uint8_t {
  waiting,  // for a node, an image, a container: benign
  unschedulable,  // no node takes it: judge_unschedulable(text)
  running,
  silent,  // its node says nothing any more: only a probe can tell
  noticed,  // will be taken: leave it
  preempted,  // was taken
  lost,  // ended, or refused by its node: another may do better
  misfit,  // its node says it cannot run there: the shape is wrong
  broken_image,
  broken_spec,
  crashing,  // what it runs ends again and again
};

struct Fate {
  FateKind kind = FateKind::waiting;
  std::string text;  // the cluster's own words
  core::Duration left{0};  // of `noticed`: until it is taken
  // How long this must last to be believed: images may be slow, registries hiccup. Zero: at once.
  core::Duration patience{0};
  bool operator==(const Fate&) const = default;
};

// `node`: the one the pod is on; null when it is on none, or nodes may not be looked at.
Fate judge_pod(const Pod& pod, const Node* node);

// For a launch that was not answered yet. Precondition: not waiting, running, silent.
core::Failure launch_failure(const Fate& fate);

// In place, by the kubelet; from then on it counts as broken. A guess: the fourth start waits 40 s.
inline constexpr std::uint32_t restarts_allowed = 3;

}  // namespace sky::adapters::kubernetes
