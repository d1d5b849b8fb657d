// A TCP port on 127.0.0.1 that no other sandbox machine is given while the lease is held.
//
// The server that will listen on it is another process, so the port itself cannot be kept open.
// The lease is a name in the kernel (an abstract socket) that ends with its process, also after
// SIGKILL. Ports come from 20000-29999: below the range Linux takes for outgoing connections
// (from 32768), below the endpoints' ports (from 30001). One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sky::adapters::sandbox {

class PortLease {
 public:
  // `seed` says where the search begins. None: all are taken.
  static std::optional<PortLease> take(std::string_view seed);

  PortLease(PortLease&& other) noexcept;
  PortLease& operator=(PortLease&&) = delete;
  ~PortLease();

  std::uint16_t port() const { return port_; }

 private:
  PortLease(int fd, std::uint16_t port) : fd_(fd), port_(port) {}

  int fd_;
  std::uint16_t port_;
};

}  // namespace sky::adapters::sandbox
