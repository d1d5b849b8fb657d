// A commit with a right header around any message: what another version could have written.
#pragma once

#include <string>

#include "events/codec.h"
#include "events/crc32c.h"
#include "events/little_endian.h"
#include "events/message.h"

namespace sky::events {

inline std::string commit_of(capnp::MessageBuilder& message, std::uint32_t chain_before = 0) {
  std::string bytes = message_bytes(message, 16);
  const auto payload = as_bytes(bytes).subspan(16);
  put_little(bytes.data(), std::uint32_t{0x31434b53});
  put_little(bytes.data() + 4, chain_before);
  const auto before = crc32c(0, as_bytes(bytes).subspan(4, 4));
  put_little(bytes.data() + chain_offset, crc32c(before, payload));
  put_little(bytes.data() + 12, static_cast<std::uint32_t>(payload.size()));
  return bytes;
}

}  // namespace sky::events
