// What a follower and the daemon say to each other: length-prefixed frames over a stream.
//
// The daemon begins with `welcome`; then the follower asks, and commits flow as they are stored.
// Byte for byte: events/README.md. Pure functions and one buffer. Errors: corrupt.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "core/input.h"
#include "core/result.h"
#include "events/codec.h"

namespace sky::events {

// Name of the daemon's socket in its home.
inline constexpr const char* follow_socket_name = "follow.sock";

enum class FrameKind : std::uint8_t {
  request = 1,  // follower: FollowRequest; may be repeated, the newest counts
  report = 2,  // follower: BalancerReport
  welcome = 16,  // daemon: Welcome
  commit = 17,  // daemon: the stored bytes of a commit
  caught_up = 18,  // daemon: u64 seq; what follows happens now
  compacted = 19,  // daemon: u64 first retained seq; ask again from there or with a table
  routing = 20,  // daemon: encode_routing() bytes; commits follow from its seq + 1
  error = 21,  // daemon: text; the connection ends
};

// Longest frame either side accepts. A follower says little; its largest word is a traffic sample.
inline constexpr std::size_t max_daemon_frame = max_encoded_bytes + 1024;
inline constexpr std::size_t max_follower_frame = std::size_t{1} << 20;

struct FollowRequest {
  core::Seq from;  // first event wanted; zero: the oldest retained
  bool routing_snapshot_first =
      false;  // a table first, then what happened after it; `from` is moot
};
struct Welcome {
  core::LogId log_id;
  std::uint64_t epoch = 0;
  core::Seq durable;
};

using BalancerReport =
    std::variant<core::BalancerHello, core::EndpointReported, core::TrafficReported,
                 core::ReplicaReported, core::HoldReported>;

std::string frame(FrameKind kind, std::string_view payload);
std::string request_frame(const FollowRequest& request);
std::string report_frame(const BalancerReport& report);
std::string welcome_frame(const Welcome& welcome);
std::string seq_frame(FrameKind kind, core::Seq seq);  // caught_up, compacted

core::Result<FollowRequest> decode_request(std::span<const std::byte> payload);
core::Result<Welcome> decode_welcome(std::span<const std::byte> payload);
core::Result<core::Seq> decode_seq(std::span<const std::byte> payload);
// None: a kind of report that only a newer balancer knows.
core::Result<std::optional<BalancerReport>> decode_report(std::span<const std::byte> payload);

// Cuts a stream into frames.
class FrameReader {
 public:
  explicit FrameReader(std::size_t max_frame) : max_frame_(max_frame) {}

  struct Frame {
    FrameKind kind{};
    std::span<const std::byte> payload;  // valid until the next call of feed()
  };

  void feed(std::span<const std::byte> bytes);
  // None: more bytes are needed. An error is final: the stream makes no sense any more.
  core::Result<std::optional<Frame>> next();

 private:
  std::size_t max_frame_;
  std::string buffer_;
  std::size_t used_ = 0;
};

}  // namespace sky::events
