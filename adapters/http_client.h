// An HTTP client on the loop: libcurl's multi interface driven by libuv.
//
// Many requests at once over kept connections; redirects are not followed (a request may carry
// credentials), proxies of the environment are ignored. It retries nothing and judges no status.
// Loop thread only. The destructor cancels everything and calls nobody. It must not be destroyed
// from its own callback.
#pragma once

#include <cstddef>
#include <memory>

#include "adapters/http_sender.h"
#include "adapters/reactor.h"

namespace sky::adapters {

class HttpClient final : public HttpSender {
 public:
  struct Options {
    std::size_t max_in_flight = 1024;  // a guess: also the most connections held open
    std::size_t max_queued = 65536;  // waiting for one of those
  };

  explicit HttpClient(Reactor& reactor) : HttpClient(reactor, Options{}) {}
  HttpClient(Reactor& reactor, Options options);
  ~HttpClient() override;
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  RequestId send(HttpRequest request, Done done) override;
  void cancel(RequestId id) override;

  std::size_t in_flight() const;  // started and not answered
  std::size_t queued() const;

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace sky::adapters
