#include "adapters/http_client.h"

#include <stdlib.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <optional>

#include "test/adapters/loop.h"
#include "test/adapters/scripted_server.h"

namespace sky::adapters {
namespace {

HttpResponse ask(Reactor& reactor, HttpClient& client, HttpRequest request) {
  std::optional<HttpResponse> response;
  client.send(std::move(request), [&](HttpResponse answer) { response = std::move(answer); });
  BOOST_TEST(!response.has_value(), "never from inside send()");
  BOOST_REQUIRE(run_until(reactor, [&] { return response.has_value(); }));
  return *response;
}

HttpRequest get(std::string url) {
  HttpRequest request;
  request.url = std::move(url);
  return request;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(adapters_http_client)

BOOST_AUTO_TEST_CASE(a_post_arrives_whole_and_its_answer_comes_back) {
  Reactor reactor;
  std::string seen;
  ScriptedServer server(reactor, [&](const std::string& request) {
    seen = request;
    return http_answer(201, "made");
  });
  HttpClient client(reactor);

  HttpRequest request = get(server.url("/v1/things?x=1"));
  request.method = "POST";
  request.headers = {"Content-Type: application/json"};
  request.body = "{\"a\":1}";
  const HttpResponse response = ask(reactor, client, request);

  BOOST_TEST(response.is_ok());
  BOOST_TEST(response.status == 201);
  BOOST_TEST(response.body == "made");
  BOOST_TEST(response.header("x-test") == "yes");
  BOOST_TEST((response.total >= response.first_byte && response.first_byte.count() > 0));
  BOOST_TEST(seen.starts_with("POST /v1/things?x=1 HTTP/1.1\r\n"));
  BOOST_TEST(seen.find("Content-Type: application/json\r\n") != std::string::npos);
  BOOST_TEST(seen.ends_with("\r\n\r\n{\"a\":1}"));
}

BOOST_AUTO_TEST_CASE(requests_one_after_the_other_share_a_connection) {
  Reactor reactor;
  ScriptedServer server(reactor, [](const std::string&) { return http_answer(200, "ok"); });
  HttpClient client(reactor);

  for (int i = 0; i < 5; ++i) BOOST_TEST(ask(reactor, client, get(server.url("/"))).is_ok());

  BOOST_TEST(server.requests() == 5);
  BOOST_TEST(server.connections() == 1);
}

BOOST_AUTO_TEST_CASE(many_at_once_are_all_answered_within_the_connection_limit) {
  Reactor reactor;
  ScriptedServer server(reactor, [](const std::string&) { return http_answer(200, "ok"); });
  HttpClient client(reactor, {.max_in_flight = 20});

  int answered = 0;
  for (int i = 0; i < 2000; ++i) {
    client.send(get(server.url("/")),
                [&](const HttpResponse& r) { answered += r.is_ok() ? 1 : 0; });
  }
  BOOST_TEST(client.in_flight() == 20U);
  BOOST_TEST(client.queued() == 1980U);

  BOOST_TEST(run_until(reactor, [&] { return answered == 2000; }));
  BOOST_TEST(server.connections() <= 20);
}

BOOST_AUTO_TEST_CASE(a_full_queue_refuses_instead_of_growing) {
  Reactor reactor;
  ScriptedServer server(reactor, [](const std::string&) { return std::string(); });
  HttpClient client(reactor, {.max_in_flight = 1, .max_queued = 1});
  client.send(get(server.url("/")), [](const HttpResponse&) {});
  client.send(get(server.url("/")), [](const HttpResponse&) {});

  BOOST_TEST((ask(reactor, client, get(server.url("/"))).error == HttpError::overloaded));
}

BOOST_AUTO_TEST_CASE(every_failure_has_its_kind) {
  Reactor reactor;
  HttpClient client(reactor);
  ScriptedServer silent(reactor, [](const std::string&) { return std::string(); });
  ScriptedServer cutting(
      reactor,
      [](const std::string&) { return "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"; },
      ScriptedServer::After::close);
  ScriptedServer garbling(
      reactor, [](const std::string&) { return "220 mail.example ESMTP\r\n"; },
      ScriptedServer::After::close);
  int closed_port = 0;
  {
    ScriptedServer gone(reactor, [](const std::string&) { return std::string(); });
    closed_port = gone.port();
  }

  HttpRequest slow = get(silent.url("/"));
  slow.timeout = core::milliseconds(80);
  const HttpResponse late = ask(reactor, client, slow);
  BOOST_TEST((late.error == HttpError::timeout));
  BOOST_TEST(late.was_sent);
  BOOST_TEST(late.total.count() >= 79'000);

  const HttpResponse refused =
      ask(reactor, client, get("http://127.0.0.1:" + std::to_string(closed_port)));
  BOOST_TEST((refused.error == HttpError::connect));
  BOOST_TEST(!refused.was_sent);
  BOOST_TEST(refused.status == 0);
  BOOST_TEST((ask(reactor, client, get(cutting.url("/"))).error == HttpError::cut));
  BOOST_TEST((ask(reactor, client, get(garbling.url("/"))).error == HttpError::garbled));
  BOOST_TEST((ask(reactor, client, get("not a url")).error == HttpError::invalid));
  BOOST_TEST((ask(reactor, client, get("file:///etc/hostname")).error == HttpError::invalid));
}

BOOST_AUTO_TEST_CASE(a_body_is_bounded_or_streamed) {
  Reactor reactor;
  HttpClient client(reactor);
  ScriptedServer server(
      reactor, [](const std::string&) { return http_answer(200, std::string(5000, 'x')); });

  HttpRequest bounded = get(server.url("/"));
  bounded.max_body_bytes = 1000;
  BOOST_TEST((ask(reactor, client, bounded).error == HttpError::too_large));

  bounded.keep_reading_past_limit = true;
  const HttpResponse cut_off = ask(reactor, client, bounded);
  BOOST_TEST(cut_off.is_ok());
  BOOST_TEST(cut_off.body.size() == 1000U);

  HttpRequest streamed = get(server.url("/"));
  std::size_t bytes = 0;
  int status = 0;
  streamed.on_chunk = [&](std::string_view chunk) { bytes += chunk.size(); };
  streamed.on_status = [&](int code) { status = code; };
  BOOST_TEST(ask(reactor, client, streamed).body.empty());
  BOOST_TEST(bytes == 5000U);
  BOOST_TEST(status == 200);
}

BOOST_AUTO_TEST_CASE(a_cancelled_request_answers_cancelled_also_from_its_own_chunk) {
  Reactor reactor;
  ScriptedServer server(reactor,
                        [](const std::string&) { return http_answer(200, "x").substr(0, 60); });
  ScriptedServer silent(reactor, [](const std::string&) { return std::string(); });
  HttpClient client(reactor, {.max_in_flight = 2});
  std::vector<HttpError> errors;
  const auto note = [&](const HttpResponse& response) { errors.push_back(response.error); };

  const auto running = client.send(get(silent.url("/")), note);
  HttpClient::RequestId streaming = 0;
  HttpRequest stream = get(server.url("/"));
  stream.on_chunk = [&](std::string_view) { client.cancel(streaming); };
  streaming = client.send(stream, note);
  const auto waiting = client.send(get(silent.url("/")), note);
  client.cancel(running);
  client.cancel(waiting);

  BOOST_REQUIRE(run_until(reactor, [&] { return errors.size() == 3; }));
  for (const HttpError error : errors) BOOST_TEST((error == HttpError::cancelled));
}

BOOST_AUTO_TEST_CASE(destruction_cancels_and_calls_nobody) {
  Reactor reactor;
  ScriptedServer silent(reactor, [](const std::string&) { return std::string(); });
  bool called = false;
  {
    HttpClient client(reactor, {.max_in_flight = 1});
    for (int i = 0; i < 3; ++i) {
      client.send(get(silent.url("/")), [&](const HttpResponse&) { called = true; });
    }
    run_for(reactor, std::chrono::milliseconds(30));
  }
  run_for(reactor, std::chrono::milliseconds(20));

  BOOST_TEST(!called);
}

BOOST_AUTO_TEST_CASE(a_unix_socket_is_asked_like_a_host) {
  Reactor reactor;
  char directory[] = "/tmp/sky-http-XXXXXX";
  BOOST_REQUIRE(mkdtemp(directory) != nullptr);
  const std::string path = std::string(directory) + "/api.sock";
  {
    ScriptedServer server(reactor, path, [](const std::string&) { return http_answer(200, "hi"); });
    HttpClient client(reactor);
    HttpRequest request = get("http://localhost/v1");
    request.unix_socket = path;

    BOOST_TEST(ask(reactor, client, request).body == "hi");
  }
  unlink(path.c_str());
  rmdir(directory);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters
