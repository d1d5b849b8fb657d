// Stream sockets in the file system: a listener, and one connection of either side.
//
// Sockets are made 0600; only our own user (or root) is let in. Loop thread. Nothing is called back
// from inside a call. A connection must not be destroyed inside its on_data; call close() there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "adapters/reactor.h"
#include "core/result.h"

namespace sky::adapters {

struct Peer {
  std::int64_t pid = 0;
  std::int64_t uid = -1;
};

class UnixSocket {
 public:
  using OnData = std::function<void(std::span<const std::byte>)>;
  using OnClosed = std::function<void(const std::string& reason)>;  // the other side, or an error
  using OnDrained = std::function<void()>;

  // More than this waiting to be sent is a peer that does not read: the connection is given up.
  // One largest frame of the follow protocol (16 MiB) and what may wait before it.
  static constexpr std::size_t max_backlog_bytes = std::size_t{20} << 20;

  explicit UnixSocket(Reactor& reactor);
  ~UnixSocket();
  UnixSocket(const UnixSocket&) = delete;
  UnixSocket& operator=(const UnixSocket&) = delete;

  // `done` is called once, later. On success call start().
  void connect(const std::filesystem::path& path, std::function<void(core::Result<void>)> done);
  void start(OnData on_data, OnClosed on_closed);

  void write(std::string bytes);
  std::size_t backlog_bytes() const { return backlog_; }
  // Called after each finished write that leaves less than `low_water` to send.
  void when_below(std::size_t low_water, OnDrained on_drained);

  // Ends it silently: no callback runs any more.
  void close();
  // Like close(), after what was written has gone.
  void close_when_sent();
  bool is_open() const { return is_open_; }

  Peer peer() const;

 private:
  friend class UnixListener;
  struct Write;
  struct Connect;

  void read(std::ptrdiff_t count, const uv_buf_t* buffer);
  void written(std::size_t size, int status);
  void give_up();
  void fail(const std::string& reason);

  UvHandle<uv_pipe_t> pipe_;
  std::vector<char> input_;
  std::function<void(core::Result<void>)> on_connected_;
  OnData on_data_;
  OnClosed on_closed_;
  OnDrained on_drained_;
  std::size_t low_water_ = 0;
  std::size_t backlog_ = 0;
  bool is_open_ = false;
  bool closes_when_sent_ = false;
  bool gave_up_ = false;
};

class UnixListener {
 public:
  using OnConnection = std::function<void(std::unique_ptr<UnixSocket>)>;

  explicit UnixListener(Reactor& reactor) : reactor_(reactor) {}

  // Takes the place of a socket file that nobody answers on. Errors: address_in_use (somebody
  // does), permission, invalid_input (the path is too long for a socket), io.
  core::Result<void> listen(const std::filesystem::path& path, OnConnection on_connection);
  void close() { pipe_.reset(); }

 private:
  void accept();

  Reactor& reactor_;
  UvHandle<uv_pipe_t> pipe_;
  OnConnection on_connection_;
};

}  // namespace sky::adapters
