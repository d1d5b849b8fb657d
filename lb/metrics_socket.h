// Answers `GET /metrics` on a unix socket (0600): the daemon adds it to its own.
//
// One request per connection, a few connections at a time. Loop thread.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "adapters/unix_socket.h"
#include "core/result.h"
#include "lb/http_parser.h"

namespace sky::lb {

class MetricsSocket {
 public:
  MetricsSocket(adapters::Reactor& reactor, std::function<std::string()> metrics_text);
  ~MetricsSocket();

  core::Result<void> listen(const std::filesystem::path& path);
  void close();

 private:
  class Connection;
  void on_connection(std::unique_ptr<adapters::UnixSocket> socket);
  void sweep();

  static constexpr std::size_t max_connections = 16;  // more are closed at once

  adapters::Reactor& reactor_;
  std::function<std::string()> metrics_text_;
  adapters::UnixListener listener_;
  std::map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::uint64_t next_connection_ = 0;
  adapters::Timer sweeper_;
};

}  // namespace sky::lb
