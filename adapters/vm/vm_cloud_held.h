// A machine as VmCloud holds it. Part of vm_cloud*.cc, nobody else includes it.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "adapters/vm/vm_cloud.h"

namespace sky::adapters::vm {

struct VmCloud::Held {
  Vm vm;  // without an instance id: the cloud has not answered yet
  std::uint16_t port = 0;
  core::Instant since;  // taken by the cloud then, or first seen
  bool was_listed = false;
  bool is_creating = false;
  bool is_ending = false;  // the cloud was told
  bool has_reported_notice = false;
  bool has_reported_end = false;
  std::vector<LaunchDone> launches;
  std::vector<TerminateDone> terminations;
};

// One list() over all areas.
struct VmCloud::Sweep {
  std::size_t areas_left = 0;
  std::vector<core::ListedInstance> instances;
  std::variant<std::monostate, core::Failure> outcome;
  ListDone done;
};

inline core::Failure own_failure(core::FailureKind kind, core::FailureScope scope,
                                 std::string text) {
  return {kind, scope, std::move(text), core::Duration{0}};
}

}  // namespace sky::adapters::vm
