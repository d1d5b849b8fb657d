#include "adapters/sandbox/port_lease.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

namespace sky::adapters::sandbox {
namespace {

constexpr std::uint32_t first_port = 20000;
constexpr std::uint32_t port_count = 10000;

// FNV-1a: spreads the machines over the range, nothing more.
std::uint32_t spread(std::string_view seed) {
  std::uint32_t hash = 2166136261U;
  for (const char byte : seed) hash = (hash ^ static_cast<unsigned char>(byte)) * 16777619U;
  return hash;
}

bool is_free(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_ANY);  // collides with a listener on any address
  const bool bound =
      fd >= 0 && bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  if (fd >= 0) close(fd);
  return bound;
}

int claim(std::uint16_t port) {
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const std::string name = "skyctl-sandbox-port-" + std::to_string(port);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());  // a leading zero: abstract
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (fd >= 0 && bind(fd, reinterpret_cast<sockaddr*>(&address), length) == 0) return fd;
  if (fd >= 0) close(fd);
  return -1;
}

}  // namespace

std::optional<PortLease> PortLease::take(std::string_view seed) {
  const std::uint32_t begin = spread(seed);
  for (std::uint32_t i = 0; i < port_count; ++i) {
    const auto port =
        static_cast<std::uint16_t>(first_port + (begin % port_count + i) % port_count);
    const int fd = claim(port);
    if (fd < 0) continue;
    if (is_free(port)) return PortLease(fd, port);
    close(fd);
  }
  return std::nullopt;
}

PortLease::PortLease(PortLease&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), port_(other.port_) {}

PortLease::~PortLease() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace sky::adapters::sandbox
