// The stand-in model server on a reactor: routes, admission, and the pace of the answers.
//
// At most max_concurrent answers are generated at once; the next max_queued wait in order; beyond
// that 429. A client that vanishes gives its place back at once. Loop thread.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <random>

#include "adapters/reactor.h"
#include "cli/demo_llm.h"
#include "cli/demo_llm_completion.h"
#include "cli/http_router.h"
#include "cli/http_server.h"

namespace sky::cli {

class DemoLlmServer {
 public:
  // Listens at once. Errors: those of HttpServer::listen_tcp.
  DemoLlmServer(adapters::Reactor& reactor, const DemoLlmOptions& options);
  ~DemoLlmServer();
  core::Result<void> listen();

  std::uint16_t port() const { return server_.port(); }
  // Takes no new client; is_idle() once the rest have their answers.
  void drain() { server_.drain(); }
  bool is_idle() const { return server_.connection_count() == 0; }

 private:
  struct Generation;  // one answer, waiting or under way

  void add_routes();
  void answer_health(const Responder& to) const;
  void take(CompletionKind kind, const HttpRequest& request, const Responder& to);
  void start_waiting();
  void start(Generation& generation);
  void step(Generation& generation);
  void finish(std::uint64_t number);
  core::Duration varied(core::Duration usual);

  adapters::Reactor& reactor_;
  DemoLlmOptions options_;
  HttpRouter router_;
  std::mt19937_64 random_;
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, std::unique_ptr<Generation>> generations_;
  std::deque<std::uint64_t> waiting_;  // numbers, in the order they came
  HttpServer server_;
};

}  // namespace sky::cli
