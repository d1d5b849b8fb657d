// What `up` sends to the daemon arrives there unchanged.
#include "cli/service_request.h"

#include <boost/test/unit_test.hpp>
#include <string>

namespace sky::cli {
namespace {

BOOST_AUTO_TEST_SUITE(cli_service_request)

BOOST_AUTO_TEST_CASE(every_option_survives_the_way_to_the_daemon) {
  ServiceRequest sent;
  sent.file_name = "dir/llama \"3\".yaml";
  sent.yaml = "service:\n  replicas: 2\n\ttab \xc3\xa9\n";
  sent.mode = core::UpdateMode::blue_green;
  sent.options.name = "llama3";
  sent.options.setup = "";
  sent.options.run = "echo 'x' \\ \n";
  sent.options.envs = {{"A", "1"}, {"B", ""}};
  sent.options.secrets = {{"TOKEN", "s3cret\n"}};
  sent.options.overrides = {"replica_policy.max_replicas=4"};
  sent.options.sandbox.enabled = true;
  sent.options.sandbox.speed_percent = 1000;
  sent.options.no_paid_overflow = true;

  const auto got = parse_service_request(to_json(sent));
  BOOST_TEST_REQUIRE(got.has_value());
  BOOST_TEST(got->file_name == sent.file_name);
  BOOST_TEST(got->yaml == sent.yaml);
  BOOST_TEST((got->mode == sent.mode));
  BOOST_TEST((got->options.name == sent.options.name));
  BOOST_TEST((got->options.setup == sent.options.setup));
  BOOST_TEST((got->options.run == sent.options.run));
  BOOST_TEST((got->options.envs == sent.options.envs));
  BOOST_TEST((got->options.secrets == sent.options.secrets));
  BOOST_TEST((got->options.overrides == sent.options.overrides));
  BOOST_TEST((got->options.sandbox == sent.options.sandbox));
  BOOST_TEST(got->options.no_paid_overflow);
}

BOOST_AUTO_TEST_CASE(what_was_not_given_stays_not_given) {
  ServiceRequest sent;
  sent.yaml = "x";
  const auto got = parse_service_request(to_json(sent));
  BOOST_TEST_REQUIRE(got.has_value());
  BOOST_TEST(!got->options.name.has_value());
  BOOST_TEST(!got->options.setup.has_value());
  BOOST_TEST(!got->options.run.has_value());
  BOOST_TEST(!got->options.sandbox.enabled);
}

BOOST_AUTO_TEST_CASE(a_request_that_is_no_json_or_lacks_the_file_is_refused) {
  for (const char* text :
       {"", "{", "[]", "{}", R"({"yaml": 3})", R"({"yaml": "x", "envs": [1]})"}) {
    BOOST_TEST_CONTEXT(text) { BOOST_TEST(!parse_service_request(text).has_value()); }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::cli
