// The fuzzing targets, driven by a seed: the same inputs on every machine.
#include <boost/test/unit_test.hpp>
#include <random>

#include "events/little_endian.h"
#include "test/fuzz/targets.h"

namespace sky::fuzz {
namespace {

using Random = std::mt19937_64;

constexpr int decoded_inputs = 120'000;
constexpr int damaged_logs = 1000;
constexpr std::uint64_t seed_sets = 20;

// A few changes of the kinds that formats of lengths, offsets and tags are weak against.
std::string mutated(std::string bytes, Random& random) {
  for (std::size_t changes = 1 + random() % 4; changes > 0 && bytes.size() > 1; --changes) {
    const std::size_t at = 1 + random() % (bytes.size() - 1);  // who takes it stays
    switch (random() % 6) {
      case 0: bytes[at] = static_cast<char>(bytes[at] ^ (1 << (random() % 8))); break;
      case 1: bytes[at] = static_cast<char>(random()); break;
      case 2: bytes[at] = static_cast<char>(random() % 2 == 0 ? 0xff : 0); break;
      case 3: bytes.resize(at); break;
      case 4: bytes.insert(at, std::string(random() % 16, static_cast<char>(random()))); break;
      default: {
        const std::size_t from = 1 + random() % (bytes.size() - 1);
        const std::size_t size = std::min<std::size_t>(8, bytes.size() - std::max(at, from));
        bytes.replace(at, size, bytes.substr(from, size));
      }
    }
  }
  return bytes;
}

BOOST_AUTO_TEST_SUITE(fuzz)

BOOST_AUTO_TEST_CASE(good_inputs_are_taken) {
  for (std::uint64_t seed = 1; seed <= seed_sets; ++seed) {
    for (const std::string& input : seeds(seed)) {
      const bool is_low_water = input.size() == 73;  // whose log id is none
      BOOST_TEST((decode_anything(events::as_bytes(input)) || is_low_water));
    }
  }
}

BOOST_AUTO_TEST_CASE(mutated_inputs_are_an_error_or_the_right_thing) {
  Random random(1);
  std::vector<std::string> corpus;
  for (std::uint64_t seed = 1; seed <= seed_sets; ++seed) {
    for (std::string& input : seeds(seed)) corpus.push_back(std::move(input));
  }
  int understood = 0;
  for (int i = 0; i < decoded_inputs; ++i) {
    const std::string input = mutated(corpus[random() % corpus.size()], random);
    if (decode_anything(events::as_bytes(input))) ++understood;
  }
  BOOST_TEST_MESSAGE(decoded_inputs << " mutated inputs, " << understood << " understood");
  BOOST_TEST(understood > decoded_inputs / 10);
  BOOST_TEST(understood < decoded_inputs * 9 / 10);
}

BOOST_AUTO_TEST_CASE(garbage_is_refused) {
  Random random(2);
  for (int i = 0; i < decoded_inputs / 4; ++i) {
    std::string garbage(1 + random() % 300, '\0');
    for (char& byte : garbage) byte = static_cast<char>(random());
    garbage[0] = 0;  // a commit, its checksum not repaired
    BOOST_TEST_REQUIRE(!decode_anything(events::as_bytes(garbage)));
  }
}

BOOST_AUTO_TEST_CASE(a_damaged_log_is_refused_or_right) {
  Random random(3);
  int opened = 0;
  for (int i = 0; i < damaged_logs; ++i) {
    std::string edits(8 * (1 + random() % 4), '\0');
    for (char& byte : edits) byte = static_cast<char>(random());
    if (open_damaged_log(events::as_bytes(edits))) ++opened;
  }
  BOOST_TEST_MESSAGE(damaged_logs << " damaged logs, " << opened << " opened, all of them right");
  BOOST_TEST(opened > 0);
  BOOST_TEST(opened < damaged_logs);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::fuzz
