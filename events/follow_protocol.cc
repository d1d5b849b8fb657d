#include "events/follow_protocol.h"

#include "events/little_endian.h"
#include "events/message.h"
#include "events/wire_report.h"

namespace sky::events {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;

constexpr std::size_t length_size = 4;
constexpr std::size_t id_size = 32;
constexpr std::size_t seq_size = 8;

Error malformed(const char* what) {
  return {ErrorCode::corrupt, std::string("the peer sent a malformed ") + what};
}

struct ReportWriter {
  wire::BalancerReport::Builder to;

  void operator()(const core::BalancerHello& from) { write(to.initBalancerHello(), from); }
  void operator()(const core::EndpointReported& from) { write(to.initEndpointReported(), from); }
  void operator()(const core::TrafficReported& from) { write(to.initTrafficReported(), from); }
  void operator()(const core::ReplicaReported& from) { write(to.initReplicaReported(), from); }
  void operator()(const core::HoldReported& from) { write(to.initHoldReported(), from); }
};

template <class Report, class Reader>
BalancerReport read_one(Reader from) {
  Report report;
  read(from, report);
  return report;
}

std::optional<BalancerReport> read_report(wire::BalancerReport::Reader from) {
  using Wire = wire::BalancerReport;
  switch (from.which()) {
    case Wire::BALANCER_HELLO: return read_one<core::BalancerHello>(from.getBalancerHello());
    case Wire::ENDPOINT_REPORTED:
      return read_one<core::EndpointReported>(from.getEndpointReported());
    case Wire::TRAFFIC_REPORTED: return read_one<core::TrafficReported>(from.getTrafficReported());
    case Wire::REPLICA_REPORTED: return read_one<core::ReplicaReported>(from.getReplicaReported());
    case Wire::HOLD_REPORTED: return read_one<core::HoldReported>(from.getHoldReported());
    case Wire::UNKNOWN: break;
  }
  return std::nullopt;
}

}  // namespace

std::string frame(FrameKind kind, std::string_view payload) {
  std::string bytes(length_size + 1, '\0');
  bytes.reserve(length_size + 1 + payload.size());
  put_little(bytes.data(), static_cast<std::uint32_t>(payload.size() + 1));
  bytes[length_size] = static_cast<char>(kind);
  bytes.append(payload);
  return bytes;
}

std::string request_frame(const FollowRequest& request) {
  std::string payload(seq_size + 1, '\0');
  put_little(payload.data(), request.from.value);
  payload[seq_size] = request.routing_snapshot_first ? 1 : 0;
  return frame(FrameKind::request, payload);
}

Result<FollowRequest> decode_request(std::span<const std::byte> payload) {
  if (payload.size() < seq_size + 1) return malformed("request");  // longer: from a newer follower
  FollowRequest request;
  request.from = core::Seq{get_little<std::uint64_t>(payload)};
  request.routing_snapshot_first = (static_cast<unsigned>(payload[seq_size]) & 1) != 0;
  return request;
}

std::string welcome_frame(const Welcome& welcome) {
  std::string payload(2 * seq_size, '\0');
  put_little(payload.data(), welcome.epoch);
  put_little(payload.data() + seq_size, welcome.durable.value);
  return frame(FrameKind::welcome, payload + welcome.log_id);
}

Result<Welcome> decode_welcome(std::span<const std::byte> payload) {
  if (payload.size() < 2 * seq_size + id_size) return malformed("welcome");
  Welcome welcome;
  welcome.epoch = get_little<std::uint64_t>(payload);
  welcome.durable = core::Seq{get_little<std::uint64_t>(payload.subspan(seq_size))};
  const auto id = payload.subspan(2 * seq_size, id_size);
  welcome.log_id.assign(reinterpret_cast<const char*>(id.data()), id.size());
  return welcome;
}

std::string seq_frame(FrameKind kind, core::Seq seq) {
  std::string payload(seq_size, '\0');
  put_little(payload.data(), seq.value);
  return frame(kind, payload);
}

Result<core::Seq> decode_seq(std::span<const std::byte> payload) {
  if (payload.size() < seq_size) return malformed("sequence");
  return core::Seq{get_little<std::uint64_t>(payload)};
}

std::string report_frame(const BalancerReport& report) {
  capnp::MallocMessageBuilder message;
  std::visit(ReportWriter{message.initRoot<wire::BalancerReport>()}, report);
  return frame(FrameKind::report, message_bytes(message, 0));
}

Result<std::optional<BalancerReport>> decode_report(std::span<const std::byte> payload) {
  std::optional<BalancerReport> report;
  MessageScratch scratch;
  const auto decoded = read_message(payload, scratch, "a balancer's report",
                                    [&report](capnp::MessageReader& message) -> Result<void> {
                                      report = read_report(message.getRoot<wire::BalancerReport>());
                                      return {};
                                    });
  if (!decoded) return decoded.error();
  return report;
}

void FrameReader::feed(std::span<const std::byte> bytes) {
  buffer_.erase(0, used_);
  used_ = 0;
  buffer_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

Result<std::optional<FrameReader::Frame>> FrameReader::next() {
  const auto rest = as_bytes(buffer_).subspan(used_);
  if (rest.size() < length_size) return std::optional<Frame>();
  const std::size_t length = get_little<std::uint32_t>(rest);
  if (length == 0 || length > max_frame_) return malformed("frame");
  if (rest.size() < length_size + length) return std::optional<Frame>();
  used_ += length_size + length;
  return std::optional(
      Frame{static_cast<FrameKind>(rest[length_size]), rest.subspan(length_size + 1, length - 1)});
}

}  // namespace sky::events
