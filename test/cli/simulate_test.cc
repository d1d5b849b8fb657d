#include "cli/simulate.h"

#include <unistd.h>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>

#include "adapters/json.h"
#include "cli/print_simulation.h"
#include "cli/print_simulation_svg.h"
#include "cli/trace_file.h"
#include "core/policies/policy_name.h"

namespace sky::cli {
namespace {

struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("skyctl-simulate-" + std::to_string(::getpid()));
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path / name) << text;
    return (path / name).string();
  }
};

SimulationQuestion drawn(const std::vector<std::string>& policies) {
  SimulationQuestion question;
  question.traces = *read_traces({"drawn:3"});
  for (const std::string& policy : policies)
    question.policies.push_back({policy, *core::parse_policy(policy)});
  return question;
}

BOOST_AUTO_TEST_SUITE(cli_simulate)

BOOST_AUTO_TEST_CASE(both_forms_of_trace_files_are_read) {
  const Folder folder;
  const std::string whole = folder.write(
      "one.json", R"({"gap_seconds":300,"zones":["a-1b"],"regions":["a-1"],"capacity":[[1,0,2]]})");
  const std::string east =
      folder.write("us-east-2a.json", R"({"metadata":{"gap_seconds":195},"data":[1,1,0,0]})");
  const std::string west =
      folder.write("us-west1-b.json", R"({"metadata":{"gap_seconds":195},"data":[0,1,1]})");
  const auto traces = read_traces({whole, east, west});
  BOOST_REQUIRE(traces);
  BOOST_REQUIRE(traces->size() == 2U);
  BOOST_TEST((*traces)[0].zones[0].region == "a-1");
  BOOST_TEST((*traces)[1].samples() == 3U);
  BOOST_TEST((*traces)[1].zones[0].region == "us-east-2");
  BOOST_TEST((*traces)[1].zones[1].region == "us-west1");
}

BOOST_AUTO_TEST_CASE(a_bad_trace_is_an_error_that_names_the_file_and_the_place) {
  const Folder folder;
  const auto error_of = [](const std::string& path) {
    const auto traces = read_traces({path});
    BOOST_REQUIRE(!traces);
    return traces.error().text;
  };
  BOOST_TEST(error_of(folder.write("x.json", R"({"gap_seconds":300,"capacity":[[1],[1,2]]})"))
                 .find("x.json: capacity[1] has 2 samples") != std::string::npos);
  BOOST_TEST(error_of(folder.write("y.json", "{}")).find("y.json: ") != std::string::npos);
  BOOST_TEST(error_of("drawn:x").find("drawn:NUMBER") != std::string::npos);
  BOOST_TEST(!read_traces({(folder.path / "none.json").string()}));
}

BOOST_AUTO_TEST_CASE(windows_are_counted_in_hours_and_anything_else_is_refused) {
  const auto windows = parse_windows("10x24");
  BOOST_REQUIRE(windows);
  BOOST_TEST(windows->count == 10U);
  BOOST_TEST((windows->length == core::seconds(86400)));
  for (const char* wrong : {"10", "x24", "0x24", "10x1", "10x24h"})
    BOOST_TEST(!parse_windows(wrong), wrong);
}

BOOST_AUTO_TEST_CASE(the_report_tells_each_policy_and_the_bound_in_text_in_json_and_as_a_picture) {
  SimulationQuestion question = drawn({"spot_hedge", "hazard_hedge:availability=99.5"});
  question.windows = Windows{.count = 3, .length = core::seconds(48 * 3600)};
  std::uint32_t told = 0;
  const auto results = simulate(question, [&](std::uint32_t, std::uint32_t) { ++told; });
  BOOST_REQUIRE(results);
  BOOST_TEST(told == 6U);
  const std::string text = simulation_text(question, *results);
  BOOST_TEST(text.find("hazard_hedge:availability=99.5") != std::string::npos);
  BOOST_TEST(text.find("An omniscient policy needs") != std::string::npos);
  const auto json = adapters::parse_json(simulation_json(question, *results));
  BOOST_REQUIRE(json);
  const adapters::JsonView trace = adapters::JsonView(*json).at("traces").at(0);
  BOOST_TEST(trace.at("policies").size() == 2U);
  BOOST_TEST(*trace.at("policies").at(0).at("availability").as_number() > 0.9);
  const std::string svg = simulation_svg(question, *results);
  BOOST_TEST(svg.find("<svg") != std::string::npos);
  BOOST_TEST(svg.find("region-1a") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_window_longer_than_the_trace_is_refused) {
  SimulationQuestion question = drawn({"spot_hedge"});
  question.windows = Windows{.count = 1, .length = core::seconds(86400 * 30)};
  const auto results = simulate(question, {});
  BOOST_REQUIRE(!results);
  BOOST_TEST(results.error().text.find("drawn-3 has") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::cli
