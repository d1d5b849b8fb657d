#include "cli/demo_llm_completion.h"

#include <algorithm>
#include <array>

#include "adapters/json.h"

namespace sky::cli {
namespace {

using adapters::JsonView;
using adapters::JsonWriter;

constexpr std::string_view fingerprint = "skyctl-demo-llm";
constexpr std::int64_t max_max_tokens = 1'000'000;  // a guess: beyond any context window

constexpr auto words = std::to_array<std::string_view>(
    {"I",      "am",   "skyctl's", "stand-in", "for",      "",     "not",     "a",     "language",
     "model.", "I",    "answer",   "every",    "request",  "with", "these",   "words", "at",
     "the",    "pace", "of",       "a",        "real",     "one.", "Nothing", "that",  "you",
     "wrote",  "was",  "read",     "by",       "anybody,", "or",   "kept."});
constexpr std::size_t model_word = 5;  // the empty one above

core::Error wrong(const std::string& text) { return {core::ErrorCode::invalid_input, text}; }

std::uint32_t count_words(std::string_view text) {
  std::uint32_t count = 0;
  bool in_word = false;
  for (const char letter : text) {
    const bool is_blank = letter == ' ' || letter == '\n' || letter == '\t' || letter == '\r';
    if (!is_blank && !in_word) ++count;
    in_word = !is_blank;
  }
  return count;
}

// A message's content is a text, or a list of parts of which some are texts.
core::Result<std::uint32_t> count_content(const JsonView& content) {
  if (auto text = content.as_text()) return count_words(*text);
  if (content.is_null() || !content.is_present()) return std::uint32_t{0};
  const auto parts = content.elements();
  if (!parts) return wrong(content.path() + ": expected a text or a list of parts");
  std::uint32_t count = 0;
  for (const JsonView& part : *parts) count += count_words(part.at("text").text_or(""));
  return count;
}

core::Result<std::uint32_t> count_messages(const JsonView& root) {
  const JsonView list = root.at("messages");
  const auto messages = list.elements();
  if (!messages) return wrong("messages: expected a list of messages");
  if (messages->empty()) return wrong("messages: must not be empty");
  std::uint32_t count = 0;
  for (const JsonView& message : *messages) {
    if (auto role = message.at("role").as_text(); !role) return role.error();
    const auto size = count_content(message.at("content"));
    if (!size) return size.error();
    count += *size;
  }
  return count;
}

core::Result<std::uint32_t> parse_max_tokens(const JsonView& root) {
  for (const char* name : {"max_completion_tokens", "max_tokens"}) {
    const JsonView limit = root.at(name);
    if (!limit.is_present() || limit.is_null()) continue;
    const auto value = limit.as_integer();
    if (!value) return value.error();
    if (*value < 1 || *value > max_max_tokens)
      return wrong(std::string(name) + ": must be between 1 and " + std::to_string(max_max_tokens));
    return static_cast<std::uint32_t>(*value);
  }
  return std::uint32_t{0};
}

core::Result<bool> parse_flag(const JsonView& flag) {
  if (!flag.is_present() || flag.is_null()) return false;
  return flag.as_boolean();
}

// What every answer and every event begins with.
JsonWriter begin_answer(const Completion& completion, std::string_view object) {
  JsonWriter out;
  out.begin_object()
      .member("id", completion.id)
      .member("object", object)
      .member("created", completion.created)
      .member("model", completion.request.model)
      .member("system_fingerprint", fingerprint);
  return out;
}

std::string_view event_object(const Completion& completion) {
  return completion.request.kind == CompletionKind::chat ? "chat.completion.chunk"
                                                         : "text_completion";
}

void add_usage(JsonWriter& out, const Completion& completion) {
  const std::uint32_t prompt = completion.request.prompt_tokens;
  out.key("usage")
      .begin_object()
      .member("prompt_tokens", prompt)
      .member("completion_tokens", completion.tokens)
      .member("total_tokens", prompt + completion.tokens)
      .end_object();
}

void add_finish(JsonWriter& out, const Completion& completion) {
  out.key("logprobs").null().member("finish_reason", completion.is_cut ? "length" : "stop");
}

}  // namespace

core::Result<CompletionRequest> parse_completion_request(CompletionKind kind,
                                                         std::string_view body) {
  const auto document = adapters::parse_json(body);
  if (!document) return document.error();
  const JsonView root(*document);
  CompletionRequest request;
  request.kind = kind;
  const auto model = root.at("model").as_text();
  if (!model) return model.error();
  request.model = *model;
  const auto prompt =
      kind == CompletionKind::chat ? count_messages(root) : count_content(root.at("prompt"));
  if (!prompt) return prompt.error();
  request.prompt_tokens = *prompt;
  const auto limit = parse_max_tokens(root);
  if (!limit) return limit.error();
  request.max_tokens = *limit;
  const auto is_stream = parse_flag(root.at("stream"));
  if (!is_stream) return is_stream.error();
  request.is_stream = *is_stream;
  request.wants_usage_chunk = root.at("stream_options").at("include_usage").boolean_or(false);
  if (root.at("n").integer_or(1) != 1) return wrong("n: this stand-in makes one choice only");
  return request;
}

std::string completion_token(std::string_view model, std::uint32_t index) {
  const std::size_t at = index % words.size();
  std::string token = index == 0 ? "" : " ";
  if (at != model_word) return token.append(words[at]);
  return token.append(model.empty() ? "a model" : model).append(",");
}

std::string whole_completion(const Completion& completion) {
  std::string said;
  for (std::uint32_t i = 0; i < completion.tokens; ++i)
    said += completion_token(completion.request.model, i);
  const bool is_chat = completion.request.kind == CompletionKind::chat;
  JsonWriter out = begin_answer(completion, is_chat ? "chat.completion" : "text_completion");
  out.key("choices").begin_array().begin_object().member("index", 0);
  if (is_chat) {
    out.key("message").begin_object().member("role", "assistant").member("content", said);
    out.end_object();
  } else {
    out.member("text", said);
  }
  add_finish(out, completion);
  out.end_object().end_array();
  add_usage(out, completion);
  return out.end_object().take() + "\n";
}

std::string token_event(const Completion& completion, std::uint32_t index) {
  const std::string token = completion_token(completion.request.model, index);
  JsonWriter out = begin_answer(completion, event_object(completion));
  out.key("choices").begin_array().begin_object().member("index", 0);
  if (completion.request.kind == CompletionKind::chat) {
    out.key("delta").begin_object();
    if (index == 0) out.member("role", "assistant");
    out.member("content", token).end_object();
  } else {
    out.member("text", token);
  }
  out.key("logprobs").null().key("finish_reason").null().end_object().end_array();
  return "data: " + out.end_object().take() + "\n\n";
}

std::string last_events(const Completion& completion) {
  JsonWriter out = begin_answer(completion, event_object(completion));
  out.key("choices").begin_array().begin_object().member("index", 0);
  if (completion.request.kind == CompletionKind::chat) {
    out.key("delta").begin_object().end_object();
  } else {
    out.member("text", "");
  }
  add_finish(out, completion);
  out.end_object().end_array();
  if (!completion.request.wants_usage_chunk) add_usage(out, completion);
  std::string events = "data: " + out.end_object().take() + "\n\n";
  if (completion.request.wants_usage_chunk) {
    JsonWriter usage = begin_answer(completion, event_object(completion));
    usage.key("choices").begin_array().end_array();
    add_usage(usage, completion);
    events += "data: " + usage.end_object().take() + "\n\n";
  }
  return events + "data: [DONE]\n\n";
}

std::string model_list(std::string_view model, std::int64_t created) {
  JsonWriter out;
  out.begin_object().member("object", "list").key("data").begin_array().begin_object();
  out.member("id", model).member("object", "model").member("created", created);
  out.member("owned_by", fingerprint).end_object().end_array().end_object();
  return out.take() + "\n";
}

HttpAnswer openai_error(int status, std::string_view type, std::string_view message,
                        std::string_view code) {
  JsonWriter out;
  out.begin_object().key("error").begin_object().member("message", message).member("type", type);
  out.key("param").null().key("code");
  if (code.empty()) {
    out.null();
  } else {
    out.text(code);
  }
  HttpAnswer answer;
  answer.status = status;
  answer.body = out.end_object().end_object().take() + "\n";
  return answer;
}

}  // namespace sky::cli
