#include "adapters/digest.h"

#include <boost/test/unit_test.hpp>

namespace sky::adapters {
namespace {

BOOST_AUTO_TEST_SUITE(digest)

BOOST_AUTO_TEST_CASE(hashes_are_those_of_the_published_examples) {
  // FIPS 180 and RFC 4231, test case 2.
  BOOST_TEST(hex(sha256("abc")) ==
             "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  BOOST_TEST(sha1_hex("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d");
  BOOST_TEST(hex(hmac_sha256("Jefe", "what do ya want for nothing?")) ==
             "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

BOOST_AUTO_TEST_CASE(base64_comes_back_in_both_alphabets_at_every_length) {
  BOOST_TEST(base64("foobar") == "Zm9vYmFy");
  BOOST_TEST(base64("fooba") == "Zm9vYmE=");
  BOOST_TEST(base64("foob") == "Zm9vYg==");
  BOOST_TEST(base64_url("\xfb\xff") == "-_8");
  std::string bytes;
  for (int i = 0; i < 70; ++i) {
    BOOST_TEST(*base64_decoded(base64(bytes)) == bytes);
    BOOST_TEST(*base64_decoded(base64_url(bytes)) == bytes);
    bytes += static_cast<char>(i * 37);
  }
  BOOST_TEST(!base64_decoded("a!b="));
  BOOST_TEST(!base64_decoded("abcde"));
}

BOOST_AUTO_TEST_CASE(secrets_are_compared_whole) {
  BOOST_TEST(equal_secrets("abc", "abc"));
  BOOST_TEST(!equal_secrets("abc", "abd"));
  BOOST_TEST(!equal_secrets("abc", "ab"));
  BOOST_TEST(random_bytes(16)->size() == 16U);
  BOOST_TEST(*random_bytes(16) != *random_bytes(16));
}

BOOST_AUTO_TEST_CASE(a_text_that_is_no_key_signs_nothing) {
  BOOST_TEST(!rs256_signature("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "x"));
  BOOST_TEST(!rs256_signature("", "x"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::adapters
