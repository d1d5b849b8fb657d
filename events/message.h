// One Cap'n Proto message as bytes: the boundary where kj::Exception ends. Private to events.
//
// Reading copies into an aligned buffer (stored bytes have any alignment, and Cap'n Proto throws
// on a misaligned one) and is limited in depth and volume, because the bytes may be damaged or
// hostile. Errors: `corrupt`.
#pragma once

#include <capnp/message.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"

namespace sky::events {

using MessageScratch = std::vector<std::uint64_t>;

// The message after `header_size` zero bytes, which the caller fills in.
std::string message_bytes(capnp::MessageBuilder& message, std::size_t header_size);

// Calls `read`; a kj::Exception from it becomes an Error. `what` names the bytes: "commit 17".
core::Result<void> read_message(
    std::span<const std::byte> bytes, MessageScratch& scratch, const char* what,
    const std::function<core::Result<void>(capnp::MessageReader&)>& read);

}  // namespace sky::events
