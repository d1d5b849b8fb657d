#include "adapters/sandbox/sandbox_cloud.h"

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <set>

#include "adapters/durable_file.h"
#include "adapters/process.h"
#include "adapters/sandbox/machine_files.h"
#include "test/adapters/loop.h"
#include "test/adapters/sandbox_world.h"

namespace sky::adapters::sandbox {

using core::FailureKind;
using core::InstanceChange;

BOOST_AUTO_TEST_SUITE(adapters_sandbox_cloud)

BOOST_AUTO_TEST_CASE(a_launched_machine_runs_setup_then_run_with_its_environment) {
  World world;
  auto order = an_order(
      "echo run $OLLAMA_HOST $SKYPILOT_SERVE_REPLICA_ID $SKYPILOT_NODE_RANK $SKYPILOT_NODE_IPS "
      "$SKYPILOT_NUM_GPUS_PER_NODE $PORT $SKYCTL_REPLICA_PORT $KEY --port 8888; sleep 60");
  order.spec.task.setup = "echo setup was here >&2";
  order.spec.task.envs = {{"OLLAMA_HOST", "0.0.0.0:8888"}};

  const auto answer = world.launch(order, {{"KEY", "s3cret"}});
  BOOST_REQUIRE(succeeded(answer));
  BOOST_TEST(world.change(InstanceChange::started).has_value());
  BOOST_TEST(world.wait([&] { return world.output().find("run") != std::string::npos; }));

  const auto port = std::to_string(succeeded(answer)->port);
  BOOST_TEST(succeeded(answer)->host == "127.0.0.1");
  BOOST_TEST(succeeded(answer)->instance_id == "sky-web-1-1-00000001");
  BOOST_TEST((succeeded(answer)->port >= 20000 && succeeded(answer)->port < 30000));
  BOOST_TEST(world.output() == "setup was here\nrun 0.0.0.0:" + port + " 1 0 127.0.0.1 1 " + port +
                                   " " + port + " s3cret --port " + port + "\n");
  BOOST_TEST(world.terminate(order));
}

BOOST_AUTO_TEST_CASE(secrets_and_credentials_of_the_daemon_stay_out_of_files_and_programs) {
  World world;
  setenv("AWS_SECRET_ACCESS_KEY", "daemons-own", 1);
  const auto order = an_order("echo [$AWS_SECRET_ACCESS_KEY][$KEY]; sleep 60");

  BOOST_REQUIRE(succeeded(world.launch(order, {{"KEY", "s3cret"}})));
  unsetenv("AWS_SECRET_ACCESS_KEY");

  BOOST_TEST(world.wait([&] { return world.output() == "[][s3cret]\n"; }));
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(world.home() / "sandbox")) {
    if (!entry.is_regular_file()) continue;
    BOOST_TEST(read_file(entry.path()).value().find("s3cret") == std::string::npos, entry.path());
    const auto others = std::filesystem::perms::group_all | std::filesystem::perms::others_all;
    BOOST_TEST(((entry.status().permissions() & others) == std::filesystem::perms::none));
  }
}

BOOST_AUTO_TEST_CASE(the_same_token_twice_is_one_machine) {
  World world;
  const auto order = an_order("echo once; sleep 60");

  const auto first = world.launch(order);
  const auto second = world.launch(order);

  BOOST_REQUIRE((succeeded(first) && succeeded(second)));
  BOOST_TEST((*succeeded(first) == *succeeded(second)));
  BOOST_TEST(world.list().size() == 1U);
  BOOST_TEST(world.wait([&] { return world.output() == "once\n"; }));
}

BOOST_AUTO_TEST_CASE(a_daemon_that_died_finds_its_machine_alive_and_does_not_restart_it) {
  World world;
  const auto order = an_order("echo once; sleep 60");
  const auto before = world.launch(order);
  BOOST_REQUIRE(world.wait([&] { return world.output() == "once\n"; }));
  const auto process = read_state(world.directory(order)).value().process;

  world.restart();
  const auto after = world.launch(order);

  BOOST_REQUIRE((succeeded(before) && succeeded(after)));
  BOOST_TEST((*succeeded(before) == *succeeded(after)));
  BOOST_TEST(is_alive(process));
  BOOST_TEST(world.change(InstanceChange::started).has_value());
  BOOST_TEST(world.output() == "once\n");
  BOOST_TEST(world.terminate(order));
  BOOST_TEST(!is_alive(process));
}

BOOST_AUTO_TEST_CASE(an_order_that_was_accepted_but_not_started_is_started_by_the_same_token) {
  World world;
  auto order = an_order("sleep 60");
  order.spec.sandbox.speed_percent = 100;  // still provisioning when the daemon dies
  world.restart();
  bool is_called = false;
  world.cloud().launch(order, {}, [&](auto) { is_called = true; });
  world.wait([&] { return read_state(world.directory(order)).has_value(); });
  signal_process(read_state(world.directory(order)).value().process, SIGKILL);
  std::filesystem::remove(state_file(world.directory(order)));

  world.restart();
  BOOST_TEST(world.list().size() == 1U);
  world.cloud().launch(order, {}, [](auto) {});

  BOOST_TEST(world.wait([&] { return read_state(world.directory(order)).has_value(); }));
  BOOST_TEST(!is_called);
  BOOST_TEST(world.terminate(order));
}

BOOST_AUTO_TEST_CASE(terminate_leaves_no_process_not_even_those_that_hide) {
  World world;
  const auto order = an_order(
      "trap '' TERM; (trap '' TERM; sleep 61) & setsid sh -c 'trap \"\" TERM; sleep 62 & sleep 63' "
      "& "
      "(setsid sleep 64 &) ; echo up; sleep 65; sleep 66");
  BOOST_REQUIRE(succeeded(world.launch(order)));
  BOOST_REQUIRE(world.wait([&] { return world.output() == "up\n" && world.processes() >= 6; }));

  BOOST_TEST(world.terminate(order));

  BOOST_TEST(world.processes() == 0U);
  BOOST_TEST(!std::filesystem::exists(world.directory(order)));
  BOOST_TEST(world.output() == "up\n");  // the log stays
  BOOST_TEST(world.list().empty());
  BOOST_TEST(world.terminate(order));  // and again
  BOOST_TEST(!world.was_reported(InstanceChange::lost));
}

BOOST_AUTO_TEST_CASE(a_server_that_obeys_sigterm_may_say_good_bye) {
  World world;
  const auto order =
      an_order("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done");
  BOOST_REQUIRE(succeeded(world.launch(order)));
  BOOST_REQUIRE(world.wait([&] { return world.output() == "up\n"; }));

  BOOST_TEST(world.terminate(order));

  BOOST_TEST(world.output().ends_with("bye\n"));
}

BOOST_AUTO_TEST_CASE(a_machine_is_terminated_while_it_is_provisioned) {
  World world;
  auto order = an_order("sleep 60");
  order.spec.sandbox.speed_percent = 100;  // takes half a minute
  world.restart();
  std::optional<LaunchAnswer> answer;
  world.cloud().launch(order, {}, [&](auto outcome) { answer = std::move(outcome); });
  world.wait([&] { return read_state(world.directory(order)).has_value(); });

  BOOST_TEST(world.terminate(order));

  BOOST_REQUIRE(failed(answer));
  BOOST_TEST((failed(answer)->kind == FailureKind::not_found));
  BOOST_TEST(world.processes() == 0U);
}

BOOST_AUTO_TEST_CASE(a_notice_comes_first_and_the_machine_is_taken_at_its_deadline) {
  World world;
  auto order = an_order("trap '' TERM; sleep 60 & wait; sleep 60");
  order.spec.sandbox.speed_percent = 40'000;  // aws: 120 s become 300 ms
  BOOST_REQUIRE(succeeded(world.launch(order)));
  BOOST_REQUIRE(world.change(InstanceChange::started).has_value());

  const auto begin = std::chrono::steady_clock::now();
  world.preempt(order);
  const auto noticed = world.change(InstanceChange::noticed);
  BOOST_REQUIRE(noticed.has_value());
  BOOST_TEST((noticed->notice_left > core::milliseconds(100) &&
              noticed->notice_left <= core::milliseconds(300)));
  BOOST_TEST(!world.was_reported(InstanceChange::preempted));
  BOOST_REQUIRE(world.change(InstanceChange::preempted).has_value());

  BOOST_TEST((std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(299)));
  BOOST_TEST(world.wait([&] { return world.processes() == 0; }));
  BOOST_TEST(world.list().empty());
}

BOOST_AUTO_TEST_CASE(a_deadline_holds_with_no_daemon_and_is_reported_after_its_restart) {
  World world;
  auto order = an_order("sleep 60");
  order.spec.sandbox.speed_percent = 40'000;
  BOOST_REQUIRE(succeeded(world.launch(order)));
  world.preempt(order);
  world.kill_daemon();

  BOOST_TEST(world.wait([&] { return world.processes() == 0; }));
  world.restart();

  const auto change = world.change(InstanceChange::preempted);
  BOOST_REQUIRE(change.has_value());
  BOOST_TEST(change->attempt == 1U);
  BOOST_TEST(world.list().empty());
}

BOOST_AUTO_TEST_CASE(a_failed_setup_is_reported_with_its_last_lines) {
  World world;
  auto order = an_order("echo never");
  order.spec.task.setup = "seq 100; echo no such model >&2; exit 7";
  BOOST_REQUIRE(succeeded(world.launch(order)));

  const auto change = world.change(InstanceChange::user_code_ended);
  BOOST_REQUIRE(change.has_value());

  BOOST_TEST(change->text.starts_with("setup ended with status 7; its last output:\n92\n93\n"));
  BOOST_TEST(change->text.ends_with("100\nno such model"));
  BOOST_TEST(!world.was_reported(InstanceChange::started));
  BOOST_TEST(world.list().size() == 1U);  // still held, still billed
  BOOST_TEST(world.terminate(order));
  BOOST_TEST(world.list().empty());
}

BOOST_AUTO_TEST_CASE(a_server_that_ends_is_reported_also_when_nobody_listened) {
  World world;
  const auto order = an_order("sleep 0.2; kill -9 $$");
  BOOST_REQUIRE(succeeded(world.launch(order)));
  world.kill_daemon();
  BOOST_TEST(world.wait([&] { return world.processes() == 0; }));

  world.restart();
  const auto change = world.change(InstanceChange::user_code_ended);

  BOOST_REQUIRE(change.has_value());
  BOOST_TEST(change->text == "run was killed by signal 9 (Killed)");
}

BOOST_AUTO_TEST_CASE(a_machine_whose_process_is_killed_is_lost_with_all_that_ran_on_it) {
  World world;
  const auto order = an_order("(setsid sleep 60 &); sleep 60");
  BOOST_REQUIRE(succeeded(world.launch(order)));
  BOOST_REQUIRE(world.wait([&] { return world.processes() >= 4; }));

  signal_process(read_state(world.directory(order)).value().process, SIGKILL);

  BOOST_TEST(world.change(InstanceChange::lost).has_value());
  BOOST_TEST(world.wait([&] { return world.processes() == 0; }));
  BOOST_TEST(world.list().empty());
  BOOST_TEST(world.terminate(order));
}

BOOST_AUTO_TEST_CASE(a_flooding_replica_fills_no_disk) {
  World world;
  const auto order = an_order("head -c 30000000 /dev/zero | tr '\\0' x; echo; echo done; sleep 60");
  BOOST_REQUIRE(succeeded(world.launch(order)));

  BOOST_REQUIRE(world.wait([&] { return world.output().ends_with("done\n"); }));

  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(world.home() / "logs" / "web")) {
    bytes += entry.file_size();
  }
  BOOST_TEST(bytes <= 2U * (8U << 20U));
  BOOST_TEST(bytes > (8U << 20U));
}

BOOST_AUTO_TEST_CASE(a_full_zone_says_so_in_the_words_of_its_cloud) {
  World world;
  const auto order = an_order("sleep 60");  // four spot machines fit
  for (std::uint32_t i = 1; i <= 4; ++i) BOOST_TEST(succeeded(world.launch(numbered(order, i))));

  const auto answer = world.launch(numbered(order, 5));
  BOOST_REQUIRE(failed(answer));
  BOOST_TEST((failed(answer)->kind == FailureKind::capacity));
  BOOST_TEST((failed(answer)->scope == core::FailureScope::zone));
  BOOST_TEST(failed(answer)->text.starts_with("InsufficientInstanceCapacity"));

  auto on_demand = numbered(order, 6);
  on_demand.offer.market = core::Market::on_demand;  // another market, another pool
  BOOST_TEST(succeeded(world.launch(on_demand)));
  BOOST_TEST(world.terminate(numbered(order, 1)));
  BOOST_TEST(succeeded(world.launch(numbered(order, 7))));
}

BOOST_AUTO_TEST_CASE(pods_fit_on_nodes_and_the_scheduler_says_why_not) {
  World world("kubernetes");
  const auto order = an_order("sleep 60", "kubernetes");
  for (std::uint32_t i = 1; i <= 3; ++i) BOOST_TEST(succeeded(world.launch(numbered(order, i))));

  const auto answer = world.launch(numbered(order, 4));

  BOOST_REQUIRE(failed(answer));
  BOOST_TEST((failed(answer)->kind == FailureKind::capacity));
  BOOST_TEST(failed(answer)->text == "0/3 nodes are available: 3 Insufficient nvidia.com/gpu.");
}

BOOST_AUTO_TEST_CASE(what_a_cloud_does_not_sell_is_unsupported) {
  World world("gcp");
  auto order = an_order("sleep 60", "gcp");
  order.offer.instance_type = "n1-standard-5";

  const auto answer = world.launch(order);

  BOOST_REQUIRE(failed(answer));
  BOOST_TEST((failed(answer)->kind == FailureKind::unsupported));
  BOOST_TEST(world.list().empty());
}

BOOST_AUTO_TEST_CASE(an_orphan_is_listed_and_terminated_by_its_id) {
  World world;
  const auto order = an_order("sleep 60");
  BOOST_REQUIRE(succeeded(world.launch(order)));
  world.restart();

  const auto listed = world.list();
  BOOST_REQUIRE(listed.size() == 1U);
  BOOST_TEST((listed[0].place == order.offer.place));
  BOOST_TEST(listed[0].service == "web");
  BOOST_TEST((listed[0].replica == core::ReplicaId{1}));
  BOOST_TEST(listed[0].attempt == 1U);
  bool done = false;
  world.cloud().terminate_orphan({listed[0].instance_id, listed[0].place},
                                 [&](auto outcome) { done = outcome.index() == 0; });

  BOOST_TEST(world.wait([&] { return done; }));
  BOOST_TEST(world.processes() == 0U);
}

BOOST_AUTO_TEST_CASE(replicas_of_one_service_get_different_ports) {
  World world;
  std::set<std::uint16_t> ports;
  for (std::uint32_t i = 1; i <= 4; ++i) {
    auto order = numbered(an_order("sleep 60"), i);
    order.token.replace(0, 32, "00000001ffffffffffffffffffffffff");  // the search begins alike
    const auto answer = world.launch(order);
    BOOST_REQUIRE(succeeded(answer));
    ports.insert(succeeded(answer)->port);
  }
  BOOST_TEST(ports.size() == 4U);
}

BOOST_AUTO_TEST_CASE(when_the_market_shrinks_the_newest_machines_get_their_notice) {
  World world;
  MarketTrace trace{core::seconds(1000), {}, {{2, 1}}};  // two, then one
  world.market = Market::recorded(trace, {"ap-northeast-3b"});
  world.market_speed_percent = 100'000;  // the change comes after a second
  auto order = an_order("sleep 60");
  order.offer.place.zone = "ap-northeast-3b";
  BOOST_REQUIRE(succeeded(world.launch(numbered(order, 1))));
  BOOST_REQUIRE(succeeded(world.launch(numbered(order, 2))));

  BOOST_TEST(world.change(InstanceChange::noticed, {2}).has_value());
  BOOST_TEST(world.change(InstanceChange::preempted, {2}).has_value());

  for (const auto& change : world.changes) {
    BOOST_TEST((change.replica == core::ReplicaId{2} || change.change == InstanceChange::started));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters::sandbox
