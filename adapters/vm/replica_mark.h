// What a machine of a cloud says about whose it is: tags on AWS, metadata and labels on GCP.
//
// Only what carries our log's id is ever looked at, changed or ended. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/effect.h"

namespace sky::adapters::vm {

inline constexpr const char* log_mark = "skyctl-log";
inline constexpr const char* token_mark = "skyctl-token";

struct ReplicaMark {
  core::LogId log_id;
  core::ServiceName service;
  core::ReplicaId replica;
  std::uint32_t attempt = 0;
  std::string token;  // of the launch: the same launch, the same machine
  bool operator==(const ReplicaMark&) const = default;
};

ReplicaMark mark_of(const core::LaunchInstance& order, const core::LogId& log_id);

using Marks = std::vector<std::pair<std::string, std::string>>;
Marks to_marks(const ReplicaMark& mark);

// None: it is nobody's, or not written by us.
std::optional<ReplicaMark> read_marks(const Marks& marks);

// "sky-SERVICE-REPLICA-ATTEMPT-TOKEN8": lower-case letters, digits and '-', at most 63 bytes, which
// every cloud takes for a machine's name.
std::string machine_name(const ReplicaMark& mark);

// "skyctl-SERVICE-LOG8" by the same rules: the name of what a service has once, such as its
// firewall. Names that become the same here are told apart by the hash at the end.
std::string service_resource_name(const core::ServiceName& service, const core::LogId& log_id);

}  // namespace sky::adapters::vm
