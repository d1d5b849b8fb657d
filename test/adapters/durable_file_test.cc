#include "adapters/durable_file.h"

#include <boost/test/unit_test.hpp>

#include "test/adapters/temporary_directory.h"

namespace sky::adapters {

BOOST_AUTO_TEST_SUITE(adapters_durable_file)

BOOST_AUTO_TEST_CASE(a_file_is_replaced_whole_and_leaves_nothing_beside_it) {
  const TemporaryDirectory home;
  const auto file = home.path / "a";

  BOOST_TEST(write_file_durably(file, std::string(100'000, 'x')).has_value());
  BOOST_TEST(write_file_atomically(file, std::string("y\0z", 3)).has_value());

  BOOST_TEST(read_file(file).value() == std::string("y\0z", 3));
  BOOST_TEST(std::distance(std::filesystem::directory_iterator(home.path), {}) == 1);
}

BOOST_AUTO_TEST_CASE(failures_say_which_file_and_why) {
  const TemporaryDirectory home;

  const auto missing = read_file(home.path / "none");
  const auto nowhere = write_file_durably(home.path / "none" / "a", "x");
  BOOST_TEST(write_file_durably(home.path / "big", "12345").has_value());

  BOOST_TEST((missing.error().code == core::ErrorCode::not_found));
  BOOST_TEST(missing.error().text.find("none: No such file") != std::string::npos);
  BOOST_TEST((nowhere.error().code == core::ErrorCode::not_found));
  BOOST_TEST(!read_file(home.path / "big", 4).has_value());
  BOOST_TEST((system_error("x", ENOSPC).code == core::ErrorCode::no_space));
  BOOST_TEST((system_error("x", EACCES).code == core::ErrorCode::permission));
}

BOOST_AUTO_TEST_CASE(private_directories_are_made_with_their_parents) {
  const TemporaryDirectory home;

  BOOST_TEST(make_private_directory(home.path / "a" / "b" / "c").has_value());
  BOOST_TEST(make_private_directory(home.path / "a" / "b" / "c").has_value());
  BOOST_TEST(write_file_durably(home.path / "file", "").has_value());

  const auto mode = std::filesystem::status(home.path / "a" / "b").permissions();
  BOOST_TEST(static_cast<unsigned>(mode) == 0700U);
  BOOST_TEST(!make_private_directory(home.path / "file").has_value());
  BOOST_TEST(!make_private_directory(home.path / "file" / "d").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters
