// Verdicts on answers of the API: one case a row of the table.
#include "adapters/kubernetes/api_error.h"

#include <boost/test/unit_test.hpp>

#include "adapters/json.h"

namespace sky::adapters::kubernetes {
namespace {

using core::FailureKind;
using core::FailureScope;

HttpResponse answer(int code, const std::string& reason, const std::string& message) {
  JsonWriter json;
  json.begin_object().member("kind", "Status").member("code", code).member("reason", reason);
  json.member("message", message).end_object();
  HttpResponse response;
  response.status = code;
  response.body = json.take();
  return response;
}

struct Case {
  int code;
  const char* reason;
  const char* message;
  FailureKind kind;
  FailureScope scope;
};
// Texts: a real server of 1.20's, and newer ones'.
const Case cases[] = {
    {401, "Unauthorized", "Unauthorized", FailureKind::auth, FailureScope::account},
    {403, "Forbidden",
     "pods is forbidden: User \"little\" cannot list resource \"pods\" in API group \"\"",
     FailureKind::forbidden, FailureScope::account},
    {403, "Forbidden",
     "pods \"x\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1",
     FailureKind::quota, FailureScope::region},
    {403, "Forbidden", "unable to create new content in namespace x because it is being terminated",
     FailureKind::conflict, FailureScope::region},
    {403, "Forbidden", "pods \"x\" is forbidden: violates PodSecurity \"restricted:latest\"",
     FailureKind::invalid, FailureScope::request},
    {403, "Forbidden", "maximum cpu usage per Container is 1, but limit is 4", FailureKind::invalid,
     FailureScope::request},
    {403, "Forbidden", "maximum memory usage per Pod is 1Gi, but limit is 4Gi",
     FailureKind::invalid, FailureScope::request},
    {403, "Forbidden", "no limit range allows that", FailureKind::invalid, FailureScope::request},
    {403, "Forbidden", "admission webhook \"policy.example\" denied the request: no",
     FailureKind::invalid, FailureScope::request},
    {400, "BadRequest", "admission webhook \"policy.example\" denied the request: no",
     FailureKind::invalid, FailureScope::request},
    {404, "NotFound", "pods \"x\" not found", FailureKind::not_found, FailureScope::request},
    {409, "AlreadyExists", "pods \"x\" already exists", FailureKind::conflict,
     FailureScope::request},
    {409, "Conflict", "Apply failed with 1 conflict", FailureKind::conflict, FailureScope::request},
    {410, "Expired", "too old resource version: 326 (628)", FailureKind::gone,
     FailureScope::request},
    {413, "RequestEntityTooLarge", "limit is 3145728", FailureKind::invalid, FailureScope::request},
    {422, "Invalid", "Pod \"x\" is invalid: spec: Forbidden: pod updates may not change fields",
     FailureKind::invalid, FailureScope::request},
    {429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.",
     FailureKind::throttled, FailureScope::request},
    {500, "", "error trying to reach service: dial tcp 10.1.1.1:8888: connect: refused",
     FailureKind::not_found, FailureScope::request},
    {503, "ServiceUnavailable", "error trying to reach service: EOF", FailureKind::not_found,
     FailureScope::request},
    {504, "Timeout", "Too large resource version: 99, current: 12", FailureKind::transient,
     FailureScope::request},
    {400, "BadRequest", "the object is not valid", FailureKind::invalid, FailureScope::request},
    {405, "MethodNotAllowed", "no", FailureKind::invalid, FailureScope::request},
    {406, "NotAcceptable", "no", FailureKind::invalid, FailureScope::request},
    {415, "UnsupportedMediaType", "no", FailureKind::invalid, FailureScope::request},
    {500, "InternalError", "etcdserver: request timed out", FailureKind::transient,
     FailureScope::request},
    {503, "ServiceUnavailable", "apiserver is shutting down", FailureKind::transient,
     FailureScope::request},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(kubernetes_api_error)

BOOST_AUTO_TEST_CASE(each_answer_has_its_kind_its_reach_and_the_server_s_own_words) {
  for (const Case& one : cases) {
    BOOST_TEST_CONTEXT(one.code << " " << one.message) {
      const auto failure = judge_answer(answer(one.code, one.reason, one.message));
      BOOST_REQUIRE(failure);
      BOOST_TEST(core::to_text(failure->kind) == std::string(core::to_text(one.kind)));
      BOOST_TEST(core::to_text(failure->scope) == std::string(core::to_text(one.scope)));
      BOOST_TEST(failure->text.find(one.message) != std::string::npos);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_status_is_judged_by_its_number_and_shown_shortened) {
  HttpResponse response;
  response.status = 502;
  response.body = "<html>" + std::string(5000, 'x');
  const auto failure = judge_answer(response);
  BOOST_REQUIRE(failure);
  BOOST_TEST((failure->kind == FailureKind::transient));
  BOOST_TEST(failure->text.size() < 400u);
  response.status = 201;
  BOOST_TEST(!judge_answer(response).has_value());
}

BOOST_AUTO_TEST_CASE(a_server_that_names_a_time_to_wait_is_believed) {
  HttpResponse response = answer(429, "TooManyRequests", "slow down");
  response.headers = {{"retry-after", "7"}};
  BOOST_TEST((judge_answer(response)->retry_after == core::seconds(7)));
  response.body = R"({"kind":"Status","code":429,"details":{"retryAfterSeconds":3}})";
  BOOST_TEST((judge_answer(response)->retry_after == core::seconds(3)));
}

BOOST_AUTO_TEST_CASE(what_may_have_arrived_is_told_from_what_never_left) {
  HttpResponse response;
  response.error = HttpError::cut;
  response.was_sent = true;
  BOOST_TEST((judge_answer(response)->kind == FailureKind::indeterminate));
  response.error = HttpError::timeout;
  BOOST_TEST((judge_answer(response)->kind == FailureKind::indeterminate));
  response.was_sent = false;
  BOOST_TEST((judge_answer(response)->kind == FailureKind::transient));
  response.error = HttpError::connect;
  response.was_sent = true;
  BOOST_TEST((judge_answer(response)->kind == FailureKind::transient));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters::kubernetes
