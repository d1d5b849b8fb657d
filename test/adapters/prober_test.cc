#include "adapters/prober.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "adapters/http_client.h"
#include "test/adapters/loop.h"
#include "test/adapters/scripted_server.h"

namespace sky::adapters {
namespace {

ProbeTask task_for(std::uint32_t replica, int port) {
  ProbeTask task;
  task.service = "web";
  task.replica = {replica};
  task.attempt = 1;
  task.host = "127.0.0.1";
  task.port = static_cast<std::uint16_t>(port);
  task.interval = core::seconds(60);
  return task;
}

struct Probing {
  Reactor reactor;
  HttpClient client{reactor};
  std::vector<core::ProbeReturned> results;
  Prober prober{reactor, client, [this](core::ProbeReturned result) { results.push_back(result); }};

  bool wait_for(std::size_t count) {
    return run_until(reactor, [&] { return results.size() >= count; });
  }
  std::ptrdiff_t count_of(std::uint32_t replica) const {
    return std::count_if(results.begin(), results.end(), [&](const core::ProbeReturned& result) {
      return result.replica == core::ReplicaId{replica};
    });
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(adapters_prober)

BOOST_AUTO_TEST_CASE(a_probe_is_sent_at_once_as_the_task_says) {
  Probing probing;
  std::string seen;
  ScriptedServer server(probing.reactor, [&](const std::string& request) {
    seen = request;
    return http_answer(200, "ok");
  });
  ProbeTask task = task_for(1, server.port());
  task.method = "POST";
  task.path = "/v1/chat/completions";
  task.headers = {"Content-Type: application/json", "Authorization: Bearer k"};
  task.body = "{}";

  probing.prober.set_tasks({task});
  BOOST_TEST(probing.results.empty());
  BOOST_REQUIRE(probing.wait_for(1));

  BOOST_TEST(probing.results[0].answer.ok);
  BOOST_TEST(probing.results[0].answer.http_status == 200);
  BOOST_TEST(probing.results[0].answer.latency.count() > 0);
  BOOST_TEST(probing.results[0].answer.error.empty());
  BOOST_TEST(seen.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"));
  BOOST_TEST(seen.find("Authorization: Bearer k\r\n") != std::string::npos);
  BOOST_TEST(seen.ends_with("\r\n\r\n{}"));
}

BOOST_AUTO_TEST_CASE(every_failure_is_an_answer_with_its_reason) {
  Probing probing;
  ScriptedServer silent(probing.reactor, [](const std::string&) { return std::string(); });
  ScriptedServer busy(probing.reactor, [](const std::string&) { return http_answer(503, "no"); });
  int closed_port = 0;
  {
    ScriptedServer gone(probing.reactor, [](const std::string&) { return std::string(); });
    closed_port = gone.port();
  }
  ProbeTask slow = task_for(1, silent.port());
  slow.timeout = core::milliseconds(60);

  probing.prober.set_tasks({slow, task_for(2, busy.port()), task_for(3, closed_port)});
  BOOST_REQUIRE(probing.wait_for(3));

  for (const core::ProbeReturned& result : probing.results) {
    BOOST_TEST(!result.answer.ok);
    const std::string& error = result.answer.error;
    if (result.replica.value == 1) BOOST_TEST(error.starts_with("no answer in time"), error);
    if (result.replica.value == 2) BOOST_TEST(error == "answered 503, not 200");
    if (result.replica.value == 2) BOOST_TEST(result.answer.http_status == 503);
    if (result.replica.value == 3) BOOST_TEST(error.starts_with("refused"), error);
  }
}

BOOST_AUTO_TEST_CASE(a_slow_replica_delays_nobody_and_is_asked_once_at_a_time) {
  Probing probing;
  ScriptedServer silent(probing.reactor, [](const std::string&) { return std::string(); });
  ScriptedServer quick(probing.reactor, [](const std::string&) { return http_answer(200, "ok"); });
  ProbeTask slow = task_for(1, silent.port());
  slow.timeout = core::milliseconds(250);
  slow.interval = core::milliseconds(20);
  ProbeTask fast = task_for(2, quick.port());
  fast.interval = core::milliseconds(20);

  probing.prober.set_tasks({slow, fast});
  run_for(probing.reactor, std::chrono::milliseconds(400));

  BOOST_TEST(probing.count_of(2) >= 8);
  BOOST_TEST(probing.count_of(1) == 1);  // and the second is under way
  BOOST_TEST(silent.requests() == 2);
}

BOOST_AUTO_TEST_CASE(the_tasks_are_the_whole_truth) {
  Probing probing;
  ScriptedServer server(probing.reactor, [](const std::string&) { return http_answer(200, "ok"); });
  const ProbeTask first = task_for(1, server.port());
  ProbeTask second = task_for(2, server.port());
  probing.prober.set_tasks({first, second});
  BOOST_REQUIRE(probing.wait_for(2));

  second.attempt = 2;  // another machine
  probing.prober.set_tasks({first, second, task_for(3, server.port())});
  BOOST_REQUIRE(probing.wait_for(4));
  probing.prober.set_tasks({});
  run_for(probing.reactor, std::chrono::milliseconds(30));

  BOOST_TEST(probing.count_of(1) == 1);
  BOOST_TEST(probing.count_of(2) == 2);
  BOOST_TEST(probing.count_of(3) == 1);
  BOOST_TEST(probing.prober.task_count() == 0U);
}

BOOST_AUTO_TEST_CASE(an_answer_of_a_removed_task_is_not_reported) {
  Probing probing;
  ScriptedServer server(probing.reactor, [](const std::string&) { return http_answer(200, "ok"); });

  probing.prober.set_tasks({task_for(1, server.port())});
  probing.prober.set_tasks({});
  run_for(probing.reactor, std::chrono::milliseconds(40));

  BOOST_TEST(probing.results.empty());
}

BOOST_AUTO_TEST_CASE(probe_now_does_not_wait_for_the_interval) {
  Probing probing;
  ScriptedServer server(probing.reactor, [](const std::string&) { return http_answer(200, "ok"); });
  probing.prober.set_tasks({task_for(1, server.port())});
  BOOST_REQUIRE(probing.wait_for(1));

  probing.prober.probe_now("web", {1});
  probing.prober.probe_now("web", {1});  // it is being asked already
  probing.prober.probe_now("web", {9});  // nobody

  BOOST_REQUIRE(probing.wait_for(2));
  run_for(probing.reactor, std::chrono::milliseconds(30));
  BOOST_TEST(probing.results.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_thousand_replicas_are_probed_in_time) {
  Probing probing;
  ScriptedServer server(probing.reactor, [](const std::string&) { return http_answer(200, "ok"); });
  std::vector<ProbeTask> tasks;
  for (std::uint32_t i = 1; i <= 1000; ++i) tasks.push_back(task_for(i, server.port()));

  probing.prober.set_tasks(tasks);

  BOOST_TEST(probing.wait_for(1000));
  BOOST_TEST(std::all_of(probing.results.begin(), probing.results.end(),
                         [](const core::ProbeReturned& result) { return result.answer.ok; }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters
