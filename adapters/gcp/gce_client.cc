#include "adapters/gcp/gce_client.h"

#include <algorithm>
#include <utility>

namespace sky::adapters::gcp {
namespace {

using Kind = core::FailureKind;
using Scope = core::FailureScope;

constexpr std::uint32_t max_retries = 4;  // beyond these the planner decides
// Google's default is 20 requests a second for each kind of method; others use the project, too.
constexpr vm::CallRate call_rate{20, 10};
// `wait` answers within two minutes, done or not; a machine takes about one.
constexpr core::Duration wait_timeout = core::seconds(150);
constexpr core::Duration call_timeout = core::seconds(30);
constexpr std::uint32_t max_waits = 600;
constexpr core::Duration wait_pause = core::milliseconds(200);  // where `wait` returns at once

std::string scope_path(const std::string& url) {
  for (const char* kind : {"/zones/", "/regions/", "/global/"}) {
    const std::size_t found = url.rfind(kind);
    if (found != std::string::npos) return url.substr(found + 1);
  }
  return url;
}

}  // namespace

struct GceClient::Call {
  std::string method;
  std::string url;
  std::string body;
  core::Duration timeout = call_timeout;
  bool is_change = false;
  Done done;
  std::uint32_t retries = 0;
  bool has_refreshed = false;
};

GceClient::GceClient(Edges edges)
    : edges_(std::move(edges)), is_alive_(std::make_shared<bool>(true)) {}

GceClient::~GceClient() { *is_alive_ = false; }

void GceClient::call(const char* method, const std::string& path, std::string body, Done done) {
  auto call = std::make_shared<Call>();
  call->method = method;
  call->url = edges_.endpoint + path;
  call->body = std::move(body);
  const bool is_wait = path.ends_with("/wait");
  call->is_change = call->method != "GET" && !is_wait;
  if (is_wait) call->timeout = wait_timeout;
  call->done = std::move(done);
  wait_turn(call, core::Duration{0});
}

void GceClient::post_to(const std::string& url, std::string body, Done done) {
  auto call = std::make_shared<Call>();
  call->method = "POST";
  call->url = url;
  call->body = std::move(body);
  call->done = std::move(done);
  wait_turn(call, core::Duration{0});
}

void GceClient::wait_turn(const std::shared_ptr<Call>& call, core::Duration wait) {
  auto& budget = budgets_.try_emplace(call->is_change, call_rate, edges_.now()).first->second;
  wait = std::max(wait, budget.take(edges_.now()));
  const std::uint64_t id = ++last_wait_;
  auto& alarm = waits_[id] = edges_.scheduler.make_alarm();
  alarm->start(wait, [this, id, call] {
    const auto done_with = waits_.extract(id);
    edges_.tokens.get([this, alive = is_alive_, call](const core::Result<std::string>& token) {
      if (!*alive) return;
      if (token) return send(call, *token);
      const bool is_absent = token.error().code == core::ErrorCode::unavailable;
      GceAnswer answer;
      answer.failure = core::Failure{is_absent ? Kind::transient : Kind::auth, Scope::account,
                                     token.error().text, core::Duration{0}};
      call->done(answer);
    });
  });
}

void GceClient::send(const std::shared_ptr<Call>& call, const std::string& token) {
  HttpRequest request;
  request.method = call->method;
  request.url = call->url;
  request.timeout = call->timeout;
  request.headers = {"authorization: Bearer " + token, "content-type: application/json"};
  request.body = call->body;
  // On a kept connection that turns out to be dead, libcurl sends a request again by itself.
  request.fresh_connection = call->is_change;
  edges_.http.send(std::move(request),
                   [this, alive = is_alive_, call](const HttpResponse& response) {
                     if (*alive) take(call, response);
                   });
}

void GceClient::take(const std::shared_ptr<Call>& call, const HttpResponse& response) {
  GceAnswer answer;
  if (response.is_ok()) {
    auto document = parse_json(response.body);
    if (document)
      answer.body = std::move(*document);
    else
      answer.failure = core::Failure{call->is_change ? Kind::indeterminate : Kind::transient,
                                     Scope::cloud, document.error().text, core::Duration{0}};
  } else if (response.error != HttpError::none) {
    const bool may_have_acted = response.was_sent && call->is_change;
    answer.failure = core::Failure{may_have_acted ? Kind::indeterminate : Kind::transient,
                                   Scope::cloud, response.error_text, core::Duration{0}};
  } else {
    answer.error = read_refusal(response.status, response.body);
    answer.failure = judge(answer.error);
  }
  const Kind kind = answer.failure ? answer.failure->kind : Kind::unknown;
  if (kind == Kind::auth && !std::exchange(call->has_refreshed, true)) {
    edges_.tokens.forget();
    return wait_turn(call, core::Duration{0});
  }
  const bool is_again =
      (kind == Kind::throttled || kind == Kind::transient) && call->retries < max_retries;
  if (!is_again) return call->done(answer);
  if (kind == Kind::throttled) budgets_.at(call->is_change).empty(edges_.now());
  wait_turn(call, vm::jittered_wait(call->retries++, edges_.draw()));
}

void GceClient::wait_for(const JsonValue& operation, Done done) {
  const std::string link = JsonView(operation).at("selfLink").text_or("");
  wait_again(scope_path(link) + "/wait", 0, std::move(done));
}

void GceClient::wait_again(const std::string& path, std::uint32_t waits, Done done) {
  post(path, "", [this, alive = is_alive_, path, waits, done](const GceAnswer& answer) {
    if (!*alive) return;
    if (answer.failure) return done(answer);
    const JsonView operation(answer.body);
    if (operation.at("status").text_or("") == "DONE") {
      if (operation.at("error").at("errors").size() == 0) return done(answer);
      GceAnswer failed;
      JsonWriter text;
      failed.error = read_refusal(0, text.value(answer.body).take());
      failed.failure = judge(failed.error);
      return done(failed);
    }
    if (waits >= max_waits) {
      GceAnswer late;
      late.failure = core::Failure{Kind::indeterminate, Scope::zone,
                                   "the operation does not come to an end", core::Duration{0}};
      return done(late);
    }
    const std::uint64_t id = ++last_wait_;
    auto& alarm = waits_[id] = edges_.scheduler.make_alarm();
    alarm->start(wait_pause, [this, id, path, waits, done] {
      const auto done_with = waits_.extract(id);
      wait_again(path, waits + 1, done);
    });
  });
}

}  // namespace sky::adapters::gcp
