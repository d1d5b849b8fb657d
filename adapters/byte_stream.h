// One connection of either side that carries bytes in order, as its user sees it: a unix socket
// (unix_socket.h), or a simulated wire.
//
// Loop thread. Nothing is called back from inside a call. A connection must not be destroyed inside
// its on_data; call close() there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "core/result.h"

namespace sky::adapters {

struct Peer {
  std::int64_t pid = 0;
  std::int64_t uid = -1;
};

class ByteStream {
 public:
  using OnData = std::function<void(std::span<const std::byte>)>;
  using OnClosed = std::function<void(const std::string& reason)>;  // the other side, or an error
  using OnDrained = std::function<void()>;

  virtual ~ByteStream() = default;

  virtual void start(OnData on_data, OnClosed on_closed) = 0;

  virtual void write(std::string bytes) = 0;
  virtual std::size_t backlog_bytes() const = 0;  // written, and not gone yet
  // Called after each finished write that leaves less than `low_water` to send.
  virtual void when_below(std::size_t low_water, OnDrained on_drained) = 0;

  // Ends it silently: no callback runs any more.
  virtual void close() = 0;
  // Like close(), after what was written has gone.
  virtual void close_when_sent() = 0;
  virtual bool is_open() const = 0;

  virtual Peer peer() const = 0;
};

// Begins to connect. `done` is called once, later; on success call start().
using Dial =
    std::function<std::unique_ptr<ByteStream>(std::function<void(core::Result<void>)> done)>;

}  // namespace sky::adapters
