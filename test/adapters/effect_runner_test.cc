#include "adapters/effect_runner.h"

#include <boost/test/unit_test.hpp>

#include "adapters/secret_store.h"
#include "test/adapters/loop.h"
#include "test/adapters/temporary_directory.h"

namespace sky::adapters {
namespace {

// Remembers what it was asked; the test answers.
class ScriptedCloud final : public Cloud {
 public:
  explicit ScriptedCloud(std::string name) : name_(std::move(name)) {}

  std::string name() const override { return name_; }
  void launch(const core::LaunchInstance&, const Secrets& secrets, LaunchDone done) override {
    seen_secrets = secrets;
    launches.push_back(std::move(done));
  }
  void terminate(const core::TerminateInstance&, TerminateDone done) override {
    terminations.push_back(std::move(done));
  }
  void terminate_orphan(const core::TerminateOrphan&, TerminateDone done) override {
    orphans.push_back(std::move(done));
  }
  void list(ListDone done) override { lists.push_back(std::move(done)); }
  void preempt(const core::PreemptInstance& order) override { preempted.push_back(order.replica); }

  Secrets seen_secrets;
  std::vector<LaunchDone> launches;
  std::vector<TerminateDone> terminations;
  std::vector<TerminateDone> orphans;
  std::vector<ListDone> lists;
  std::vector<core::ReplicaId> preempted;

 private:
  std::string name_;
};

struct Running {
  TemporaryDirectory home;
  Reactor reactor;
  SecretStore secrets{home.path / "secrets"};
  std::vector<core::InputBody> inputs;
  std::vector<core::ReplicaId> probed;
  ScriptedCloud cloud{"aws"};
  std::unique_ptr<EffectRunner> runner = std::make_unique<EffectRunner>(EffectRunner::Edges{
      reactor,
      [this](const core::ServiceName& service, core::Version version) {
        return secrets.get(service, version);
      },
      [this](const core::ServiceName&, core::ReplicaId replica) { probed.push_back(replica); },
      [] { return core::Instant(core::seconds(7)); },
      [this](core::InputBody input) { inputs.push_back(std::move(input)); }});

  Running() { runner->add_cloud(cloud, true); }
  bool wait() {
    return run_until(reactor, [&] { return !inputs.empty(); });
  }
};

core::LaunchInstance a_launch(bool is_sandbox = true, const std::string& cloud = "aws") {
  core::LaunchInstance order;
  order.service = "web";
  order.replica = {3};
  order.attempt = 2;
  order.version = {1};
  order.offer.place.cloud = cloud;
  order.spec.sandbox.enabled = is_sandbox;
  return order;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(adapters_effect_runner)

BOOST_AUTO_TEST_CASE(a_launch_gets_its_secrets_and_ends_in_one_input) {
  Running running;
  BOOST_TEST(running.secrets.put("web", {1}, {{"KEY", "v"}}).has_value());

  running.runner->run(a_launch());
  running.runner->run(a_launch());  // a retry while the first is under way
  BOOST_REQUIRE(running.cloud.launches.size() == 1U);
  running.cloud.launches[0](core::ProvisionSucceeded{2, "i-1", "h", 80});

  BOOST_TEST((running.cloud.seen_secrets == Secrets{{"KEY", "v"}}));
  BOOST_REQUIRE(running.inputs.size() == 1U);
  const auto& answer = std::get<core::LaunchAnswered>(running.inputs[0]);
  BOOST_TEST(answer.service == "web");
  BOOST_TEST((answer.replica == core::ReplicaId{3}));
  BOOST_TEST(answer.attempt == 2U);
  BOOST_TEST(std::get<core::ProvisionSucceeded>(answer.outcome).instance_id == "i-1");
  running.runner->run(a_launch());  // after the answer it is asked again
  BOOST_TEST(running.cloud.launches.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_cloud_that_is_not_configured_is_unsupported_and_never_the_sandbox) {
  for (const auto& order : {a_launch(true, "gcp"), a_launch(false, "aws")}) {
    Running running;
    running.runner->run(order);
    BOOST_TEST(running.inputs.empty());
    BOOST_REQUIRE(running.wait());

    const auto& answer = std::get<core::LaunchAnswered>(running.inputs[0]);
    const auto& failure = std::get<core::Failure>(answer.outcome);
    BOOST_TEST((failure.kind == core::FailureKind::unsupported));
    BOOST_TEST((failure.scope == core::FailureScope::cloud));
    BOOST_TEST(failure.text.find(order.offer.place.cloud) != std::string::npos);
    BOOST_TEST(running.cloud.launches.empty());
  }
}

BOOST_AUTO_TEST_CASE(terminations_lists_orphans_and_preemptions_come_back_as_inputs) {
  Running running;
  core::TerminateInstance terminate;
  terminate.service = "web";
  terminate.replica = {3};
  terminate.offer.place.cloud = "aws";
  terminate.sandbox = true;
  core::PreemptInstance preempt;
  preempt.replica = {4};
  preempt.offer.place.cloud = "aws";

  running.runner->run(terminate);
  running.runner->run(core::SweepInstances{});
  running.runner->run(core::TerminateOrphan{"i-9", {"aws", "r", "z"}, true});
  running.runner->run(preempt);
  running.cloud.terminations.at(0)(std::monostate{});
  running.cloud.lists.at(0)(std::vector<core::ListedInstance>{{"i-9", {}, "web", {3}, 1}});
  running.cloud.orphans.at(0)(std::monostate{});

  BOOST_REQUIRE(running.inputs.size() == 3U);
  BOOST_TEST(std::get<core::TerminateAnswered>(running.inputs[0]).outcome.index() == 0U);
  const auto& listed = std::get<core::InstancesListed>(running.inputs[1]);
  BOOST_TEST(listed.cloud == "aws");
  BOOST_TEST(listed.instances.size() == 1U);
  BOOST_TEST((listed.asked_at == core::Instant(core::seconds(7))));
  BOOST_TEST(listed.sandbox);
  BOOST_TEST(std::get<core::OrphanTerminated>(running.inputs[2]).instance_id == "i-9");
  BOOST_TEST((running.cloud.preempted == std::vector<core::ReplicaId>{{4}}));
}

BOOST_AUTO_TEST_CASE(an_orphan_of_a_real_cloud_is_none_of_the_sandbox_s_business) {
  Running running;
  running.runner->run(core::TerminateOrphan{"i-9", {"aws", "r", "z"}, false});
  BOOST_TEST(running.cloud.orphans.empty());
}

BOOST_AUTO_TEST_CASE(a_list_that_failed_proves_nothing) {
  Running running;
  running.runner->run(core::SweepInstances{});
  running.cloud.lists.at(0)(core::Failure{});
  BOOST_TEST(running.inputs.empty());
}

BOOST_AUTO_TEST_CASE(an_answer_after_the_end_reaches_nobody) {
  Running running;
  running.runner->run(a_launch());
  running.runner->run(a_launch(true, "gcp"));
  running.runner.reset();

  running.cloud.launches.at(0)(core::ProvisionSucceeded{});
  run_for(running.reactor, std::chrono::milliseconds(10));

  BOOST_TEST(running.inputs.empty());
}

BOOST_AUTO_TEST_CASE(probe_now_reaches_the_prober) {
  Running running;
  running.runner->run(core::ProbeNow{"web", {1}});
  BOOST_TEST((running.probed == std::vector<core::ReplicaId>{{1}}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters
