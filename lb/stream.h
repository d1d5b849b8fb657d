// One TCP connection, accepted or opened: reads into the loop's shared buffer, writes at once and
// queues only what the kernel did not take.
//
// Knows nothing of HTTP. With a session it speaks TLS, and its owner does not notice. Loop thread.
// After close() no callback comes. The owner bounds the queue: it looks at queued_bytes() and stops
// producing.
#pragma once

#include <uv.h>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/uv_handle.h"
#include "lb/tls.h"

namespace sky::lb {

// One per loop: a read is used up before the next one starts, so one buffer serves everybody.
// 64 KiB measured against 16 KiB: half the CPU per large body.
using ReadBuffer = std::array<char, std::size_t{64} * 1024>;

class StreamEvents {
 public:
  virtual ~StreamEvents() = default;
  virtual void on_connected(int status) = 0;  // libuv's status; never after accept()
  virtual void on_read(std::string_view bytes) = 0;  // a view into the read buffer
  virtual void on_end(int status) = 0;  // 0: the peer sends no more; else broken
  virtual void on_flushed() = 0;  // all that was queued is with the kernel
};

class Stream {
 public:
  Stream(uv_loop_t* loop, ReadBuffer& buffer, StreamEvents& events)
      : loop_(loop), buffer_(buffer), events_(events) {}

  // Each returns 0 or libuv's error.
  int accept(uv_stream_t* listener, std::unique_ptr<TlsSession> session);  // none: in the clear
  int connect(const sockaddr& address);  // -> on_connected
  int write(std::string_view bytes);  // an error leaves nothing more to expect: close
  void set_reading(bool reading);
  void end_writing();  // FIN behind what is queued
  void close();
  void close_with_reset();  // the peer must not take what it has for all there is

  bool is_open() const { return handle_.has_value(); }
  bool is_secure() const { return session_ != nullptr; }
  bool is_reading() const { return reading_; }
  std::size_t queued_bytes() const { return queued_bytes_; }
  bool peer_has_closed() const;  // asks the kernel; also true for unread input
  std::string peer_ip() const;

 private:
  struct PendingWrite;
  int open();
  int write_raw(std::string_view bytes);
  int flush_session();
  void on_encrypted(std::string_view bytes);
  int queue(std::string_view bytes);
  void wrote(std::size_t size, int status);

  uv_loop_t* loop_;
  ReadBuffer& buffer_;
  StreamEvents& events_;
  std::optional<adapters::UvHandle<uv_tcp_t>> handle_;  // none: closed
  std::unique_ptr<TlsSession> session_;
  std::size_t queued_bytes_ = 0;
  bool reading_ = false;
};

}  // namespace sky::lb
