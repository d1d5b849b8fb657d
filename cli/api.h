// The daemon's API: HTTP and JSON on a 0600 unix socket, so that `curl --unix-socket` works.
//
//   GET  /v1/health                          version, pid, log id, newest sequence
//   GET  /v1/status?service=&verbose=1&color=1&format=text|json|endpoint
//   GET  /v1/logs?service=&replica=&tail=&cursor=   where that replica's output is, or the text
//   GET  /v1/offers                          what the real clouds sell: cli/offers.h
//   GET  /v1/check?cloud=                    cli/cloud_check.h
//   POST /v1/up, /v1/update                  cli/service_request.h
//   POST /v1/down      {"service"}
//   POST /v1/preempt   {"service","replicas","zone","storm"}
//   POST /v1/stop      ends the daemon; services go on
//   GET  /metrics                            Prometheus text, the endpoint process's included
// and those of the log itself: cli/log_api.h.
//
// Errors are {"error": TEXT} with 400, 404, 409, 422 or 500. Nothing is answered before the events
// it shows or caused are durable. An order (up, update, down, preempt) may carry a header
// `Idempotency-Key` of its asker's making: sent again with it, also to the next daemon, it is
// answered as it was and done once. Loop thread.
#pragma once

#include <functional>
#include <string>

#include "adapters/http_client.h"
#include "adapters/secret_store.h"
#include "cli/controller.h"
#include "cli/home.h"
#include "cli/http_router.h"
#include "cli/real_clouds.h"

namespace sky::cli {

struct ApiContext {
  const Home& home;
  Controller& controller;
  adapters::SecretStore& secrets;
  adapters::HttpClient& http;  // asks the balancer for its metrics
  const RealClouds& clouds;
  std::function<core::Stamp()> now;
  std::function<std::size_t()> backlog;  // events that are not durable yet
  std::function<void()> stop;  // lets the answer out first
};

// Adds every route. The context outlives the router.
void add_api_routes(HttpRouter& router, ApiContext& context);

}  // namespace sky::cli
