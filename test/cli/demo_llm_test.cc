#include "cli/demo_llm.h"

#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <csignal>
#include <iostream>
#include <thread>

#include "adapters/json.h"
#include "cli/demo_llm_server.h"
#include "test/cli/raw_client.h"

namespace sky::cli {
namespace {

using adapters::JsonView;
using test::RawClient;

DemoLlmOptions quick_options() {
  DemoLlmOptions options;
  options.port = 0;
  options.first_token = core::milliseconds(20);
  options.per_token = core::milliseconds(5);
  options.tokens = 8;
  options.max_concurrent = 1;
  options.max_queued = 1;
  return options;
}

std::string post(const std::string& path, const std::string& body) {
  return "POST " + path + " HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}
std::string chat(const std::string& more = "") {
  return post(
      "/v1/chat/completions",
      R"({"model":"llama3","messages":[{"role":"user","content":"Who are you?"}])" + more + "}");
}
std::string body_of(const std::string& answer) {
  return answer.substr(std::min(answer.find("\r\n\r\n") + 4, answer.size()));
}
std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

class Fixture {
 public:
  Fixture() : server(reactor, quick_options()) {
    BOOST_REQUIRE(server.listen());
    loop = std::thread([this] { reactor.run(); });
  }
  ~Fixture() {
    reactor.post([this] { reactor.stop(); });
    loop.join();
  }
  RawClient client() const { return RawClient::to_port(server.port()); }
  std::string ask(const std::string& request) const {
    RawClient c = client();
    c.send(request);
    return c.read_to_end();
  }
  std::string health() const {
    return body_of(ask("GET /health HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"));
  }
  bool becomes(const std::string& state) const {
    for (int i = 0; i < 200; ++i, std::this_thread::sleep_for(std::chrono::milliseconds(5)))
      if (health().find(state) != std::string::npos) return true;
    return false;
  }

  adapters::Reactor reactor;
  DemoLlmServer server;
  std::thread loop;
};

BOOST_FIXTURE_TEST_SUITE(demo_llm, Fixture)

BOOST_AUTO_TEST_CASE(a_chat_answer_has_openais_shape_and_says_what_it_is) {
  const std::string answer = ask(chat());
  BOOST_TEST(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  const auto document = adapters::parse_json(body_of(answer));
  BOOST_REQUIRE(document);
  const JsonView root(*document);
  BOOST_TEST(root.at("id").text_or("").starts_with("chatcmpl-"));
  BOOST_TEST(root.at("object").text_or("") == "chat.completion");
  BOOST_TEST(root.at("created").integer_or(0) > 1'700'000'000);
  BOOST_TEST(root.at("model").text_or("") == "llama3");
  BOOST_TEST(root.at("system_fingerprint").text_or("") == "skyctl-demo-llm");
  const JsonView choice = root.at("choices").at(0);
  BOOST_TEST(choice.at("message").at("role").text_or("") == "assistant");
  BOOST_TEST(choice.at("message").at("content").text_or("") ==
             "I am skyctl's stand-in for llama3, not a");
  BOOST_TEST(choice.at("finish_reason").text_or("") == "stop");
  BOOST_TEST(root.at("usage").at("prompt_tokens").integer_or(0) == 3);
  BOOST_TEST(root.at("usage").at("completion_tokens").integer_or(0) == 8);
  BOOST_TEST(root.at("usage").at("total_tokens").integer_or(0) == 11);
}

BOOST_AUTO_TEST_CASE(max_tokens_cuts_the_answer_and_says_so) {
  const std::string answer = ask(chat(R"(,"max_tokens":1)"));
  const auto document = adapters::parse_json(body_of(answer));
  BOOST_REQUIRE(document);
  const JsonView choice = JsonView(*document).at("choices").at(0);
  BOOST_TEST(choice.at("message").at("content").text_or("") == "I");
  BOOST_TEST(choice.at("finish_reason").text_or("") == "length");
}

BOOST_AUTO_TEST_CASE(a_streamed_answer_comes_token_by_token_and_ends_with_done) {
  RawClient c = client();
  c.send(chat(R"(,"stream":true)"));
  const std::string first = c.read_until("\n\n");
  const auto at_first = std::chrono::steady_clock::now();
  BOOST_TEST(first.find("content-type: text/event-stream\r\n") != std::string::npos);
  BOOST_TEST(first.find(R"("delta":{"role":"assistant","content":"I"})") != std::string::npos);
  const std::string rest = c.read_to_end();
  const auto took = std::chrono::steady_clock::now() - at_first;
  BOOST_TEST((took > std::chrono::milliseconds(20)));  // 7 tokens at 5 ms, less the jitter
  BOOST_TEST(count(rest, R"("delta":{"content":)") == 7u);
  BOOST_TEST(count(rest, R"("finish_reason":"stop")") == 1u);
  BOOST_TEST(count(rest, R"("completion_tokens":8)") == 1u);
  BOOST_TEST(rest.find("data: [DONE]\n\n\r\n0\r\n\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(usage_is_its_own_event_when_asked_for) {
  const std::string answer = ask(chat(R"(,"stream":true,"stream_options":{"include_usage":true})"));
  BOOST_TEST(count(answer, R"("choices":[],"usage":{"prompt_tokens":3)") == 1u);
  BOOST_TEST(count(answer, R"("usage")") == 1u);
}

BOOST_AUTO_TEST_CASE(text_completions_models_and_health_are_served) {
  const std::string text = ask(post("/v1/completions", R"({"model":"llama3","prompt":"Once"})"));
  BOOST_TEST(text.find(R"("text":"I am skyctl's stand-in for llama3, not a")") !=
             std::string::npos);
  const std::string stream =
      ask(post("/v1/completions", R"({"model":"llama3","prompt":"Once","stream":true})"));
  BOOST_TEST(count(stream, R"("text":")") == 9u);
  const std::string models = ask("GET /v1/models HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
  BOOST_TEST(models.find(R"("data":[{"id":"llama3","object":"model")") != std::string::npos);
  BOOST_TEST(health().find(R"("status":"ok")") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(wrong_requests_are_refused_in_openais_shape) {
  const auto refused = [&](const std::string& body, const std::string& text) {
    const std::string answer = ask(post("/v1/chat/completions", body));
    BOOST_TEST(answer.starts_with("HTTP/1.1 400 "));
    BOOST_TEST(answer.find(R"("type":"invalid_request_error")") != std::string::npos);
    BOOST_TEST_CONTEXT(answer) BOOST_TEST(answer.find(text) != std::string::npos);
  };
  refused("{", "error");
  refused("{}", "model");
  refused(R"({"model":"llama3"})", "messages");
  refused(R"({"model":"llama3","messages":[]})", "messages");
  refused(R"({"model":"llama3","messages":[{"content":"x"}]})", "role");
  refused(R"({"model":"llama3","messages":[{"role":"user"}],"max_tokens":0})", "max_tokens");
  refused(R"({"model":"llama3","messages":[{"role":"user"}],"stream":"yes"})", "stream");
  refused(R"({"model":"llama3","messages":[{"role":"user"}],"n":2})", "n: ");
  const std::string other =
      ask(post("/v1/chat/completions", R"({"model":"gpt","messages":[{"role":"user"}]})"));
  BOOST_TEST(other.starts_with("HTTP/1.1 404 "));
  BOOST_TEST(other.find("model_not_found") != std::string::npos);
  BOOST_TEST(
      ask("GET /v2 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").starts_with("HTTP/1.1 404 "));
}

BOOST_AUTO_TEST_CASE(beyond_the_slot_and_the_queue_requests_are_shed) {
  // given one answer under way and one waiting
  RawClient running = client();
  running.send(chat());
  BOOST_REQUIRE(becomes(R"("running":1,"waiting":0)"));
  RawClient waiting = client();
  waiting.send(chat());
  BOOST_REQUIRE(becomes(R"("running":1,"waiting":1)"));
  // when a third comes
  const std::string third = ask(chat());
  // then it is shed, and the others are answered in turn
  BOOST_TEST(third.starts_with("HTTP/1.1 429 "));
  BOOST_TEST(third.find("retry-after: 1\r\n") != std::string::npos);
  BOOST_TEST(running.read_to_end().starts_with("HTTP/1.1 200 "));
  BOOST_TEST(waiting.read_to_end().starts_with("HTTP/1.1 200 "));
  BOOST_TEST(becomes(R"("running":0,"waiting":0)"));
}

BOOST_AUTO_TEST_CASE(a_client_that_vanishes_gives_its_place_back) {
  {
    RawClient running = client();
    running.send(chat());
    BOOST_REQUIRE(becomes(R"("running":1,"waiting":0)"));
    RawClient waiting = client();
    waiting.send(chat(R"(,"stream":true)"));
    BOOST_REQUIRE(becomes(R"("running":1,"waiting":1)"));
  }
  BOOST_TEST(becomes(R"("running":0,"waiting":0)"));
  BOOST_TEST(ask(chat()).starts_with("HTTP/1.1 200 "));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(demo_llm_process)

// Runs it in a child whose output can be read.
struct Child {
  explicit Child(const DemoLlmOptions& options) {
    int ends[2] = {-1, -1};
    BOOST_REQUIRE(::pipe(ends) == 0);
    std::cout.flush();  // or the child would write our pending output too
    pid = ::fork();
    if (pid == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::dup2(ends[1], STDERR_FILENO);
      ::_exit(run_demo_llm(options));
    }
    ::close(ends[1]);
    output = ends[0];
  }
  ~Child() {
    if (pid > 0) wait(SIGKILL);
    ::close(output);
  }
  std::string read_line() const {
    std::string line;
    char letter = 0;
    while (::read(output, &letter, 1) == 1 && letter != '\n') line += letter;
    return line;
  }
  int wait(int signal) {
    int status = -1;
    ::kill(pid, signal);
    ::waitpid(std::exchange(pid, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  pid_t pid = -1;
  int output = -1;
};

BOOST_AUTO_TEST_CASE(sigterm_lets_the_answer_under_way_finish) {
  DemoLlmOptions options = quick_options();
  options.first_token = core::milliseconds(150);
  options.startup_delay = core::milliseconds(30);
  Child child(options);
  BOOST_TEST(child.read_line() == "skyctl demo-llm: loading");
  const std::string line = child.read_line();
  BOOST_TEST(line.find("not a language model") != std::string::npos);
  const auto port = std::stoi(line.substr(line.find("127.0.0.1:") + 10));
  RawClient c = RawClient::to_port(static_cast<std::uint16_t>(port));
  c.send(chat());
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  const int status = child.wait(SIGTERM);
  BOOST_TEST(status == 0);
  BOOST_TEST(c.read_to_end().find("stand-in for llama3") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_port_in_use_ends_it_with_a_clear_text) {
  adapters::Reactor reactor;
  DemoLlmServer first(reactor, quick_options());
  BOOST_REQUIRE(first.listen());
  DemoLlmOptions options = quick_options();
  options.port = first.port();
  Child child(options);
  BOOST_TEST(child.read_line().find("address already in use") != std::string::npos);
  BOOST_TEST(child.wait(0) == 1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::cli
