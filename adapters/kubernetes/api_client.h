// The API of one cluster: JSON calls and streams, with our credentials put in.
//
// A call that is refused with 401 is made once more with fresh credentials; nothing else is
// repeated here. Every `done` is called exactly once, later. Loop thread. Destroying the object
// cancels everything and calls nobody.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/http_sender.h"
#include "adapters/kubernetes/credentials.h"
#include "core/failure.h"

namespace sky::adapters::kubernetes {

struct ApiCall {
  std::string method = "GET";
  std::string path = {};  // "/api/v1/...", encoded, with its query
  std::string body = {};
  std::string content_type = "application/json";
  core::Duration timeout = core::seconds(30);  // zero: none
  // A stream: given each piece of a successful answer as it comes, on a connection of its own.
  std::function<void(std::string_view)> on_chunk = {};
};

struct ApiAnswer {
  std::optional<core::Failure> failure;
  std::string body;
};

class ApiClient {
 public:
  using Done = std::function<void(ApiAnswer)>;
  using CallId = std::uint64_t;

  ApiClient(Reactor& reactor, HttpSender& http, Access access, Credentials::Reload reload);
  ~ApiClient();
  ApiClient(const ApiClient&) = delete;
  ApiClient& operator=(const ApiClient&) = delete;

  CallId send(ApiCall call, Done done);
  void cancel(CallId id);  // `done` is not called any more

  // Server-side apply: made, or made to be so. `force`: fields of other writers become ours.
  CallId apply(const std::string& path, std::string object, Done done);

  const Access& access() const { return credentials_.access(); }

 private:
  struct Open {
    ApiCall call;
    Done done;
    bool is_second_try = false;
    HttpSender::RequestId request = 0;  // 0: waits for credentials
    std::string error_body;  // of a stream that was refused
    int status = 0;
  };

  void start(CallId id);
  void send_with(CallId id, const Credentials::Ready& ready);
  void finish(CallId id, HttpResponse response);
  void end(CallId id, ApiAnswer answer);

  HttpSender& http_;
  Credentials credentials_;
  std::map<CallId, Open> open_;
  CallId last_id_ = 0;
  std::shared_ptr<bool> is_alive_;
};

}  // namespace sky::adapters::kubernetes
