// What an HTTP request and its outcome are, and the interface of whoever sends one: the client of
// http_client.h, or a simulated network.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/time.h"

namespace sky::adapters {

enum class HttpError : std::uint8_t {
  none,  // a whole answer came, whatever its status
  invalid,  // the request cannot be made: bad url
  resolve,  // no address for the name
  connect,  // refused, unreachable, TLS failed
  timeout,  // before the whole answer was there
  cut,  // the connection ended in the middle
  garbled,  // the answer is not HTTP
  too_large,  // more body than max_body_bytes
  overloaded,  // max_queued requests wait already
  cancelled,  // by cancel()
};
const char* to_text(HttpError error);  // "refused or unreachable", ...

// How an https server is proven, and we to it. Texts are PEM and never touch the disk.
struct HttpTls {
  std::string ca;  // empty: the system's authorities
  std::string certificate;  // of the client; empty: none
  std::string key;
  bool verify = true;
  bool operator==(const HttpTls&) const = default;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::string> headers;  // "Name: value"
  std::string body;  // sent unless the method is GET or HEAD and it is empty
  core::Duration connect_timeout = core::seconds(5);
  core::Duration timeout = core::seconds(30);  // zero: none (a stream that follows something)
  std::filesystem::path unix_socket;  // empty: TCP to the url's host
  std::shared_ptr<const HttpTls> tls;  // none: the system's authorities, no certificate
  std::string connect_to;  // "HOST:PORT" in place of the url's, which stays the name that is proven
  std::string proxy;  // "http://HOST:PORT"; empty: none, whatever the environment says
  std::size_t max_body_bytes = std::size_t{16} << 20;
  bool keep_reading_past_limit = false;  // true: the rest is thrown away instead of too_large
  bool fresh_connection = false;  // a connection of its own, closed afterwards
  // Given each piece as it comes; the response's body then stays empty and is not limited.
  std::function<void(std::string_view)> on_chunk;
  std::function<void(int status)> on_status;  // before the first chunk
};

struct HttpResponse {
  int status = 0;  // 0: no answer
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  core::Duration total{0};
  core::Duration first_byte{0};  // zero: none came
  HttpError error = HttpError::none;
  std::string error_text;  // one clause for people
  bool was_sent = false;  // the request may have reached the server

  bool is_ok() const { return error == HttpError::none && status >= 200 && status < 300; }
  std::string header(std::string_view lower_case_name) const;  // "" when absent
};

// Loop thread. Every `done` is called exactly once, later, never from inside send().
class HttpSender {
 public:
  using Done = std::function<void(HttpResponse)>;
  using RequestId = std::uint64_t;

  virtual ~HttpSender() = default;

  virtual RequestId send(HttpRequest request, Done done) = 0;
  virtual void cancel(RequestId id) = 0;  // done answers `cancelled`; nothing when it has answered
};

}  // namespace sky::adapters
