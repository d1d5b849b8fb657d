// Stream sockets in the file system: a listener, and one connection of either side.
//
// Sockets are made 0600; only our own user (or root) is let in. Loop thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/byte_stream.h"
#include "adapters/reactor.h"
#include "core/result.h"

namespace sky::adapters {

class UnixSocket final : public ByteStream {
 public:
  // More than this waiting to be sent is a peer that does not read: the connection is given up.
  // One largest frame of the follow protocol (16 MiB) and what may wait before it.
  static constexpr std::size_t max_backlog_bytes = std::size_t{20} << 20;

  explicit UnixSocket(Reactor& reactor);
  ~UnixSocket() override;
  UnixSocket(const UnixSocket&) = delete;
  UnixSocket& operator=(const UnixSocket&) = delete;

  // `done` is called once, later. On success call start().
  void connect(const std::filesystem::path& path, std::function<void(core::Result<void>)> done);
  void start(OnData on_data, OnClosed on_closed) override;

  void write(std::string bytes) override;
  std::size_t backlog_bytes() const override { return backlog_; }
  void when_below(std::size_t low_water, OnDrained on_drained) override;

  void close() override;
  void close_when_sent() override;
  bool is_open() const override { return is_open_; }

  Peer peer() const override;

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

// `reactor` outlives the dial and what it dialled.
Dial dial_unix(Reactor& reactor, std::filesystem::path path);

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
