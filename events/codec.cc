#include "events/codec.h"

#include <cstring>

#include "core/check.h"
#include "events/crc32c.h"
#include "events/little_endian.h"
#include "events/message.h"
#include "events/wire.h"

namespace sky::events {
namespace {

using core::Error;
using core::ErrorCode;

// Commit header, 16 bytes, little-endian: mark, chain before, chain, payload size.
constexpr std::size_t header_size = 16;
constexpr std::uint32_t commit_mark = 0x31434b53;  // "SKC1": header and payload form 1
constexpr std::size_t words_per_event = 32;  // 204 bytes is the measured mean

std::uint32_t chain_value(std::uint32_t chain_before, std::span<const std::byte> payload) {
  char before[4];
  put_little(before, chain_before);
  return crc32c(crc32c(0, as_bytes(before, sizeof before)), payload);
}

core::Result<void> read_commit(wire::Commit::Reader from, Commit& to) {
  const auto events = from.getEvents();
  if (events.size() == 0 || events.size() > max_events_per_commit || from.getFirstSeq() == 0) {
    return Error{ErrorCode::corrupt, "a commit has no events, too many, or no sequence"};
  }
  to.epoch = from.getEpoch();
  to.schema = from.getSchema();
  to.events.resize(events.size());
  std::uint64_t seq = from.getFirstSeq();
  auto event = to.events.begin();
  for (const auto element : events) {
    event->seq = core::Seq{seq++};
    read(element, *event++);
  }
  return {};
}

}  // namespace

std::string encode_commit(std::uint64_t epoch, std::uint32_t chain_before,
                          std::span<const core::Event> events) {
  SKY_CHECK(!events.empty() && events.size() <= max_events_per_commit,
            "a commit holds 1 to max_events_per_commit events");
  capnp::MallocMessageBuilder message(static_cast<unsigned>(64 + words_per_event * events.size()));
  auto commit = message.initRoot<wire::Commit>();
  commit.setFirstSeq(events.front().seq.value);
  commit.setEpoch(epoch);
  commit.setSchema(schema_version);
  auto list = commit.initEvents(count(events));
  unsigned index = 0;
  for (const core::Event& event : events) {
    SKY_CHECK(event.seq.value == events.front().seq.value + index, "sequences are dense");
    write(list[index++], event);
  }
  std::string bytes = message_bytes(message, header_size);
  const auto payload = as_bytes(bytes).subspan(header_size);
  put_little(bytes.data(), commit_mark);
  put_little(bytes.data() + 4, chain_before);
  put_little(bytes.data() + chain_offset, chain_value(chain_before, payload));
  put_little(bytes.data() + 12, static_cast<std::uint32_t>(payload.size()));
  return bytes;
}

core::Result<void> CommitDecoder::decode(std::span<const std::byte> bytes, Commit& commit) {
  if (bytes.size() < header_size) return Error{ErrorCode::corrupt, "a commit is cut short"};
  const auto mark = get_little<std::uint32_t>(bytes);
  if (mark != commit_mark) {
    // "SKC" and a higher digit is a form of the future; anything else is damage.
    const bool is_future = (mark ^ commit_mark) >> 24 != 0 && ((mark ^ commit_mark) << 8) == 0 &&
                           (mark >> 24) > '1' && (mark >> 24) <= '9';
    return is_future ? Error{ErrorCode::too_new,
                             "a commit is in a newer form than this version "
                             "knows; use the newer skyctl"}
                     : Error{ErrorCode::corrupt, "a commit does not begin with its mark"};
  }
  commit.chain_before = get_little<std::uint32_t>(bytes.subspan(4));
  commit.chain = get_little<std::uint32_t>(bytes.subspan(chain_offset));
  const auto payload = bytes.subspan(header_size);
  if (get_little<std::uint32_t>(bytes.subspan(12)) != payload.size() ||
      payload.size() > max_encoded_bytes) {
    return Error{ErrorCode::corrupt, "a commit has another size than it says"};
  }
  if (chain_value(commit.chain_before, payload) != commit.chain) {
    return Error{ErrorCode::corrupt, "a commit's checksum does not match its bytes"};
  }
  return read_message(payload, scratch_, "a commit", [&commit](capnp::MessageReader& message) {
    return read_commit(message.getRoot<wire::Commit>(), commit);
  });
}

core::Result<Commit> decode_commit(std::span<const std::byte> bytes) {
  Commit commit;
  const auto decoded = CommitDecoder().decode(bytes, commit);
  if (!decoded) return decoded.error();
  return commit;
}

std::size_t approximate_bytes(const core::Event& event) {
  constexpr std::size_t fixed = 320;  // header, list entry and the widest body, without texts
  constexpr std::size_t per_offer = 512;  // an offer or candidate with names of usual length
  constexpr std::size_t per_load = 16;
  return fixed + event.service.size() +
         std::visit(
             [&event](const auto& body) -> std::size_t {
               std::size_t size = 0;
               if constexpr (requires { body.spec; }) {
                 size += encode_commit(0, 0, {&event, 1}).size();
               }
               if constexpr (requires { body.candidates; }) {
                 size += per_offer * body.candidates.size();
               }
               if constexpr (requires { body.replicas; }) size += per_load * body.replicas.size();
               if constexpr (requires { body.failure.text.size(); })
                 size += body.failure.text.size();
               if constexpr (requires { body.text.size(); }) size += body.text.size();
               if constexpr (requires { body.reason.size(); }) size += body.reason.size();
               if constexpr (requires { body.error.size(); }) size += body.error.size();
               if constexpr (requires { body.detail.size(); }) size += body.detail.size();
               return size;
             },
             event.body);
}

std::string encode_routing(const core::RoutingSnapshot& table) {
  capnp::MallocMessageBuilder message;
  write(message.initRoot<wire::RoutingSnapshot>(), table);
  std::string bytes = message_bytes(message, sizeof(std::uint32_t));
  put_little(bytes.data(), crc32c(0, as_bytes(bytes).subspan(sizeof(std::uint32_t))));
  return bytes;
}

core::Result<core::RoutingSnapshot> decode_routing(std::span<const std::byte> bytes) {
  constexpr std::size_t checksum_size = sizeof(std::uint32_t);
  if (bytes.size() < checksum_size ||
      crc32c(0, bytes.subspan(checksum_size)) != get_little<std::uint32_t>(bytes)) {
    return Error{ErrorCode::corrupt, "the routing table's checksum does not match its bytes"};
  }
  core::RoutingSnapshot table;
  MessageScratch scratch;
  const auto decoded = read_message(bytes.subspan(checksum_size), scratch, "the routing table",
                                    [&table](capnp::MessageReader& message) -> core::Result<void> {
                                      read(message.getRoot<wire::RoutingSnapshot>(), table);
                                      return {};
                                    });
  if (!decoded) return decoded.error();
  return table;
}

}  // namespace sky::events
