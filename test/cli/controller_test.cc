// The output gate: nothing leaves the controller before the events that caused it are durable.
#include "cli/controller.h"

#include <boost/test/unit_test.hpp>
#include <optional>
#include <string>
#include <vector>

#include "adapters/clock.h"
#include "adapters/reactor.h"
#include "events/log.h"

namespace sky::cli {
namespace {

core::ServiceSpec small_spec() {
  core::ServiceSpec spec;
  spec.name = "web";
  spec.resources.choices.emplace_back();
  spec.resources.port = 8080;
  spec.sandbox.enabled = true;
  return spec;
}

core::Offer small_offer() {
  core::Offer offer;
  offer.place = {"kubernetes", "sandbox", ""};
  offer.instance_type = "node";
  offer.market = core::Market::on_demand;
  return offer;
}

// A controller over a log in memory; each effect is kept with what was durable when it started.
struct World {
  struct Seen {
    core::Effect effect;
    core::Seq durable;
  };

  adapters::Reactor reactor;
  std::unique_ptr<events::Log> log = events::make_memory_log("0123456789abcdef0123456789abcdef");
  adapters::Clock clock{core::Instant{}};
  core::Duration ahead{0};  // of the real clock: timers are due, and have not run yet
  std::vector<Seen> effects;
  std::optional<core::Error> failure;
  events::CommitQueue queue{*log, reactor, [](core::Seq, const std::string&) {},
                            [this](const core::Error& error) { failure = error; }};
  Controller controller{reactor,
                        queue,
                        projections::Model{},
                        {[this] {
                           const core::Stamp now = clock.now();
                           return core::Stamp{now.at + ahead, now.wall + ahead};
                         },
                         [this](const core::Effect& effect) {
                           effects.push_back({effect, queue.durable()});
                         },
                         [](const std::vector<projections::ProbeTarget>&) {}, [](bool) {},
                         [](const core::ServiceName&) {}}};

  // Runs the loop until everything submitted is durable and its effects have started.
  void settle() {
    controller.when_durable([this] { reactor.stop(); });
    reactor.run();
  }

  void start() {
    controller.submit(core::Started{log->id(), "test", 1, core::Seq{}});
    settle();
  }
};

BOOST_AUTO_TEST_SUITE(cli_controller)

BOOST_AUTO_TEST_CASE(a_launch_starts_only_after_its_intent_is_durable) {
  World world;
  world.start();
  world.controller.submit(core::UpRequested{small_spec(), {small_offer()}, "me"});
  BOOST_TEST(world.effects.size() <= 1u);  // at most the sweep of the start
  world.settle();

  std::optional<core::Seq> intent;
  auto read = world.log->read(core::Seq{1}, [&](const events::Commit& commit, auto) {
    for (const core::Event& event : commit.events)
      if (std::holds_alternative<core::LaunchIntended>(event.body)) intent = event.seq;
    return true;
  });
  BOOST_TEST_REQUIRE(read.has_value());
  BOOST_TEST_REQUIRE(intent.has_value());
  bool launched = false;
  for (const World::Seen& seen : world.effects) {
    if (!std::holds_alternative<core::LaunchInstance>(seen.effect)) continue;
    launched = true;
    BOOST_TEST((seen.durable >= *intent));
  }
  BOOST_TEST(launched);
}

BOOST_AUTO_TEST_CASE(a_reply_waits_for_the_disk_and_a_rejection_does_not_write) {
  World world;
  world.start();
  bool replied = false;
  world.controller.submit(core::UpRequested{small_spec(), {small_offer()}, "me"},
                          [&](core::Result<void> done) { replied = done.has_value(); });
  BOOST_TEST(!replied);
  world.settle();
  BOOST_TEST(replied);

  const core::Seq before = world.controller.model().seq;
  std::string refusal;
  world.controller.submit(core::DownRequested{"nobody", "me"}, [&](core::Result<void> done) {
    if (!done) refusal = done.error().text;
  });
  BOOST_TEST(refusal.find("nobody") != std::string::npos);
  BOOST_TEST((world.controller.model().seq == before));
}

BOOST_AUTO_TEST_CASE(what_was_due_when_a_request_was_rejected_is_recorded_all_the_same) {
  World world;
  world.start();
  world.controller.submit(core::UpRequested{small_spec(), {small_offer()}, "me"});
  core::Failure failure;
  failure.kind = core::FailureKind::transient;
  world.controller.submit(core::LaunchAnswered{"web", core::ReplicaId{1}, 1, failure});
  world.settle();
  const core::Seq before = world.controller.model().seq;

  world.ahead = core::seconds(60);  // the launch is to be called again by now
  std::string refusal;
  world.controller.submit(core::DownRequested{"nobody", "me"}, [&](core::Result<void> done) {
    if (!done) refusal = done.error().text;
  });
  world.settle();

  BOOST_TEST(refusal.find("nobody") != std::string::npos);
  BOOST_TEST((world.controller.model().seq > before));
  BOOST_TEST((world.log->position().durable == world.controller.model().seq));
  BOOST_TEST(!world.failure.has_value());
}

BOOST_AUTO_TEST_CASE(what_is_in_the_log_folds_to_the_model_the_controller_shows) {
  World world;
  world.start();
  world.controller.submit(core::UpRequested{small_spec(), {small_offer()}, "me"});
  world.settle();
  projections::Model folded;
  auto read = world.log->read(core::Seq{1}, [&](const events::Commit& commit, auto) {
    for (const core::Event& event : commit.events) projections::evolve(folded, event);
    return true;
  });
  BOOST_TEST(read.has_value());
  BOOST_TEST((folded == world.controller.model()));
  BOOST_TEST((world.controller.durable_routes().seq == folded.seq));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::cli
