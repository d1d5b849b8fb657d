// `skyctl load`: an open-loop load generator for HTTP services, the seed's query generator.
//
// Arrivals follow their own clock, at even spacing or as a Poisson process, and wait for no
// answer: a slow service sees the same load as a fast one. It ends by itself. Latencies are of
// requests that went well; everything else is counted by its cause.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/result.h"
#include "core/time.h"

namespace sky::cli {

struct LoadOptions {
  std::string url;  // "http://127.0.0.1:30001"; the path below is added when it has none
  double qps = 1;
  core::Duration duration = core::seconds(60);
  bool is_poisson = false;
  std::uint64_t seed = 1;  // of the Poisson process

  std::string method = "POST";
  std::string path = "/v1/chat/completions";
  std::string body;  // empty: a chat completion made of the four members below
  std::string model = "llama3";
  std::string prompt = "Who are you?";
  bool is_stream = false;  // asks for server-sent events, and expects them to end with [DONE]
  std::uint32_t max_tokens = 0;  // 0: not sent

  core::Duration timeout = core::seconds(60);  // of one request
  std::size_t max_in_flight = 1000;  // above it a request is counted as not sent
  bool allows_failures = false;  // exit status 0 although some failed
  bool is_json = false;  // the report as one JSON object
};

inline constexpr double max_load_qps = 100'000;  // more than one loop sends
inline constexpr core::Duration max_load_duration = core::seconds(24 * 60 * 60);
inline constexpr double max_load_requests = 20e6;  // 16 bytes each are kept for the percentiles

// Errors: usage, naming the option.
core::Result<void> validate(const LoadOptions& options);

// Runs it: progress on standard error when that is a terminal, the report on standard output.
// The first Ctrl-C stops the arrivals and reports. Returns 0 when every request went well, 1 when
// one failed or was not sent, 2 when the options are wrong.
int run_load(const LoadOptions& options);

}  // namespace sky::cli
