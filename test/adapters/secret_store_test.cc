#include "adapters/secret_store.h"

#include <boost/test/unit_test.hpp>

#include "adapters/durable_file.h"
#include "test/adapters/temporary_directory.h"

namespace sky::adapters {
namespace {

const Secrets two = {{"TOKEN", "a\"b\n$TOKEN"}, {"EMPTY", ""}};

}  // namespace

BOOST_AUTO_TEST_SUITE(adapters_secret_store)

BOOST_AUTO_TEST_CASE(what_was_put_is_there_after_a_restart_and_per_version) {
  const TemporaryDirectory home;
  BOOST_TEST(SecretStore(home.path / "secrets").put("web", {1}, two).has_value());
  BOOST_TEST(SecretStore(home.path / "secrets").put("web", {2}, {{"TOKEN", "new"}}).has_value());

  const SecretStore store(home.path / "secrets");

  BOOST_TEST((store.get("web", {1}).value() == two));
  BOOST_TEST((store.get("web", {2}).value() == Secrets{{"TOKEN", "new"}}));
  BOOST_TEST(store.get("web", {3}).value().empty());
  BOOST_TEST(store.get("other", {1}).value().empty());
}

BOOST_AUTO_TEST_CASE(files_and_directories_are_for_the_user_alone) {
  const TemporaryDirectory home;
  SecretStore store(home.path / "secrets");
  BOOST_TEST(store.put("web", {1}, two).has_value());

  const auto mode = [&](const char* path) {
    return static_cast<unsigned>(std::filesystem::status(home.path / path).permissions());
  };
  BOOST_TEST(mode("secrets") == 0700U);
  BOOST_TEST(mode("secrets/web") == 0700U);
  BOOST_TEST(mode("secrets/web/1.json") == 0600U);
}

BOOST_AUTO_TEST_CASE(removed_secrets_are_gone_and_removing_nothing_is_fine) {
  const TemporaryDirectory home;
  SecretStore store(home.path / "secrets");
  BOOST_TEST(store.put("web", {1}, two).has_value());

  BOOST_TEST(store.remove("web").has_value());
  BOOST_TEST(store.remove("web").has_value());

  BOOST_TEST(store.get("web", {1}).value().empty());
  BOOST_TEST(!std::filesystem::exists(home.path / "secrets" / "web"));
}

BOOST_AUTO_TEST_CASE(a_damaged_file_and_a_name_that_leaves_the_directory_are_errors) {
  const TemporaryDirectory home;
  SecretStore store(home.path / "secrets");
  BOOST_TEST(store.put("web", {1}, two).has_value());
  BOOST_TEST(write_file_durably(home.path / "secrets/web/1.json", "[[\"TOK").has_value());

  BOOST_TEST((store.get("web", {1}).error().code == core::ErrorCode::corrupt));
  BOOST_TEST(!store.put("../web", {1}, two).has_value());
  BOOST_TEST(!store.put("", {1}, two).has_value());
  BOOST_TEST(!store.remove("..").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters
