#include "cli/demo_llm_server.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "adapters/json.h"

namespace sky::cli {
namespace {

// A client that reads slowly is not sent more than this ahead.
constexpr std::size_t max_ahead_bytes = 64 * 1024;
constexpr core::Duration look_again = core::milliseconds(20);

std::int64_t now_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

core::Duration running_time() {
  return core::Duration(static_cast<std::int64_t>(uv_hrtime() / 1000));
}

}  // namespace

struct DemoLlmServer::Generation {
  Generation(adapters::Reactor& reactor, Responder responder)
      : to(std::move(responder)), timer(reactor) {}

  std::uint64_t number = 0;
  Completion completion;
  Responder to;
  adapters::Timer timer;
  bool is_running = false;
  std::uint32_t tokens_sent = 0;
  core::Duration due{0};  // when the next token is; kept apart, so that lateness does not add up
};

DemoLlmServer::DemoLlmServer(adapters::Reactor& reactor, const DemoLlmOptions& options)
    : reactor_(reactor),
      options_(options),
      random_(options.seed),
      server_(reactor,
              [this](const HttpRequest& request, Responder to) { router_.handle(request, to); }) {
  add_routes();
}

DemoLlmServer::~DemoLlmServer() = default;

core::Result<void> DemoLlmServer::listen() {
  return server_.listen_tcp(options_.host, options_.port);
}

void DemoLlmServer::add_routes() {
  const auto completions = [this](CompletionKind kind) {
    return [this, kind](const HttpRequest& request, const HttpRouter::Matches&,
                        const Responder& to) { take(kind, request, to); };
  };
  router_.add("POST", "/v1/chat/completions", completions(CompletionKind::chat));
  router_.add("POST", "/v1/completions", completions(CompletionKind::text));
  router_.add("GET", "/v1/models", [this](const auto&, const auto&, const Responder& to) {
    to.answer_json(model_list(options_.model, now_seconds()));
  });
  router_.add("GET", "/health",
              [this](const auto&, const auto&, const Responder& to) { answer_health(to); });
}

void DemoLlmServer::answer_health(const Responder& to) const {
  adapters::JsonWriter out;
  out.begin_object().member("status", "ok").member("model", options_.model);
  out.member("running", generations_.size() - waiting_.size());
  out.member("waiting", waiting_.size()).end_object();
  to.answer_json(out.take() + "\n");
}

void DemoLlmServer::take(CompletionKind kind, const HttpRequest& request, const Responder& to) {
  auto wanted = parse_completion_request(kind, request.body);
  if (!wanted)
    return to.answer(openai_error(400, "invalid_request_error", wanted.error().text, ""));
  if (!options_.model.empty() && wanted->model != options_.model)
    return to.answer(openai_error(404, "invalid_request_error",
                                  "The model `" + wanted->model +
                                      "` does not exist; this is a "
                                      "stand-in for `" +
                                      options_.model + "`.",
                                  "model_not_found"));
  if (generations_.size() >= std::size_t{options_.max_concurrent} + options_.max_queued) {
    HttpAnswer refusal =
        openai_error(429, "rate_limit_error", "All slots are busy and the queue is full.",
                     "rate_limit_exceeded");
    refusal.headers.push_back({"retry-after", "1"});
    return to.answer(std::move(refusal));
  }
  auto made = std::make_unique<Generation>(reactor_, to);
  made->number = ++last_number_;
  Completion& completion = made->completion;
  completion.id =
      (kind == CompletionKind::chat ? "chatcmpl-" : "cmpl-") + std::to_string(made->number);
  completion.created = now_seconds();
  completion.tokens = options_.tokens;
  completion.is_cut = wanted->max_tokens != 0 && wanted->max_tokens < options_.tokens;
  if (completion.is_cut) completion.tokens = wanted->max_tokens;
  completion.request = *std::move(wanted);
  to.on_abort([this, number = made->number] { finish(number); });
  waiting_.push_back(made->number);
  generations_.emplace(made->number, std::move(made));
  start_waiting();
}

void DemoLlmServer::start_waiting() {
  while (!waiting_.empty() && generations_.size() - waiting_.size() < options_.max_concurrent) {
    Generation& next = *generations_.at(waiting_.front());
    waiting_.pop_front();
    start(next);
  }
}

void DemoLlmServer::start(Generation& generation) {
  generation.is_running = true;
  const core::Duration first = varied(options_.first_token);
  generation.due = running_time() + first;
  if (generation.completion.request.is_stream)
    return generation.timer.start(first, [this, &generation] { step(generation); });
  const core::Duration rest =
      varied(options_.per_token) * std::max(generation.completion.tokens, 1U) - options_.per_token;
  generation.timer.start(first + std::max(rest, core::Duration{0}), [this, &generation] {
    generation.to.answer_json(whole_completion(generation.completion));
    finish(generation.number);
  });
}

// The next token of a stream is due.
void DemoLlmServer::step(Generation& generation) {
  const auto again = [this, &generation] { step(generation); };
  if (generation.to.queued_bytes() > max_ahead_bytes) {
    generation.due = running_time() + look_again;
    return generation.timer.start(look_again, again);
  }
  if (generation.tokens_sent == 0) {
    HttpAnswer head;
    head.content_type = "text/event-stream";
    head.headers.push_back({"cache-control", "no-cache"});
    generation.to.begin_stream(std::move(head));
  }
  if (generation.tokens_sent < generation.completion.tokens)
    generation.to.write(token_event(generation.completion, generation.tokens_sent++));
  if (generation.tokens_sent < generation.completion.tokens) {
    generation.due += varied(options_.per_token);
    return generation.timer.start(generation.due - running_time(), again);
  }
  generation.to.write(last_events(generation.completion));
  generation.to.end_stream();
  finish(generation.number);
}

void DemoLlmServer::finish(std::uint64_t number) {
  const auto found = generations_.find(number);
  if (found == generations_.end()) return;
  if (!found->second->is_running) std::erase(waiting_, number);
  generations_.erase(found);
  start_waiting();
}

core::Duration DemoLlmServer::varied(core::Duration usual) {
  const auto reach = usual.count() * options_.jitter_percent / 100;
  if (reach <= 0) return usual;
  return usual +
         core::Duration(std::uniform_int_distribution<std::int64_t>(-reach, reach)(random_));
}

}  // namespace sky::cli
