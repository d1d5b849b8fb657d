// config.yaml: what is ours, what is SkyPilot's, and errors that name place and way out.
#include "cli/config.h"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <string>

#include "test/events/temporary_directory.h"

namespace sky::cli {
namespace {

core::Result<Config> parsed(const std::string& text) { return parse_config(text, "config.yaml"); }

std::string error_of(const std::string& text) {
  const auto config = parsed(text);
  return config ? "no error" : config.error().text;
}

const std::string ours = "skyctl:\n  log:\n    retention:\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(cli_config)

BOOST_AUTO_TEST_CASE(without_a_word_about_it_everything_is_kept) {
  for (const std::string& text :
       {std::string(), std::string("# nothing\n"), std::string("skyctl:\n"),
        std::string("skyctl: {log: {retention: {}}}\n"), std::string("skyctl: {log: }\n"),
        std::string("kubernetes:\n  remote_identity: SERVICE_ACCOUNT\nserve:\n  controller:\n"
                    "    resources:\n      cloud: kubernetes\n")}) {
    const auto config = parsed(text);
    BOOST_TEST_REQUIRE(config.has_value(), text << (config ? "" : config.error().text));
    BOOST_TEST(config->retention.keeps_everything());
  }
  const events::TemporaryDirectory home;
  const auto no_file = read_config(Home{home / "home"});
  BOOST_REQUIRE(no_file);
  BOOST_TEST(no_file->retention.keeps_everything());
}

BOOST_AUTO_TEST_CASE(age_and_size_are_read_together_or_alone_and_beside_keys_of_skypilot) {
  const auto both = parsed("jobs: {}\n" + ours + "      max_age: 30d\n      max_size: 20GB\n");
  BOOST_TEST_REQUIRE(both.has_value(), (both ? "" : both.error().text));
  BOOST_TEST((both->retention == RetentionPolicy{core::seconds(30 * 86'400), 20'000'000'000U}));
  const auto age = parsed(ours + "      max_age: 90s\n");
  BOOST_REQUIRE(age);
  BOOST_TEST((age->retention == RetentionPolicy{core::seconds(90), {}}));
  const auto size = parsed(ours + "      max_size: \"1.5 GiB\"\n");
  BOOST_REQUIRE(size);
  BOOST_TEST((size->retention == RetentionPolicy{{}, std::uint64_t{3} << 29}));
}

BOOST_AUTO_TEST_CASE(clouds_that_are_allowed_are_named_in_any_case) {
  const auto config = parsed("allowed_clouds: [Kubernetes, aws]\n");
  BOOST_REQUIRE(config);
  BOOST_TEST(config->allowed_clouds == (std::vector<std::string>{"kubernetes", "aws"}),
             boost::test_tools::per_element());
  BOOST_TEST(error_of("allowed_clouds: aws\n") ==
             "config.yaml:1: allowed_clouds: must be a list of names of clouds");
}

BOOST_AUTO_TEST_CASE(loops_of_the_endpoint_are_a_number_within_bounds) {
  const auto config = parsed("skyctl:\n  endpoint: {loops: 2}\n");
  BOOST_TEST_REQUIRE(config.has_value(), (config ? "" : config.error().text));
  BOOST_TEST(config->endpoint_loops.value_or(0) == 2U);
  BOOST_TEST(!parsed("skyctl:\n  log: {}\n")->endpoint_loops.has_value());
  for (const char* wrong : {"0", "65", "many"}) {
    const std::string error =
        error_of("skyctl:\n  endpoint:\n    loops: " + std::string(wrong) + "\n");
    BOOST_TEST((error.find(":3: skyctl.endpoint.loops:") != std::string::npos), error);
  }
}

BOOST_AUTO_TEST_CASE(an_error_names_file_line_key_and_what_is_allowed) {
  struct Row {
    std::string text;
    std::vector<std::string> parts;
  };
  const std::string age = ours + "      max_age: ", size = ours + "      max_size: ";
  const Row rows[] = {
      {age + "30\n", {"config.yaml:4: skyctl.log.retention.max_age:", "30d", "`30`"}},
      {age + "a month\n", {":4:", "whole number and a unit"}},
      {age + "1.5d\n", {":4:", "whole number and a unit"}},
      {age + "0s\n", {":4:", "from 1s to 36500d"}},
      {age + "99999d\n", {":4:", "from 1s to 36500d"}},
      {age + "[30d]\n", {":4:", "must be text, is a list"}},
      {size + "20\n", {"config.yaml:4: skyctl.log.retention.max_size:", "20GB", "`20`"}},
      {size + "20GBytes\n", {":4:", "a unit (MB, GB"}},
      {size + "-1GB\n", {":4:", "a unit (MB, GB"}},
      {size + "10kB\n", {":4:", "a unit (MB, GB"}},
      {size + "0.5MB\n", {":4:", "from 1MB to 1000TB"}},
      {size + "1e9TB\n", {":4:", "a unit"}},
      {size + "2000TB\n", {":4:", "from 1MB to 1000TB"}},
      {ours + "      max_agee: 30d\n", {":4:", "retention.max_agee", "did you mean `max_age`?"}},
      {"skyctl:\n  logs: {}\n", {":2:", "skyctl.logs", "did you mean `log`?"}},
      {"skyctl:\n  log:\n    retain: 30d\n", {":3:", "skyctl.log.retain", "known here: retention"}},
      {"skyctl:\n  log: 30d\n", {":2:", "must be a map"}},
      {"skyctll: {}\n", {":1:", "skyctll", "did you mean `skyctl`?"}},
      {"kubernets: {}\n", {":1:", "kubernets", "did you mean `kubernetes`?"}},
      {"- 30d\n", {":1:", "must be a map"}},
      {"skyctl: {log: {}\n", {"config.yaml:"}}};
  for (const Row& row : rows)
    for (const std::string& part : row.parts)
      BOOST_TEST(error_of(row.text).find(part) != std::string::npos,
                 row.text << "says\n"
                          << error_of(row.text) << "\nwithout " << part);
}

BOOST_AUTO_TEST_CASE(the_file_of_a_home_is_named_in_its_errors) {
  const events::TemporaryDirectory home;
  std::ofstream(home / "config.yaml") << ours << "      max_age: soon\n";
  const auto refused = read_config(Home{home / "."});
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().text.find("config.yaml:4:") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(spans_and_sizes_are_said_in_their_largest_unit) {
  const std::pair<std::int64_t, std::string> spans[] = {
      {30 * 86'400, "30 d"}, {36 * 3600, "36 h"}, {90, "90 s"}, {120, "2 m"}, {3601, "3601 s"}};
  for (const auto& [seconds, text] : spans) BOOST_TEST(span_text(core::seconds(seconds)) == text);
  const std::pair<std::uint64_t, std::string> sizes[] = {{20'000'000'000, "20 GB"},
                                                         {1'500'000'000'000, "1.5 TB"},
                                                         {std::uint64_t{64} << 20, "67.11 MB"},
                                                         {1'000'000, "1 MB"}};
  for (const auto& [bytes, text] : sizes) BOOST_TEST(size_text(bytes) == text);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::cli
