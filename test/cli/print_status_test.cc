#include "cli/print_status.h"

#include <boost/test/unit_test.hpp>
#include <string>

#include "adapters/json.h"
#include "test/cli/golden.h"

namespace sky::cli {
namespace {

constexpr std::int64_t now_seconds = 100'000;

core::Stamp seconds_ago(std::int64_t ago) {
  return {core::Instant(core::seconds(now_seconds - ago)),
          core::WallTime(core::seconds(1'795'461'601 - ago))};
}

core::Offer on_kubernetes() {
  core::Offer offer;
  offer.place = {"kubernetes", "home", ""};
  offer.instance_type = "4CPU--16GB--T4:1";
  offer.market = core::Market::on_demand;
  offer.accelerator = {"T4", 1};
  return offer;
}

core::Offer on_gcp_spot() {
  core::Offer offer;
  offer.place = {"gcp", "us-east4", "us-east4-a"};
  offer.instance_type = "n1-standard-4";
  offer.market = core::Market::spot;
  offer.accelerator = {"T4", 1};
  offer.price = {150'000};
  offer.on_demand_price = {585'000};
  return offer;
}

projections::Replica replica(std::uint32_t id, core::Phase phase, const core::Offer& offer,
                             std::int64_t launched_seconds_ago) {
  projections::Replica made;
  made.id = {id};
  made.version = {1};
  made.phase = phase;
  made.offer = offer;
  made.attempt = 1;
  made.pool = offer.is_spot() ? core::Pool::burst : core::Pool::base;
  made.launched = seconds_ago(launched_seconds_ago);
  if (phase == core::Phase::ready) {
    made.host = "10.0.0." + std::to_string(id);
    made.port = 8888;
    made.billed_since = made.launched->at;
  }
  return made;
}

// The moment of the example's second table: two ready on the cluster, two spot ones on the way.
projections::Model bursting() {
  projections::ServiceState service;
  service.name = "llama3";
  service.version = {1};
  service.versions[service.version].spec.replicas.min_replicas = 2;
  service.versions[service.version].spec.replicas.max_replicas = 4;
  service.endpoint = projections::EndpointState::open;
  service.endpoint_host = "35.194.42.249";
  service.endpoint_port = 30001;
  service.first_ready = seconds_ago(48 * 60 + 57);
  service.target = 4;
  service.replicas[{1}] = replica(1, core::Phase::ready, on_kubernetes(), 49 * 60);
  service.replicas[{2}] = replica(2, core::Phase::ready, on_kubernetes(), 50 * 60);
  service.replicas[{3}] = replica(3, core::Phase::provisioning, on_gcp_spot(), 60);
  service.replicas[{4}] = replica(4, core::Phase::provisioning, on_gcp_spot(), 60);
  projections::Model model;
  model.services["llama3"] = service;
  return model;
}

std::string status_of(const projections::Model& model, const StatusFormat& format = {}) {
  auto text = render_status(model, seconds_ago(0), format);
  BOOST_REQUIRE(text.has_value());
  return *text;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cli_print_status)

BOOST_AUTO_TEST_CASE(the_tables_are_those_of_the_example) {
  BOOST_TEST(status_of(bursting()) == golden("status"));
}

BOOST_AUTO_TEST_CASE(a_sandbox_is_marked_on_every_table) {
  auto model = bursting();
  auto& service = model.services["llama3"];
  service.versions[service.version].spec.sandbox.enabled = true;
  const std::string all = status_of(model);
  BOOST_TEST(contains(all, "Services  SANDBOX\n"));
  BOOST_TEST(contains(all, "Service Replicas  SANDBOX\n"));
  BOOST_TEST(contains(all, "SANDBOX: nothing is billed"));

  auto real = bursting().services["llama3"];
  real.name = "real";
  model.services["real"] = real;
  BOOST_TEST(contains(status_of(model), "Services  SANDBOX: llama3\n"));
}

BOOST_AUTO_TEST_CASE(nothing_is_said_plainly_when_there_is_nothing) {
  BOOST_TEST(status_of({}) ==
             "Services\nNo live services.\n\nService Replicas\nNo live replicas.\n");

  auto model = bursting();
  auto& service = model.services["llama3"];
  service.replicas.clear();
  service.first_ready.reset();
  service.endpoint = projections::EndpointState::opening;
  const std::string text = status_of(model);
  BOOST_TEST(contains(text, "llama3  -        -       REPLICA_INIT  0/0       -\n"));
  BOOST_TEST(contains(text, "No live replicas."));
}

BOOST_AUTO_TEST_CASE(a_failure_is_told_whole_and_colour_comes_only_when_asked_for) {
  auto model = bursting();
  auto& service = model.services["llama3"];
  const std::string reason(500, 'x');
  service.replicas[{3}].phase = core::Phase::failed_provision;
  service.replicas[{3}].reason = reason + "\nsecond line";
  service.versions[{1}].failures = 2;
  service.versions[{1}].failure_text = "exit status 1";
  const std::string text = status_of(model);

  BOOST_TEST(contains(text, "* llama3/3 FAILED_PROVISION: " + reason + " | second line\n"));
  BOOST_TEST(contains(text, "* llama3: 2 replicas of version 1 failed: exit status 1\n"));
  BOOST_TEST(contains(text, "2/3"));  // a failed row is no capacity
  BOOST_TEST(!contains(text, "\x1b"));
  BOOST_TEST(
      contains(status_of(model, {.service = "", .verbose = false, .json = false, .color = true}),
               "\x1b[32mREADY\x1b[0m"));
}

BOOST_AUTO_TEST_CASE(the_verbose_tables_have_cost_load_target_and_reasons) {
  auto model = bursting();
  auto& service = model.services["llama3"];
  service.replicas[{3}] = replica(3, core::Phase::ready, on_gcp_spot(), 3600);
  service.replicas[{3}].in_flight = 5;
  service.replicas[{4}].reason = "launch 1 is running";
  service.evaluation_seq = {9};
  service.last_evaluation.policy = "request_rate";
  service.last_evaluation.rate = {4000};
  service.last_evaluation.wanted = 4;
  service.last_evaluation.lower_limit = 2;
  service.last_evaluation.upper_limit = service.last_evaluation.target_after = 4;
  service.last_evaluation.target_before = 2;
  service.last_evaluation.verdict = core::ScaleVerdict::raised;
  core::TrafficSampled sample;
  sample.period = core::seconds(1);
  sample.arrivals = 240;
  sample.in_flight = 5;
  projections::add_sample(service.load, sample, core::Instant(core::seconds(now_seconds - 1)));
  const std::string text =
      status_of(model, {.service = "llama3", .verbose = true, .json = false, .color = false});

  BOOST_TEST(contains(text,
                      "WANTED_VERSION  TARGET  QPS  IN_FLIGHT  HELD  PRICE ($/h)  COST ($)  "
                      "SAVING  REASON"),
             text);
  BOOST_TEST(contains(text,
                      "1               4       4    5          0     0.15         0.15      "
                      "74%     target 2 -> 4: 4 QPS needs 4\n"),
             text);
  BOOST_TEST(contains(text, "us-east4-a  n1-standard-4     burst  0.15         0.15      5"), text);
  BOOST_TEST(contains(text, "launch 1 is running\n"), text);
  BOOST_TEST(contains(text,
                      "* llama3 cost $0.15 so far, $0.15 / hour now; all on-demand: $0.585 "
                      "and $0.585 / hour (saved 74%)"),
             text);
}

BOOST_AUTO_TEST_CASE(the_same_values_are_there_as_json) {
  const auto json = adapters::parse_json(
      status_of(bursting(), {.service = "", .verbose = false, .json = true, .color = false}));
  BOOST_REQUIRE(json.has_value());
  const adapters::JsonView root(*json);

  BOOST_TEST(*root.at("services").at(0).at("status").as_text() == "READY");
  BOOST_TEST(*root.at("services").at(0).at("ready").as_integer() == 2);
  BOOST_TEST(*root.at("services").at(0).at("live").as_integer() == 4);
  BOOST_TEST(*root.at("services").at(0).at("uptime_seconds").as_number() == 2937);
  BOOST_TEST(root.at("replicas").size() == 4U);
  BOOST_TEST(*root.at("replicas").at(3).at("status").as_text() == "PROVISIONING");
  BOOST_TEST(*root.at("replicas").at(3).at("offer").at("zone").as_text() == "us-east4-a");
  BOOST_TEST(*root.at("replicas").at(3).at("launched_seconds_ago").as_number() == 60);
}

BOOST_AUTO_TEST_CASE(one_service_can_be_picked_and_an_unknown_one_is_an_error) {
  auto model = bursting();
  model.services["other"] = model.services["llama3"];
  model.services["other"].name = "other";

  BOOST_TEST(!contains(
      status_of(model, {.service = "llama3", .verbose = false, .json = false, .color = false}),
      "other"));
  const auto none = render_status(
      model, seconds_ago(0), {.service = "none", .verbose = false, .json = false, .color = false});
  BOOST_REQUIRE(!none);
  BOOST_TEST((none.error().code == core::ErrorCode::not_found));
}

BOOST_AUTO_TEST_CASE(the_endpoint_alone_is_printed_only_when_it_is_open) {
  auto model = bursting();
  BOOST_TEST(*render_endpoint(model, "llama3") == "35.194.42.249:30001\n");

  model.services["llama3"].endpoint = projections::EndpointState::failed;
  model.services["llama3"].endpoint_error = "port 30001 is in use";
  const auto closed = render_endpoint(model, "llama3");
  BOOST_REQUIRE(!closed);
  BOOST_TEST(closed.error().text == "the endpoint of llama3 is not open: port 30001 is in use");
  BOOST_TEST(contains(status_of(model), "* llama3: the endpoint is closed: port 30001 is in use"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::cli
