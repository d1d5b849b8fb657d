#include "lb/name_lookup.h"

#include <cstring>
#include <memory>
#include <utility>

namespace sky::lb {

struct NameLookup::Request {
  uv_getaddrinfo_t request;
  NameLookup* owner = nullptr;  // none: cancelled
  Done done;
};

std::optional<sockaddr_storage> numeric_address(const std::string& host, std::uint16_t port) {
  sockaddr_storage address{};
  if (uv_ip4_addr(host.c_str(), port, reinterpret_cast<sockaddr_in*>(&address)) == 0 ||
      uv_ip6_addr(host.c_str(), port, reinterpret_cast<sockaddr_in6*>(&address)) == 0) {
    return address;
  }
  return std::nullopt;
}

void NameLookup::start(uv_loop_t* loop, const std::string& host, std::uint16_t port, Done done) {
  cancel();
  auto made = std::make_unique<Request>();
  made->owner = this;
  made->done = std::move(done);
  made->request.data = made.get();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  const auto finished = [](uv_getaddrinfo_t* request, int status, addrinfo* found) {
    const std::unique_ptr<Request> self(static_cast<Request*>(request->data));
    std::optional<sockaddr_storage> address;
    if (status == 0 && found != nullptr) {
      address.emplace();
      std::memcpy(&*address, found->ai_addr, found->ai_addrlen);
    }
    uv_freeaddrinfo(found);
    if (self->owner == nullptr) return;
    self->owner->request_ = nullptr;
    self->done(address);
  };
  const int status = uv_getaddrinfo(loop, &made->request, finished, host.c_str(),
                                    std::to_string(port).c_str(), &hints);
  if (status == 0) request_ = made.release();
}

void NameLookup::cancel() {
  Request* request = std::exchange(request_, nullptr);
  if (request == nullptr) return;
  request->owner = nullptr;
  uv_cancel(reinterpret_cast<uv_req_t*>(&request->request));
}

}  // namespace sky::lb
