#include "test/cli/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <utility>

#include "core/check.h"

namespace sky::test {
namespace {

constexpr int patience_ms = 5000;

int connected(const sockaddr* address, socklen_t size) {
  const int descriptor = ::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  SKY_CHECK(descriptor >= 0, "a test can make a socket");
  SKY_CHECK(::connect(descriptor, address, size) == 0, "the server under test listens");
  return descriptor;
}

}  // namespace

RawClient RawClient::to_port(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return RawClient(connected(reinterpret_cast<sockaddr*>(&address), sizeof address));
}

RawClient RawClient::to_socket(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.native().copy(address.sun_path, sizeof address.sun_path - 1);
  return RawClient(connected(reinterpret_cast<sockaddr*>(&address), sizeof address));
}

RawClient::~RawClient() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

RawClient::RawClient(RawClient&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), received_(std::move(other.received_)) {}

RawClient& RawClient::operator=(RawClient&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(received_, other.received_);
  return *this;
}

void RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the peer closed: the test looks at what it answered
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool RawClient::read_more() {
  pollfd waiting{descriptor_, POLLIN, 0};
  if (::poll(&waiting, 1, patience_ms) <= 0) {
    received_ += "(timeout)";
    return false;
  }
  char buffer[16 * 1024];
  const ssize_t size = ::recv(descriptor_, buffer, sizeof buffer, 0);
  if (size <= 0) return false;
  received_.append(buffer, static_cast<std::size_t>(size));
  return true;
}

std::string RawClient::read_until(std::string_view end) {
  while (received_.find(end) == std::string::npos)
    if (!read_more()) return std::exchange(received_, {});
  const std::size_t size = received_.find(end) + end.size();
  std::string text = received_.substr(0, size);
  received_.erase(0, size);
  return text;
}

std::string RawClient::read_to_end() {
  while (read_more()) {
  }
  return std::exchange(received_, {});
}

}  // namespace sky::test
