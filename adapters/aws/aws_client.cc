#include "adapters/aws/aws_client.h"

#include <algorithm>

#include "adapters/aws/ec2_answer.h"
#include "adapters/aws/ec2_request.h"
#include "adapters/utc_time.h"

namespace sky::adapters::aws {
namespace {

using Kind = core::FailureKind;
using Scope = core::FailureScope;

constexpr std::uint32_t max_retries = 4;  // beyond these the planner decides
constexpr const char* form_type = "application/x-www-form-urlencoded";
// EC2's own buckets of a region: 100 calls refilled at 20/s for those that read, 50 at 5/s for all
// that change something, 5 at 2/s for RunInstances (EC2 API reference, "Request throttling").
// Others use the account, too: we take half of the first two.
constexpr vm::CallRate reading_rate{50, 10};
constexpr vm::CallRate changing_rate{25, 2.5};
constexpr vm::CallRate ordering_rate{5, 2};
constexpr core::Duration least_skew = core::seconds(60);  // signatures hold for five minutes

core::Failure unanswered(const HttpResponse& response, const std::string& host, CallEffect effect) {
  const bool may_have_acted = response.was_sent && effect == CallEffect::changes;
  return {may_have_acted ? Kind::indeterminate : Kind::transient, Scope::region,
          host + ": " + response.error_text, core::Duration{0}};
}

}  // namespace

struct AwsClient::Call {
  SigningScope scope;
  std::string endpoint;
  std::string action;
  std::string body;
  CallEffect effect = CallEffect::reads;
  Done done;
  std::uint32_t retries = 0;
  bool has_refreshed = false;
  bool has_corrected_clock = false;

  std::string host() const { return endpoint.substr(endpoint.find("://") + 3); }
};

AwsClient::AwsClient(Edges edges)
    : edges_(std::move(edges)), is_alive_(std::make_shared<bool>(true)) {}

AwsClient::~AwsClient() { *is_alive_ = false; }

void AwsClient::call(const SigningScope& scope, const NameValues& parameters, CallEffect effect,
                     Done done) {
  auto call = std::make_shared<Call>();
  call->scope = scope;
  call->endpoint = edges_.endpoint(scope.service, scope.region);
  call->action = parameters.front().second;
  call->body = form_of(parameters);
  call->effect = effect;
  call->done = std::move(done);
  wait_turn(call, core::Duration{0});
}

vm::CallBudget& AwsClient::budget(const Call& call) {
  const bool is_order = call.action == "RunInstances";
  const bool is_read = call.effect == CallEffect::reads;
  const char* kind = is_read ? "reads" : is_order ? "orders" : "changes";
  const vm::CallRate rate = is_read ? reading_rate : is_order ? ordering_rate : changing_rate;
  return budgets_
      .try_emplace({call.scope.service + "." + call.scope.region, kind}, rate, edges_.now())
      .first->second;
}

void AwsClient::wait_turn(const std::shared_ptr<Call>& call, core::Duration wait) {
  wait = std::max(wait, budget(*call).take(edges_.now()));
  const std::uint64_t id = ++last_wait_;
  auto& alarm = waits_[id] = edges_.scheduler.make_alarm();
  alarm->start(wait, [this, id, call] {
    const auto done_with = waits_.extract(id);
    sign(call);
  });
}

void AwsClient::sign(const std::shared_ptr<Call>& call) {
  edges_.credentials.get([this, alive = is_alive_, call](core::Result<Credentials> credentials) {
    if (!*alive) return;
    if (credentials) return send(call, *credentials);
    const bool is_absent = credentials.error().code == core::ErrorCode::unavailable;
    AwsAnswer answer;
    answer.failure = core::Failure{is_absent ? Kind::transient : Kind::auth, Scope::account,
                                   credentials.error().text, core::Duration{0}};
    finish(call, std::move(answer));
  });
}

void AwsClient::send(const std::shared_ptr<Call>& call, const Credentials& credentials) {
  SignableRequest signable;
  signable.host = call->host();
  signable.headers = {{"content-type", form_type}};
  signable.body = call->body;
  HttpRequest request;
  request.method = "POST";
  request.url = call->endpoint + "/";
  request.headers = {std::string("content-type: ") + form_type};
  request.body = call->body;
  // On a kept connection that turns out to be dead, libcurl sends a request again by itself.
  request.fresh_connection = call->effect == CallEffect::changes;
  for (const auto& [name, value] :
       signed_headers(signable, call->scope, credentials, edges_.wall() + skew_))
    request.headers.push_back(name + ": " + value);
  edges_.http.send(std::move(request),
                   [this, alive = is_alive_, call](const HttpResponse& response) {
                     if (*alive) take(call, response);
                   });
}

// The clock of the answer, when ours is too far from it for a signature to hold.
bool AwsClient::correct_clock(const HttpResponse& response, const std::string& code) {
  const auto date = read_http_date(response.header("date"));
  if (!date || !may_be_clock_skew(code)) return false;
  const core::Duration skew = *date - edges_.wall();
  if (std::chrono::abs(skew - skew_) < least_skew) return false;
  skew_ = skew;
  return true;
}

void AwsClient::take(const std::shared_ptr<Call>& call, const HttpResponse& response) {
  AwsAnswer answer;
  if (response.is_ok()) {
    answer.body = response.body;
    return finish(call, std::move(answer));
  }
  if (response.error != HttpError::none) {
    answer.failure = unanswered(response, call->host(), call->effect);
  } else {
    answer.error = read_error(response.status, response.body);
    answer.failure = judge(answer.error);
  }
  const Kind kind = answer.failure->kind;
  if (kind == Kind::auth && !call->has_corrected_clock &&
      correct_clock(response, answer.error.code)) {
    call->has_corrected_clock = true;
    return wait_turn(call, core::Duration{0});
  }
  if (kind == Kind::auth && !std::exchange(call->has_refreshed, true)) {
    edges_.credentials.forget();
    return wait_turn(call, core::Duration{0});
  }
  const bool is_again =
      (kind == Kind::throttled || kind == Kind::transient) && call->retries < max_retries;
  if (!is_again) return finish(call, std::move(answer));
  if (kind == Kind::throttled) budget(*call).empty(edges_.now());
  wait_turn(call, vm::jittered_wait(call->retries++, edges_.draw()));
}

void AwsClient::finish(const std::shared_ptr<Call>& call, AwsAnswer answer) {
  const Done done = std::exchange(call->done, {});
  done(std::move(answer));
}

std::string endpoint_of(const EndpointOverrides& overrides, const std::string& service,
                        const std::string& region) {
  for (const std::string& key : {service + "." + region, service})
    if (const auto found = overrides.find(key); found != overrides.end()) {
      std::string url = found->second;
      while (url.ends_with('/')) url.pop_back();
      return url;
    }
  const std::string domain = region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com";
  return "https://" + service + "." + region + domain;
}

}  // namespace sky::adapters::aws
