#include "adapters/kubernetes/api_error.h"

#include <algorithm>
#include <charconv>

#include "adapters/json.h"

namespace sky::adapters::kubernetes {
namespace {

using core::FailureKind;
using core::FailureScope;

struct Row {
  int code;  // 0: any
  const char* reason;  // null: any
  const char* fragment;  // of the message; null: any
  FailureKind kind;
  FailureScope scope;
};

// First hit wins. Scopes: a quota is of the namespace, which is all we use of the cluster; what
// credentials cannot do stops this cluster, not the service.
constexpr Row rows[] = {
    {0, nullptr, "admission webhook", FailureKind::invalid, FailureScope::request},
    {401, nullptr, nullptr, FailureKind::auth, FailureScope::account},
    {403, nullptr, "exceeded quota", FailureKind::quota, FailureScope::region},
    {403, nullptr, "is being terminated", FailureKind::conflict, FailureScope::region},
    {403, nullptr, "violates PodSecurity", FailureKind::invalid, FailureScope::request},
    {403, nullptr, "limit range", FailureKind::invalid, FailureScope::request},
    {403, nullptr, "per Pod is", FailureKind::invalid, FailureScope::request},
    {403, nullptr, "per Container is", FailureKind::invalid, FailureScope::request},
    {403, nullptr, nullptr, FailureKind::forbidden, FailureScope::account},
    {404, nullptr, nullptr, FailureKind::not_found, FailureScope::request},
    {409, nullptr, nullptr, FailureKind::conflict, FailureScope::request},
    {410, nullptr, nullptr, FailureKind::gone, FailureScope::request},
    {413, nullptr, nullptr, FailureKind::invalid, FailureScope::request},
    {422, nullptr, nullptr, FailureKind::invalid, FailureScope::request},
    {429, nullptr, nullptr, FailureKind::throttled, FailureScope::request},
    {500, nullptr, "error trying to reach service", FailureKind::not_found, FailureScope::request},
    {503, nullptr, "error trying to reach service", FailureKind::not_found, FailureScope::request},
    {504, nullptr, nullptr, FailureKind::transient, FailureScope::request},
    {400, nullptr, nullptr, FailureKind::invalid, FailureScope::request},
    {405, nullptr, nullptr, FailureKind::invalid, FailureScope::request},
    {406, nullptr, nullptr, FailureKind::invalid, FailureScope::request},
    {415, nullptr, nullptr, FailureKind::invalid, FailureScope::request},
};

bool fits(const Row& row, const ApiStatus& status) {
  return (row.code == 0 || row.code == status.code) &&
         (row.reason == nullptr || status.reason == row.reason) &&
         (row.fragment == nullptr || status.message.find(row.fragment) != std::string::npos);
}

core::Duration retry_after_header(const HttpResponse& response) {
  const std::string text = response.header("retry-after");
  std::int64_t seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return core::seconds(std::max<std::int64_t>(0, seconds));
}

}  // namespace

ApiStatus read_status(std::string_view json, int http_status) {
  ApiStatus status;
  status.code = http_status;
  const auto document = parse_json(json);
  const JsonValue nothing;
  const JsonView root(document ? *document : nothing);
  if (root.at("kind").text_or("") != "Status") {
    status.message = std::string(json.substr(0, 300));
    return status;
  }
  status.code = static_cast<int>(root.at("code").integer_or(http_status));
  status.reason = root.at("reason").text_or("");
  status.message = root.at("message").text_or("");
  status.cause = root.at("details").at("causes").at(0).at("reason").text_or("");
  status.retry_after = core::seconds(root.at("details").at("retryAfterSeconds").integer_or(0));
  return status;
}

core::Failure judge_status(const ApiStatus& status) {
  std::string text = std::to_string(status.code);
  if (!status.reason.empty()) text += " " + status.reason;
  if (!status.message.empty()) text += ": " + status.message;
  for (const Row& row : rows)
    if (fits(row, status)) return {row.kind, row.scope, text, status.retry_after};
  // Server errors may come after the work was done; every call of ours may be repeated.
  const FailureKind kind = status.code >= 500 ? FailureKind::transient : FailureKind::invalid;
  return {kind, FailureScope::request, text, status.retry_after};
}

std::optional<core::Failure> judge_answer(const HttpResponse& response) {
  if (response.error != HttpError::none) {
    const bool is_certain = !response.was_sent || response.error == HttpError::connect;
    return core::Failure{is_certain ? FailureKind::transient : FailureKind::indeterminate,
                         FailureScope::request, "the cluster's API: " + response.error_text,
                         core::Duration{0}};
  }
  if (response.is_ok()) return {};
  ApiStatus status = read_status(response.body, response.status);
  if (status.retry_after.count() == 0) status.retry_after = retry_after_header(response);
  return judge_status(status);
}

}  // namespace sky::adapters::kubernetes
