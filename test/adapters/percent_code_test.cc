#include "adapters/percent_code.h"

#include <boost/test/unit_test.hpp>

namespace sky::adapters {
namespace {

BOOST_AUTO_TEST_SUITE(percent_code)

BOOST_AUTO_TEST_CASE(every_byte_comes_back_as_it_was) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const std::string encoded = percent_encoded(all);
  BOOST_TEST(encoded.find_first_of(" /?#&=+\"<>") == std::string::npos);
  BOOST_TEST(percent_decoded(encoded) == all);
  BOOST_TEST(percent_decoded(encoded, PlusSign::is_space) == all);
  BOOST_TEST(percent_encoded("a-Z_0.~ /\xff") == "a-Z_0.~%20%2F%FF");
}

BOOST_AUTO_TEST_CASE(what_is_no_code_stays) {
  for (const char* text : {"%", "%4", "%4x", "100%", "%%", "%zz"})
    BOOST_TEST(percent_decoded(text) == text);
  BOOST_TEST(percent_decoded("%41%") == "A%");
  BOOST_TEST(percent_decoded("a+b") == "a+b");
  BOOST_TEST(percent_decoded("a+b", PlusSign::is_space) == "a b");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::adapters
