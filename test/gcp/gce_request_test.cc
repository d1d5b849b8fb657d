#include "adapters/gcp/gce_request.h"

#include <boost/test/unit_test.hpp>

#include "adapters/digest.h"
#include "adapters/gcp/access_token.h"
#include "adapters/json.h"

namespace sky::adapters::gcp {
namespace {

core::LaunchInstance an_order(const std::string& type, core::Market market) {
  core::LaunchInstance order;
  order.service = "Llama.3";
  order.replica = {7};
  order.attempt = 2;
  order.token = "0123456789abcdef0123456789abcdef";
  order.offer.place = {"gcp", "us-east4", "us-east4-a"};
  order.offer.instance_type = type;
  order.offer.market = market;
  order.offer.accelerator = {type.starts_with("g2") ? "L4" : "T4", 1};
  order.spec.resources.choices.emplace_back();
  return order;
}

GcpSettings settings_of_log() {
  GcpSettings settings;
  settings.log_id = "log1";
  settings.sources = {"203.0.113.7/32"};
  return settings;
}

JsonValue body_of(const core::LaunchInstance& order) {
  auto document = parse_json(
      instance_body(order, vm::mark_of(order, "log1"), "#cloud-config\n", settings_of_log()));
  BOOST_REQUIRE(document.has_value());
  return *document;
}

LoginPlace a_place(std::map<std::string, std::string> environment,
                   std::map<std::string, std::string> files) {
  return {[environment](const char* name) {
            const auto found = environment.find(name);
            return found == environment.end() ? std::string() : found->second;
          },
          [files](const std::string& path) {
            const auto found = files.find(path);
            return found == files.end()
                       ? core::Result<std::string>(core::Error{core::ErrorCode::not_found, path})
                       : core::Result<std::string>(found->second);
          },
          false};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(gcp_gce_request)

BOOST_AUTO_TEST_CASE(a_spot_machine_orders_its_t4_and_is_deleted_when_taken) {
  const auto order = an_order("n1-standard-4", core::Market::spot);
  const JsonValue body = body_of(order);
  const JsonView root(body);
  BOOST_TEST(root.at("name").text_or("") == "sky-llama-3-7-2-01234567");
  BOOST_TEST(root.at("machineType").text_or("") == "zones/us-east4-a/machineTypes/n1-standard-4");
  const JsonView gpu = root.at("guestAccelerators").at(0);
  BOOST_TEST(gpu.at("acceleratorType").text_or("") ==
             "zones/us-east4-a/acceleratorTypes/nvidia-tesla-t4");
  BOOST_TEST(gpu.at("acceleratorCount").integer_or(0) == 1);
  const JsonView scheduling = root.at("scheduling");
  BOOST_TEST(scheduling.at("provisioningModel").text_or("") == "SPOT");
  BOOST_TEST(scheduling.at("preemptible").boolean_or(false));
  BOOST_TEST(!scheduling.at("automaticRestart").boolean_or(true));
  BOOST_TEST(scheduling.at("onHostMaintenance").text_or("") == "TERMINATE");
  BOOST_TEST(scheduling.at("instanceTerminationAction").text_or("") == "DELETE");
  BOOST_TEST(root.at("labels").at("skyctl-log").text_or("") == "log1");
  vm::Marks marks;
  const JsonView items = root.at("metadata").at("items");
  for (std::size_t i = 0; i < items.size(); ++i)
    marks.emplace_back(items.at(i).at("key").text_or(""), items.at(i).at("value").text_or(""));
  BOOST_CHECK(vm::read_marks(marks) == vm::mark_of(order, "log1"));
  BOOST_TEST(root.at("tags").at("items").at(0).text_or("") ==
             vm::service_resource_name("Llama.3", "log1"));
}

BOOST_AUTO_TEST_CASE(families_that_bring_their_accelerator_order_none) {
  const JsonValue body = body_of(an_order("g2-standard-4", core::Market::on_demand));
  BOOST_TEST(!JsonView(body).at("guestAccelerators").is_present());
  const JsonView scheduling = JsonView(body).at("scheduling");
  BOOST_TEST(scheduling.at("provisioningModel").text_or("") == "STANDARD");
  BOOST_TEST(scheduling.at("onHostMaintenance").text_or("") == "TERMINATE");
  BOOST_TEST(!scheduling.at("instanceTerminationAction").is_present());
}

BOOST_AUTO_TEST_CASE(the_firewall_names_the_balancer_the_port_and_the_services_machines) {
  const auto document = parse_json(firewall_body("skyctl-web-1", 8888, settings_of_log()));
  BOOST_REQUIRE(document.has_value());
  const JsonView root(*document);
  BOOST_TEST(root.at("sourceRanges").at(0).text_or("") == "203.0.113.7/32");
  BOOST_TEST(root.at("targetTags").at(0).text_or("") == "skyctl-web-1");
  BOOST_TEST(root.at("allowed").at(0).at("ports").at(0).text_or("") == "8888");
}

BOOST_AUTO_TEST_CASE(a_launch_has_one_request_id_which_is_a_uuid) {
  const std::string id = request_id("0123456789abcdef0123456789abcdef");
  BOOST_TEST(id == "01234567-89ab-4def-a123-456789abcdef");
  BOOST_TEST(id != request_id("1123456789abcdef0123456789abcdef"));
}

BOOST_AUTO_TEST_CASE(logins_are_found_where_googles_own_tools_look) {
  const std::string person = R"({"type": "authorized_user", "client_id": "c", "client_secret": "s",
                                 "refresh_token": "r", "quota_project_id": "q"})";
  const std::string usual = "/h/.config/gcloud/application_default_credentials.json";
  const auto found = find_login(a_place({{"HOME", "/h"}}, {{usual, person}}));
  BOOST_REQUIRE(found.has_value());
  BOOST_CHECK(found->kind == LoginKind::authorized_user);
  BOOST_TEST(found->project == "q");
  const auto named = find_login(
      a_place({{"HOME", "/h"}, {"GOOGLE_APPLICATION_CREDENTIALS", "/k.json"}},
              {{usual, person},
               {"/k.json", R"({"type": "service_account", "client_email": "e", "private_key": "k",
                       "project_id": "p", "token_uri": "https://t"})"}}));
  BOOST_REQUIRE(named.has_value());
  BOOST_TEST(named->project == "p");
  BOOST_TEST(named->token_url == "https://t");
  const auto machine = find_login(a_place({{"GCE_METADATA_HOST", "127.0.0.1:1"}}, {}));
  BOOST_CHECK(machine->kind == LoginKind::metadata);
  const auto none = find_login(a_place({{"HOME", "/h"}}, {}));
  BOOST_TEST(none.error().text.find(usual) != std::string::npos);
  const auto other = parse_login(R"({"type": "external_account"})", "f");
  BOOST_CHECK(other.error().code == core::ErrorCode::unsupported);
  BOOST_TEST(other.error().text.find("external_account") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_key_that_is_none_is_told_with_its_file_and_never_shown) {
  Login login;
  login.found_in = "k.json";
  login.private_key = "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n";
  const auto assertion = signed_assertion(login, core::WallTime(core::seconds(1)));
  BOOST_REQUIRE(!assertion.has_value());
  BOOST_TEST(assertion.error().text.starts_with("k.json"));
  BOOST_TEST(assertion.error().text.find("hunter2") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters::gcp
