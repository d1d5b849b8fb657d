// Requests to the stand-in model server and its answers, as JSON in OpenAI's shapes. Pure.
//
// Not here: time, queueing and sockets (demo_llm_server.h). What a request leaves out gets
// OpenAI's default; what it gets wrong is refused with a text that names the member.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cli/http_message.h"
#include "core/result.h"

namespace sky::cli {

enum class CompletionKind { chat, text };  // /v1/chat/completions, /v1/completions

struct CompletionRequest {
  CompletionKind kind = CompletionKind::chat;
  std::string model;
  bool is_stream = false;
  bool wants_usage_chunk = false;  // stream_options.include_usage
  std::uint32_t max_tokens = 0;  // 0: not limited
  std::uint32_t prompt_tokens = 0;
};

// One answer: which, how long, and what it says.
struct Completion {
  CompletionRequest request;
  std::string id;
  std::int64_t created = 0;  // seconds since 1970
  std::uint32_t tokens = 0;
  bool is_cut = false;  // by max_tokens
};

// Errors: invalid_input.
core::Result<CompletionRequest> parse_completion_request(CompletionKind kind,
                                                         std::string_view body);

// Token number `index` of what the stand-in for `model` says; a token is one word here.
std::string completion_token(std::string_view model, std::uint32_t index);

std::string whole_completion(const Completion& completion);
// The events of a streamed answer, each with its "data: " and empty line.
std::string token_event(const Completion& completion, std::uint32_t index);
std::string last_events(const Completion& completion);  // finish reason, usage, [DONE]

std::string model_list(std::string_view model, std::int64_t created);

// {"error": {"message", "type", "param", "code"}}
HttpAnswer openai_error(int status, std::string_view type, std::string_view message,
                        std::string_view code);

}  // namespace sky::cli
