#include "adapters/kubernetes/unschedulable.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace sky::adapters::kubernetes {
namespace {

using core::FailureKind;
using core::FailureScope;

struct ReasonRow {
  const char* fragment;
  FailureKind kind;
};

// First hit wins.
constexpr ReasonRow reason_rows[] = {
    {"Insufficient ", FailureKind::capacity},
    {"Too many pods", FailureKind::capacity},
    {"free ports", FailureKind::capacity},
    {"were unschedulable", FailureKind::capacity},  // cordoned
    {"node.kubernetes.io/not-ready", FailureKind::capacity},
    {"node.kubernetes.io/unreachable", FailureKind::capacity},
    {"node.kubernetes.io/unschedulable", FailureKind::capacity},
    {"-pressure", FailureKind::capacity},
    {"ToBeDeletedByClusterAutoscaler", FailureKind::capacity},
    {"impending-node-termination", FailureKind::capacity},
    {"volume", FailureKind::invalid},
    {"persistentvolumeclaim", FailureKind::invalid},
    {"taint", FailureKind::unsupported},
    {"affinity", FailureKind::unsupported},
    {"selector", FailureKind::unsupported},
};

struct HintRow {
  const char* reason;
  const char* component;  // null: any
  ScaleHint hint;
};
constexpr HintRow hint_rows[] = {
    {"TriggeredScaleUp", nullptr, ScaleHint::coming},  // cluster-autoscaler
    {"NotTriggerScaleUp", nullptr, ScaleHint::refused},
    {"FailedScaleUp", nullptr, ScaleHint::refused},  // GKE: out of resources, or quota
    {"Nominated", "karpenter", ScaleHint::coming},
    {"FailedScheduling", "karpenter", ScaleHint::refused},
};

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

// Where ", 2 Insufficient" begins: a comma before a number. Other commas belong to a reason.
std::size_t next_reason(std::string_view text) {
  for (std::size_t at = text.find(", "); at != std::string_view::npos; at = text.find(", ", at + 1))
    if (at + 2 < text.size() && is_digit(text[at + 2])) return at;
  return std::string_view::npos;
}

NodeReason read_reason(std::string_view text) {
  NodeReason reason;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), reason.nodes);
  if (failed != std::errc{}) return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with('.') || text.ends_with(' ')) text.remove_suffix(1);
  reason.text = std::string(text);
  return reason;
}

FailureKind kind_of(const NodeReason& reason) {
  for (const ReasonRow& row : reason_rows)
    if (reason.text.find(row.fragment) != std::string::npos) return row.kind;
  return FailureKind::unknown;
}

}  // namespace

std::vector<NodeReason> read_node_reasons(std::string_view message) {
  constexpr std::string_view intro = "nodes are available: ";
  const std::size_t at = message.find(intro);
  if (at == std::string_view::npos) return {};
  std::string_view rest = message.substr(at + intro.size());
  // Newer servers go on about evicting others.
  rest = rest.substr(0, rest.find("preemption:"));
  std::vector<NodeReason> reasons;
  while (!rest.empty()) {
    const std::size_t end = next_reason(rest);
    NodeReason reason = read_reason(rest.substr(0, end));
    if (!reason.text.empty()) reasons.push_back(std::move(reason));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 2);
  }
  return reasons;
}

core::Failure judge_unschedulable(std::string_view message) {
  const auto reasons = read_node_reasons(message);
  const auto is_there = [&](FailureKind kind) {
    return std::any_of(reasons.begin(), reasons.end(),
                       [&](const NodeReason& reason) { return kind_of(reason) == kind; });
  };
  // One node that is merely full is enough for capacity; a cluster without nodes may get some.
  FailureKind kind = FailureKind::capacity;
  if (!is_there(FailureKind::capacity)) {
    if (is_there(FailureKind::unsupported)) kind = FailureKind::unsupported;
    if (is_there(FailureKind::invalid) ||
        message.find("persistentvolumeclaim") != std::string_view::npos)
      kind = FailureKind::invalid;
  }
  return {kind, FailureScope::region, "no node takes the pod: " + std::string(message),
          core::Duration{0}};
}

ScaleHint scale_hint(std::string_view reason, std::string_view component) {
  for (const HintRow& row : hint_rows)
    if (reason == row.reason &&
        (row.component == nullptr || component.find(row.component) != std::string_view::npos))
      return row.hint;
  return ScaleHint::none;
}

}  // namespace sky::adapters::kubernetes
