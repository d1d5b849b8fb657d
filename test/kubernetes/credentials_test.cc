// Credentials that change, expire, hang and are refused: against real programs, files and sockets.
#include "adapters/kubernetes/credentials.h"

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <optional>

#include "adapters/http_client.h"
#include "adapters/kubernetes/api_client.h"
#include "test/adapters/loop.h"
#include "test/adapters/scripted_server.h"
#include "test/events/temporary_directory.h"

namespace sky::adapters::kubernetes {
namespace {

core::Result<Access> no_reload() { return core::Error{core::ErrorCode::not_found, "no file"}; }

core::Result<Credentials::Ready> get(Reactor& reactor, Credentials& credentials) {
  std::optional<core::Result<Credentials::Ready>> answer;
  credentials.get([&](core::Result<Credentials::Ready> ready) { answer = std::move(ready); });
  BOOST_TEST(!answer.has_value(), "never from inside get()");
  BOOST_REQUIRE(run_until(reactor, [&] { return answer.has_value(); }));
  return *answer;
}

// Counts its runs in a file, then prints a credential.
Access with_plugin(const events::TemporaryDirectory& folder, const std::string& expires) {
  const auto script = folder / "plugin.sh";
  std::ofstream(script)
      << "#!/bin/sh\necho x >>'" << (folder / "runs").string()
      << "'\ncase \"$KUBERNETES_EXEC_INFO\" in *ExecCredential*) ;; *) exit 3 ;; esac\n"
      << "printf '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\","
      << "\"status\":{\"token\":\"%s\"" << expires << "}}' \"$1-$(wc -l <'"
      << (folder / "runs").string() << "' | tr -d ' ')\"\n";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  Access access;
  access.context = "test";
  access.name_space = "default";
  access.user.exec.emplace();
  access.user.exec->api_version = "client.authentication.k8s.io/v1";
  access.user.exec->command = script.string();
  access.user.exec->arguments = {"token"};
  return access;
}

ChildCommand shell(const std::string& text) {
  ChildCommand command;
  command.program = "sh";
  command.arguments = {"-c", text};
  return command;
}

core::Result<std::string> output_of(Reactor& reactor, ChildOutput& child,
                                    const ChildCommand& command) {
  std::optional<core::Result<std::string>> answer;
  child.run(command, [&](core::Result<std::string> output) { answer = std::move(output); });
  BOOST_REQUIRE(run_until(reactor, [&] { return answer.has_value(); }));
  return *answer;
}

core::Result<std::string> output_of(const ChildCommand& command) {
  Reactor reactor;
  ChildOutput child(reactor);
  return output_of(reactor, child, command);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(kubernetes_credentials)

BOOST_AUTO_TEST_CASE(a_program_s_output_comes_whole_and_its_failures_are_told_apart) {
  BOOST_TEST(*output_of(shell("printf 'a\\nb'")) == "a\nb");
  BOOST_TEST(output_of(shell("exit 7")).error().text == "sh ended with status 7");
  BOOST_TEST(output_of(shell("kill -9 $$")).error().text == "sh was killed by signal 9");
  ChildCommand missing;
  missing.program = "no-such-program-here";
  BOOST_TEST((output_of(missing).error().code == core::ErrorCode::not_found));
}

BOOST_AUTO_TEST_CASE(a_program_that_hangs_or_floods_is_ended_with_all_it_started) {
  const events::TemporaryDirectory folder;
  ChildCommand hanging = shell("echo $$ >'" + (folder / "pid").string() + "'; sleep 60 & sleep 60");
  hanging.timeout = core::milliseconds(300);
  Reactor reactor;
  ChildOutput child(reactor);
  BOOST_TEST((output_of(reactor, child, hanging).error().code == core::ErrorCode::unavailable));
  std::ifstream file(folder / "pid");
  pid_t group = 0;
  BOOST_REQUIRE(file >> group);
  BOOST_TEST(run_until(reactor, [&] { return ::kill(-group, 0) != 0; }));

  ChildCommand flooding = shell("yes");
  flooding.max_output = 100'000;
  BOOST_TEST(output_of(flooding).error().text == "sh printed more than it may");
}

BOOST_AUTO_TEST_CASE(a_plugin_runs_once_for_many_and_again_when_it_is_not_believed) {
  const events::TemporaryDirectory folder;
  Reactor reactor;
  Credentials credentials(reactor, with_plugin(folder, ""), no_reload);
  int answers = 0;
  for (int i = 0; i < 5; ++i)
    credentials.get([&](const core::Result<Credentials::Ready>& ready) {
      BOOST_REQUIRE_MESSAGE(ready.has_value(), (ready ? "" : ready.error().text));
      BOOST_TEST(ready->headers.front() == "Authorization: Bearer token-1");
      ++answers;
    });
  BOOST_REQUIRE(run_until(reactor, [&] { return answers == 5; }));
  BOOST_TEST(get(reactor, credentials)->headers.front() == "Authorization: Bearer token-1");
  credentials.reject();
  BOOST_TEST(get(reactor, credentials)->headers.front() == "Authorization: Bearer token-2");
}

BOOST_AUTO_TEST_CASE(what_a_plugin_gave_is_asked_for_anew_before_it_expires) {
  const events::TemporaryDirectory folder;
  Reactor reactor;
  Credentials credentials(
      reactor, with_plugin(folder, ",\"expirationTimestamp\":\"2020-01-01T00:00:00Z\""), no_reload);
  BOOST_TEST(get(reactor, credentials)->headers.front() == "Authorization: Bearer token-1");
  BOOST_TEST(get(reactor, credentials)->headers.front() == "Authorization: Bearer token-2");
}

BOOST_AUTO_TEST_CASE(a_plugin_that_is_not_installed_says_how_to_get_it) {
  Reactor reactor;
  Access access;
  access.user.exec.emplace();
  access.user.exec->command = "no-such-plugin-here";
  access.user.exec->install_hint = "gcloud components install it";
  Credentials credentials(reactor, access, no_reload);
  const auto ready = get(reactor, credentials);
  BOOST_REQUIRE(!ready);
  BOOST_TEST(ready.error().text.find("gcloud components install it") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_token_file_that_was_rotated_is_read_when_the_cluster_refuses_the_old_one) {
  const events::TemporaryDirectory folder;
  std::ofstream(folder / "token") << "old\n";
  Reactor reactor;
  std::vector<std::string> seen;
  ScriptedServer server(reactor, [&](const std::string& request) {
    const bool is_new = request.find("Authorization: Bearer new\r\n") != std::string::npos;
    seen.push_back(is_new ? "new" : "old");
    std::ofstream(folder / "token") << "new\n";
    return http_answer(is_new ? 200 : 401, "{}");
  });
  HttpClient http(reactor);
  Access access;
  access.cluster.server = server.url("");
  access.user.token_file = folder / "token";
  ApiClient client(reactor, http, access, no_reload);
  std::optional<ApiAnswer> answer;
  client.send({.path = "/version"}, [&](ApiAnswer got) { answer = std::move(got); });
  BOOST_REQUIRE(run_until(reactor, [&] { return answer.has_value(); }));
  BOOST_TEST(!answer->failure.has_value());
  BOOST_TEST(seen == (std::vector<std::string>{"old", "new"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_cluster_that_refuses_twice_is_believed) {
  Reactor reactor;
  ScriptedServer server(reactor, [](const std::string&) { return http_answer(401, "{}"); });
  HttpClient http(reactor);
  Access access;
  access.cluster.server = server.url("");
  access.user.token = "t";
  ApiClient client(reactor, http, access, no_reload);
  std::optional<ApiAnswer> answer;
  client.send({.path = "/version"}, [&](ApiAnswer got) { answer = std::move(got); });
  BOOST_REQUIRE(run_until(reactor, [&] { return answer.has_value(); }));
  BOOST_REQUIRE(answer->failure);
  BOOST_TEST((answer->failure->kind == core::FailureKind::auth));
  BOOST_TEST(server.requests() == 2);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters::kubernetes
