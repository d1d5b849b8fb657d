// From a host and port to an address: at once for a numeric host, through the resolver for a name.
//
// Loop thread. One lookup at a time; starting again or destroying it forgets the earlier one.
#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace sky::lb {

std::optional<sockaddr_storage> numeric_address(const std::string& host, std::uint16_t port);

class NameLookup {
 public:
  using Done = std::function<void(std::optional<sockaddr_storage>)>;

  NameLookup() = default;
  ~NameLookup() { cancel(); }
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;

  // `done` is called later, never from within; not at all after cancel().
  void start(uv_loop_t* loop, const std::string& host, std::uint16_t port, Done done);
  void cancel();
  bool is_running() const { return request_ != nullptr; }

 private:
  struct Request;
  Request* request_ = nullptr;  // frees itself when the resolver is through with it
};

}  // namespace sky::lb
