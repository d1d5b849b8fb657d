#include "events/message.h"

#include <capnp/serialize.h>
#include <kj/exception.h>
#include <kj/io.h>

#include <cstring>

namespace sky::events {
namespace {

using core::Error;
using core::ErrorCode;

// Nothing in our schema nests deeper than 8; reference measurements used 16.
constexpr int nesting_limit = 16;
// Getters called twice count twice; 4 times the message is ample. Small messages get a floor.
constexpr std::uint64_t traversal_factor = 4;
constexpr std::uint64_t traversal_floor_words = 1024;

}  // namespace

std::string message_bytes(capnp::MessageBuilder& message, std::size_t header_size) {
  const std::size_t size = capnp::computeSerializedSizeInWords(message) * sizeof(capnp::word);
  std::string bytes(header_size + size, '\0');
  kj::ArrayOutputStream out(kj::arrayPtr(reinterpret_cast<kj::byte*>(bytes.data()), bytes.size())
                                .slice(header_size, bytes.size()));
  capnp::writeMessage(out, message);
  return bytes;
}

core::Result<void> read_message(
    std::span<const std::byte> bytes, MessageScratch& scratch, const char* what,
    const std::function<core::Result<void>(capnp::MessageReader&)>& read) {
  if (bytes.size() % sizeof(capnp::word) != 0 || bytes.empty()) {
    return Error{ErrorCode::corrupt, std::string(what) + " has an impossible size"};
  }
  const std::size_t words = bytes.size() / sizeof(capnp::word);
  if (scratch.size() < words) scratch.resize(words);
  std::memcpy(scratch.data(), bytes.data(), bytes.size());
  try {
    capnp::ReaderOptions options;
    options.nestingLimit = nesting_limit;
    options.traversalLimitInWords = traversal_factor * words + traversal_floor_words;
    capnp::FlatArrayMessageReader reader(
        kj::arrayPtr(reinterpret_cast<const capnp::word*>(scratch.data()), words), options);
    return read(reader);
  } catch (const kj::Exception& exception) {
    return Error{ErrorCode::corrupt,
                 std::string(what) + " cannot be decoded: " + exception.getDescription().cStr()};
  }
}

}  // namespace sky::events
