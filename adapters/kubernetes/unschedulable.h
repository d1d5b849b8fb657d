// Why a pod finds no node, from the scheduler's sentence, and whether an autoscaler brings one.
//
// "0/2 nodes are available: 2 Insufficient nvidia.com/gpu." The parts are parsed, never the whole
// sentence compared: servers word it differently, and reasons we do not know count as none.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/failure.h"

namespace sky::adapters::kubernetes {

struct NodeReason {
  std::uint32_t nodes = 0;
  std::string text;  // "Insufficient nvidia.com/gpu"
  bool operator==(const NodeReason&) const = default;
};

// In the message's order; empty when it is no such sentence.
std::vector<NodeReason> read_node_reasons(std::string_view message);

// capacity: there is such a node, and it is full or away. unsupported: no node is of that kind, or
// none lets the pod in. invalid: nothing but another spec helps.
core::Failure judge_unschedulable(std::string_view message);

// What an autoscaler said of the pod, as an event.
enum class ScaleHint : std::uint8_t { none, coming, refused };
ScaleHint scale_hint(std::string_view reason, std::string_view component);

}  // namespace sky::adapters::kubernetes
