#include "adapters/aws/credentials_plan.h"

#include <boost/test/unit_test.hpp>

namespace sky::adapters::aws {
namespace {

CredentialsPlace a_place(std::map<std::string, std::string> environment, std::string config = "",
                         std::string credentials = "") {
  CredentialsPlace place;
  place.environment = [environment](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  };
  place.home = "/users/me";
  place.profiles = parse_profiles(config, credentials);
  return place;
}

constexpr const char* keys = "[default]\naws_access_key_id = AK\naws_secret_access_key = SK\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(aws_credentials_plan)

BOOST_AUTO_TEST_CASE(the_environment_comes_first_and_takes_its_session_token_along) {
  const auto plan = plan_credentials(a_place({{"AWS_ACCESS_KEY_ID", "EK"},
                                              {"AWS_SECRET_ACCESS_KEY", "ES"},
                                              {"AWS_SESSION_TOKEN", "ET"},
                                              {"AWS_WEB_IDENTITY_TOKEN_FILE", "/t"},
                                              {"AWS_DEFAULT_REGION", "eu-west-1"}},
                                             keys));
  BOOST_REQUIRE(plan.has_value());
  BOOST_TEST(plan->source.keys.access_key_id == "EK");
  BOOST_TEST(plan->source.keys.session_token == "ET");
  BOOST_TEST(plan->region == "eu-west-1");
  BOOST_TEST(plan->found_in == "the environment");
}

BOOST_AUTO_TEST_CASE(a_profile_that_is_named_wins_over_keys_of_the_environment) {
  const auto plan = plan_credentials(a_place(
      {{"AWS_ACCESS_KEY_ID", "EK"}, {"AWS_SECRET_ACCESS_KEY", "ES"}, {"AWS_PROFILE", "work"}},
      "[profile work]\nregion = us-west-2\n",
      "[work]\naws_access_key_id=AK\naws_secret_access_key=SK\naws_session_token=T\n"));
  BOOST_REQUIRE(plan.has_value());
  BOOST_TEST(plan->source.keys.access_key_id == "AK");
  BOOST_TEST(plan->source.keys.session_token == "T");
  BOOST_TEST(plan->region == "us-west-2");
}

BOOST_AUTO_TEST_CASE(a_web_identity_comes_before_the_files) {
  const auto plan = plan_credentials(
      a_place({{"AWS_WEB_IDENTITY_TOKEN_FILE", "/t"}, {"AWS_ROLE_ARN", "arn:r"}}, keys));
  BOOST_REQUIRE(plan.has_value());
  BOOST_CHECK(plan->source.kind == CredentialsKind::web_identity);
  BOOST_TEST(plan->source.role_arn == "arn:r");
  BOOST_TEST(plan->source.session_name == "skyctl");
}

BOOST_AUTO_TEST_CASE(roles_are_taken_from_the_source_outwards) {
  const auto plan =
      plan_credentials(a_place({{"AWS_PROFILE", "c"}},
                               "[profile c]\nrole_arn = arn:c\nsource_profile = b\n"
                               "external_id = x\n"
                               "[profile b]\nrole_arn = arn:b\nsource_profile = default\n",
                               keys));
  BOOST_REQUIRE(plan.has_value());
  BOOST_TEST(plan->source.keys.access_key_id == "AK");
  BOOST_REQUIRE(plan->roles.size() == 2U);
  BOOST_TEST(plan->roles[0].role_arn == "arn:b");
  BOOST_TEST(plan->roles[1].role_arn == "arn:c");
  BOOST_TEST(plan->roles[1].external_id == "x");
}

BOOST_AUTO_TEST_CASE(a_role_may_be_taken_with_its_own_profiles_keys) {
  const auto plan =
      plan_credentials(a_place({}, "[default]\nrole_arn=arn:d\nsource_profile=default\n", keys));
  BOOST_REQUIRE(plan.has_value());
  BOOST_TEST(plan->source.keys.access_key_id == "AK");
  BOOST_TEST(plan->roles.size() == 1U);
}

BOOST_AUTO_TEST_CASE(roles_that_go_in_a_circle_are_an_error_not_a_loop) {
  const auto plan = plan_credentials(a_place(
      {{"AWS_PROFILE", "a"}},
      "[profile a]\nrole_arn=r\nsource_profile=b\n[profile b]\nrole_arn=r\nsource_profile=a\n"));
  BOOST_REQUIRE(!plan.has_value());
  BOOST_TEST(plan.error().text.find("without end") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(single_sign_on_reads_the_cache_of_the_aws_tools) {
  const auto plan = plan_credentials(
      a_place({{"AWS_PROFILE", "s"}},
              "[profile s]\nsso_session = mine\nsso_account_id = 1\nsso_role_name = R\n"
              "[sso-session mine]\nsso_region = eu-west-1\nsso_start_url = https://x\n"));
  BOOST_REQUIRE(plan.has_value());
  BOOST_CHECK(plan->source.kind == CredentialsKind::sso);
  BOOST_TEST(plan->source.sso_region == "eu-west-1");
  // The name is the SHA-1 of the session's name: `printf mine | sha1sum`.
  BOOST_TEST(plan->source.sso_cache_file ==
             "/users/me/.aws/sso/cache/8034c43d15bb7ef42e2cc24255217acfc5f4b2f4.json");
}

BOOST_AUTO_TEST_CASE(a_default_profile_that_only_names_a_region_leaves_it_to_the_machine) {
  const auto plan = plan_credentials(a_place({}, "[default]\nregion = us-east-2\n"));
  BOOST_REQUIRE(plan.has_value());
  BOOST_CHECK(plan->source.kind == CredentialsKind::instance);
  BOOST_TEST(plan->region == "us-east-2");
  BOOST_TEST(plan->source.url == "http://169.254.169.254");
}

BOOST_AUTO_TEST_CASE(containers_are_told_an_address) {
  const auto relative =
      plan_credentials(a_place({{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x"}}));
  BOOST_TEST(relative->source.url == "http://169.254.170.2/v2/x");
  const auto full =
      plan_credentials(a_place({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/c"},
                                {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/f"}}));
  BOOST_TEST(full->source.url == "http://127.0.0.1/c");
  BOOST_TEST(full->source.authorization_file == "/f");
}

BOOST_AUTO_TEST_CASE(a_missing_profile_is_named_with_the_files_that_lack_it) {
  const auto plan = plan_credentials(a_place({{"AWS_PROFILE", "nope"}}));
  BOOST_REQUIRE(!plan.has_value());
  BOOST_TEST(plan.error().text.find("'nope'") != std::string::npos);
  BOOST_TEST(plan.error().text.find("/users/me/.aws/credentials") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(comments_and_nested_settings_are_left_alone) {
  const auto profiles = parse_profiles(
      "# c\n[profile a]\n; c\ns3 =\n  region = not-this\nregion = this\nnonsense\n[default]\n", "");
  BOOST_TEST(profiles.at("a").at("region") == "this");
  BOOST_TEST(profiles.contains("default"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters::aws
