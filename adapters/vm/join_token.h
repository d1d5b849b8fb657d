// How a machine proves which replica it is: tokens derived from a key of the home.
//
// Nothing is stored to check them, and the same launch always has the same ones, after a restart
// too. The join token is in the user data and is good for one answer (join_desk.h sees to that);
// the session token goes only to the machine that joined. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/effect.h"

namespace sky::adapters::vm {

// What a token says.
struct JoinClaim {
  core::ServiceName service;
  core::ReplicaId replica;
  std::uint32_t attempt = 0;
  core::Version version;
  std::string token;  // of the launch
  bool operator==(const JoinClaim&) const = default;
};

JoinClaim claim_of(const core::LaunchInstance& order);

enum class TokenUse : std::uint8_t { join, session };

std::string make_token(std::string_view key, TokenUse use, const JoinClaim& claim);

// None: it was not made with this key for this use.
std::optional<JoinClaim> read_token(std::string_view key, TokenUse use, std::string_view token);

}  // namespace sky::adapters::vm
