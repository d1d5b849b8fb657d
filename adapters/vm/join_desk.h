// Where machines of a cloud call back: they join, are given their secrets once, tell how far they
// are, pass on the cloud's notice, and ask whether the control plane still lives.
//
// Requests are judged by their bearer token alone (join_token.h). The first machine that joins with
// a token binds it to a nonce of its own: an answer that was lost is given again to the same
// nonce, and to no other, after a restart too (one small file a launch). Secrets are answered only
// while the replica is expected. Loop thread; calls block on the disk for a moment.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "adapters/cloud.h"
#include "adapters/vm/join_token.h"
#include "core/result.h"

namespace sky::adapters::vm {

struct DeskRequest {
  std::string path;  // "/v1/join", "/v1/join/mark", ...
  std::string authorization;  // the header
  std::string mark;  // ?name=
  std::string uptime;  // ?up=, seconds since the machine was switched on
  std::string body;
};

struct DeskAnswer {
  int status = 200;
  std::string body;  // plain text
};

class JoinDesk {
 public:
  struct Edges {
    std::string key;
    std::filesystem::path directory;  // for the files of joined launches
    std::function<core::Result<Secrets>(const core::ServiceName&, core::Version)> secrets;
    std::function<bool(const JoinClaim&)> is_expected;  // the replica is wanted, with this attempt
    std::function<void(const JoinClaim&, const core::InstanceChanged&)> report;
    std::function<void(const JoinClaim&, const std::string& line)> note;  // for the replica's log
    std::function<core::WallTime()> wall;
  };

  explicit JoinDesk(Edges edges) : edges_(std::move(edges)) {}

  DeskAnswer handle(const DeskRequest& request);

 private:
  DeskAnswer join(const JoinClaim& claim, const std::string& nonce);
  DeskAnswer take_mark(const JoinClaim& claim, const DeskRequest& request);
  DeskAnswer take_notice(const JoinClaim& claim, const std::string& body);

  Edges edges_;
};

// The key of this home: made at the first use, 0600. Errors: permission, no_space, io, corrupt.
core::Result<std::string> read_join_key(const std::filesystem::path& home);

}  // namespace sky::adapters::vm
