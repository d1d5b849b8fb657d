// `skyctl demo-llm`: a stand-in for a model server, to try the system without a GPU.
//
// Speaks the part of OpenAI's HTTP API that a service's clients and probes use, with a model's
// timing: a time to the first token, a time per token, a limit on requests at once and a bounded
// queue. What it answers says that it is a stand-in. It is no model and gives no good advice.
#pragma once

#include <cstdint>
#include <string>

#include "core/time.h"

namespace sky::cli {

struct DemoLlmOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;
  std::string model = "llama3";  // requests for another are answered 404; empty: any is served
  core::Duration first_token = core::milliseconds(200);
  core::Duration per_token = core::milliseconds(20);
  std::uint32_t tokens = 40;  // of an answer that is not cut by max_tokens
  std::uint32_t max_concurrent = 16;  // requests generated at once
  std::uint32_t max_queued = 64;  // waiting for one of those; beyond: 429
  std::uint32_t jitter_percent = 10;  // each time above varies by up to this much
  std::uint64_t seed = 1;  // of that variation
  core::Duration startup_delay{0};  // "loading the model": nobody listens before
};

// Serves until SIGTERM or SIGINT, then finishes what it began. Returns the exit status; says on
// standard error why it could not start.
int run_demo_llm(const DemoLlmOptions& options);

}  // namespace sky::cli
