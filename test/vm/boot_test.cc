// The user data and the desk that its launcher calls: what a machine is told, and what it is given.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <fstream>

#include "adapters/digest.h"
#include "adapters/durable_file.h"
#include "adapters/vm/boot_script.h"
#include "adapters/vm/join_desk.h"
#include "adapters/vm/replica_mark.h"
#include "test/adapters/temporary_directory.h"

namespace sky::adapters::vm {
namespace {

core::LaunchInstance an_order() {
  core::LaunchInstance order;
  order.service = "web";
  order.replica = {3};
  order.attempt = 2;
  order.version = {5};
  order.token = "0123456789abcdef0123456789abcdef";
  order.offer.market = core::Market::spot;
  order.offer.accelerator = {"T4", 1};
  order.spec.resources.port = 8888;
  order.spec.resources.choices.emplace_back();
  order.spec.task.envs = {{"NAME", "it's \"$HOME\"\n"}};
  order.spec.task.setup = "echo setup";
  order.spec.task.run = "exec serve";
  return order;
}

BootSettings called_back() {
  BootSettings settings;
  settings.advertise_url = "https://control.example:8443";
  settings.join_key = "0123456789abcdef0123456789abcdef";
  settings.metadata = MetadataService::aws;
  return settings;
}

constexpr std::size_t room = 16 * 1024;

// The content of one file that the user data writes.
std::string file_of(const std::string& script, const std::string& path) {
  const std::size_t entry = script.find("- path: " + path + "\n");
  BOOST_REQUIRE_MESSAGE(entry != std::string::npos, path);
  const std::size_t begin = script.find("content: ", entry) + 9;
  return *base64_decoded(script.substr(begin, script.find('\n', begin) - begin));
}

struct Desk {
  TemporaryDirectory home;
  std::vector<core::InstanceChanged> reports;
  std::vector<std::string> notes;
  bool is_expected = true;
  core::WallTime wall{core::seconds(951'782'400)};
  JoinClaim claim = claim_of(an_order());
  std::string key = called_back().join_key;
  std::string join_header = "Bearer " + make_token(key, TokenUse::join, claim);
  std::string session_header = "Bearer " + make_token(key, TokenUse::session, claim);
  JoinDesk desk{
      {key, home.path / "joined",
       [](const core::ServiceName&, core::Version) {
         return core::Result<Secrets>(Secrets{{"API_KEY", "hunt'er2"}});
       },
       [this](const JoinClaim&) { return is_expected; },
       [this](const JoinClaim&, const core::InstanceChanged& change) { reports.push_back(change); },
       [this](const JoinClaim&, const std::string& line) { notes.push_back(line); },
       [this] { return wall; }}};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(vm_boot)

BOOST_AUTO_TEST_CASE(the_same_order_makes_the_same_user_data) {
  const auto script = boot_script(an_order(), called_back(), room);
  BOOST_REQUIRE(script.has_value());
  BOOST_TEST(*script == *boot_script(an_order(), called_back(), room));
  BOOST_TEST(script->starts_with("#cloud-config\n"));
  BOOST_TEST(file_of(*script, "/opt/skyctl/setup.sh") == "echo setup");
  BOOST_TEST(file_of(*script, "/opt/skyctl/run.sh") == "exec serve");
  BOOST_TEST(file_of(*script, "/opt/skyctl/boot.env").find("METADATA='aws'") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(without_an_address_to_call_there_is_no_token) {
  const auto script = boot_script(an_order(), {}, room);
  BOOST_TEST(script->find("/opt/skyctl/join") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(values_reach_the_service_as_they_are_whatever_is_in_them) {
  const auto script = boot_script(an_order(), {}, room);
  TemporaryDirectory folder;
  const auto file = folder.path / "env";
  std::ofstream(file) << file_of(*script, "/opt/skyctl/env") << "printf '%s' \"$NAME\" >"
                      << (folder.path / "out").string() << '\n';
  BOOST_TEST(std::system(("sh " + file.string()).c_str()) == 0);
  BOOST_TEST(*read_file(folder.path / "out") == "it's \"$HOME\"\n");
}

BOOST_AUTO_TEST_CASE(a_container_image_is_taken_from_image_id) {
  auto order = an_order();
  order.spec.resources.choices[0].image_id = "docker:vllm/vllm-openai:v1";
  const auto script = boot_script(order, {}, room);
  BOOST_TEST(
      file_of(*script, "/opt/skyctl/boot.env").find("CONTAINER_IMAGE='vllm/vllm-openai:v1'") !=
      std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_refused_with_both_sizes) {
  auto order = an_order();
  order.spec.task.setup = std::string(20'000, 'x');
  const auto script = boot_script(order, {}, room);
  BOOST_REQUIRE(!script.has_value());
  BOOST_TEST(script.error().text.find("16384") != std::string::npos);
  order = an_order();
  order.spec.task.workdir = ".";
  BOOST_CHECK(boot_script(order, {}, room).error().code == core::ErrorCode::unsupported);
}

BOOST_AUTO_TEST_CASE(a_token_says_what_it_is_for_and_cannot_be_bent) {
  const JoinClaim claim = claim_of(an_order());
  const std::string token = make_token("key", TokenUse::join, claim);
  BOOST_CHECK(read_token("key", TokenUse::join, token) == claim);
  BOOST_TEST(!read_token("key", TokenUse::session, token));
  BOOST_TEST(!read_token("other", TokenUse::join, token));
  BOOST_TEST(!read_token("", TokenUse::join, token));
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string bent = token;
    bent[i] = bent[i] == 'A' ? 'B' : 'A';
    BOOST_TEST(!read_token("key", TokenUse::join, bent), i);
  }
}

BOOST_FIXTURE_TEST_CASE(the_first_to_join_gets_the_secrets_and_nobody_else, Desk) {
  const DeskAnswer answer = desk.handle({"/v1/join", join_header, "", "", "nonce-1"});
  BOOST_TEST(answer.status == 200);
  BOOST_TEST(answer.body.find("API_KEY='hunt'\\''er2'\n") != std::string::npos);
  BOOST_TEST(answer.body.starts_with("#session "));
  BOOST_TEST(desk.handle({"/v1/join", join_header, "", "", "nonce-2"}).status == 403);
  // Its answer was lost: the same machine may ask again.
  BOOST_TEST(desk.handle({"/v1/join", join_header, "", "", "nonce-1"}).body == answer.body);
  BOOST_TEST(desk.handle({"/v1/join", join_header, "", "", ""}).status == 400);
  for (const std::string& note : notes) BOOST_TEST(note.find("hunt") == std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_replica_that_is_not_wanted_any_more_gets_nothing, Desk) {
  is_expected = false;
  BOOST_TEST(desk.handle({"/v1/join", join_header, "", "", "n"}).status == 410);
  BOOST_TEST(desk.handle({"/v1/join/alive", session_header, "", "", ""}).status == 410);
}

BOOST_FIXTURE_TEST_CASE(tokens_are_good_for_their_own_calls_only, Desk) {
  BOOST_TEST(desk.handle({"/v1/join", session_header, "", "", "n"}).status == 401);
  BOOST_TEST(desk.handle({"/v1/join/alive", join_header, "", "", ""}).status == 401);
  BOOST_TEST(desk.handle({"/v1/join/alive", "", "", "", ""}).status == 401);
  BOOST_TEST(desk.handle({"/v1/join/alive", "Bearer x", "", "", ""}).status == 401);
  BOOST_TEST(desk.handle({"/v1/other", session_header, "", "", ""}).status == 404);
  BOOST_TEST(desk.handle({"/v1/join/alive", session_header, "", "", ""}).status == 200);
}

BOOST_FIXTURE_TEST_CASE(marks_and_notices_become_changes_of_the_replica, Desk) {
  (void)desk.handle({"/v1/join/mark", session_header, "run", "12.5", ""});
  (void)desk.handle({"/v1/join/notice", session_header, "", "",
                     R"({"action": "terminate", "time": "2000-02-29T00:01:30Z"})"});
  (void)desk.handle({"/v1/join/notice", session_header, "", "", R"({"action": "preempted"})"});
  (void)desk.handle({"/v1/join/mark", session_header, "ended", "99", "status 1"});
  BOOST_REQUIRE(reports.size() == 4U);
  BOOST_CHECK(reports[0].change == core::InstanceChange::started);
  BOOST_CHECK(reports[1].change == core::InstanceChange::noticed);
  BOOST_CHECK(reports[1].notice_left == core::seconds(90));
  BOOST_CHECK(reports[2].notice_left == core::seconds(30));
  BOOST_CHECK(reports[3].change == core::InstanceChange::user_code_ended);
  BOOST_TEST(reports[3].attempt == 2U);
  BOOST_TEST(notes.front() == "run after 12.5 s");
}

BOOST_AUTO_TEST_CASE(the_key_of_a_home_is_made_once) {
  TemporaryDirectory home;
  const auto key = read_join_key(home.path);
  BOOST_REQUIRE(key.has_value());
  BOOST_TEST(*key == *read_join_key(home.path));
  std::ofstream(home.path / "join.key") << "short";
  BOOST_CHECK(read_join_key(home.path).error().code == core::ErrorCode::corrupt);
}

BOOST_AUTO_TEST_CASE(names_fit_every_cloud_and_are_told_apart) {
  const auto order = an_order();
  ReplicaMark mark = mark_of(order, "log");
  mark.service = std::string(63, 'S') + "._";
  const std::string name = machine_name(mark);
  BOOST_TEST(name.size() <= 63U);
  BOOST_TEST(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos);
  BOOST_TEST(service_resource_name("a.b", "log") != service_resource_name("a-b", "log"));
  BOOST_TEST(service_resource_name("a", "log") != service_resource_name("a", "log2"));
  const auto marks = to_marks(mark_of(order, "log"));
  BOOST_CHECK(read_marks(marks) == mark_of(order, "log"));
  BOOST_TEST(!read_marks({{"skyctl-log", "log"}}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters::vm
