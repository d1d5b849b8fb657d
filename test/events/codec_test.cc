#include "events/codec.h"

#include <capnp/message.h>

#include <boost/test/unit_test.hpp>

#include "events/crc32c.h"
#include "events/event.capnp.h"
#include "events/little_endian.h"
#include "test/events/generator.h"
#include "test/events/hand_made_commit.h"

namespace sky::events {
namespace {

constexpr std::size_t body_count = std::variant_size_v<core::EventBody>;

std::vector<core::Event> one_of_each(std::uint64_t seed, std::uint64_t first) {
  Generator generator(seed);
  std::vector<core::Event> events;
  for (std::size_t which = 0; which < body_count; ++which) {
    events.push_back(generator.event(which, core::Seq{first + which}));
  }
  return events;
}

BOOST_AUTO_TEST_SUITE(codec)

BOOST_AUTO_TEST_CASE(every_kind_of_event_comes_back_equal) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const auto events = one_of_each(seed, 100);
    const auto commit = decode_commit(as_bytes(encode_commit(7, 42, events)));
    BOOST_REQUIRE(commit);
    BOOST_TEST(commit->epoch == 7u);
    BOOST_TEST(commit->chain_before == 42u);
    BOOST_TEST(commit->schema == schema_version);
    BOOST_REQUIRE(commit->events.size() == body_count);
    for (std::size_t which = 0; which < body_count; ++which) {
      BOOST_TEST(commit->events[which].body.index() == which);
      BOOST_TEST((commit->events[which] == events[which]),
                 "seed " << seed << ", body " << which << " differs");
    }
  }
}

BOOST_AUTO_TEST_CASE(the_schema_has_a_place_for_every_body_and_no_more) {
  // A message whose union says N decodes as body N; one past the last is of the future.
  for (std::size_t which = 0; which <= body_count; ++which) {
    capnp::MallocMessageBuilder message;
    auto commit = message.initRoot<wire::Commit>();
    commit.setFirstSeq(1);
    auto event = commit.initEvents(1)[0];
    event.initBody().setUnknown();
    const auto layout = capnp::toAny(event.asReader()).getDataSection();
    // The discriminant is the 16-bit field that changes when another member is set.
    std::vector<capnp::byte> before(layout.begin(), layout.end());
    event.getBody().initDaemonStarted();
    const auto after = capnp::toAny(event.asReader()).getDataSection();
    std::size_t offset = 0;
    while (offset < before.size() && before[offset] == after[offset]) ++offset;
    BOOST_REQUIRE(offset < before.size());
    auto* raw = const_cast<capnp::byte*>(after.begin()) + offset;
    raw[0] = static_cast<capnp::byte>(which);
    raw[1] = 0;
    const auto decoded = decode_commit(as_bytes(commit_of(message)));
    if (which == 0 || which == body_count) {
      BOOST_REQUIRE(decoded);
      const auto* unknown = std::get_if<core::UnknownEvent>(&decoded->events[0].body);
      BOOST_REQUIRE(unknown != nullptr);
      BOOST_TEST(unknown->tag == which);
    } else if (decoded) {  // a DaemonStarted read as another struct may be refused, never misnamed
      BOOST_TEST(decoded->events[0].body.index() == which);
    }
  }
}

BOOST_AUTO_TEST_CASE(an_enum_value_of_the_future_reads_as_unknown) {
  capnp::MallocMessageBuilder message;
  auto commit = message.initRoot<wire::Commit>();
  commit.setFirstSeq(1);
  auto event = commit.initEvents(1)[0];
  event.setActor(static_cast<wire::Actor>(999));
  event.getBody().initReplicaPlanned().setPool(static_cast<wire::Pool>(77));
  const auto decoded = decode_commit(as_bytes(commit_of(message)));
  BOOST_REQUIRE(decoded);
  BOOST_TEST((decoded->events[0].actor == core::Actor::unknown));
  BOOST_TEST((std::get<core::ReplicaPlanned>(decoded->events[0].body).pool == core::Pool::unknown));
}

BOOST_AUTO_TEST_CASE(every_flipped_bit_of_a_commit_is_noticed) {
  Generator generator(3);
  for (int round = 0; round < 4; ++round) {
    std::vector<core::Event> events;
    for (std::uint64_t seq = 1; seq <= 3; ++seq) {
      events.push_back(generator.event(generator.below(body_count), core::Seq{seq}));
    }
    std::string bytes = encode_commit(1, 9, events);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
      BOOST_TEST_REQUIRE(!decode_commit(as_bytes(bytes)), "bit " << bit << " was not noticed");
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    }
    BOOST_TEST(bool(decode_commit(as_bytes(bytes))));
  }
}

BOOST_AUTO_TEST_CASE(damage_under_a_right_checksum_is_an_error_or_other_values_never_a_crash) {
  const auto events = one_of_each(5, 1);
  const std::string good = encode_commit(1, 0, events);
  Generator generator(11);
  CommitDecoder decoder;
  std::size_t refused = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    std::string bytes = good;
    const std::size_t bit = 16 * 8 + generator.below((bytes.size() - 16) * 8);
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    const char before[4] = {};
    put_little(bytes.data() + 8,
               crc32c(crc32c(0, as_bytes(before, 4)), as_bytes(bytes).subspan(16)));
    Commit commit;
    const auto decoded = decoder.decode(as_bytes(bytes), commit);
    if (!decoded) {
      BOOST_TEST((decoded.error().code == core::ErrorCode::corrupt));
      ++refused;
    }
  }
  BOOST_TEST(refused > 0u);
  BOOST_TEST(refused < 3000u);
}

BOOST_AUTO_TEST_CASE(cut_commits_and_garbage_are_refused) {
  const std::string good = encode_commit(1, 0, one_of_each(6, 1));
  for (std::size_t size = 0; size < good.size(); size += 7) {
    BOOST_TEST(!decode_commit(as_bytes(good.substr(0, size))));
  }
  BOOST_TEST(!decode_commit(as_bytes(std::string(4096, '\0'))));
  BOOST_TEST(!decode_commit(as_bytes(good + std::string(8, '\0'))));
}

BOOST_AUTO_TEST_CASE(a_commit_in_a_newer_form_says_so) {
  std::string bytes = encode_commit(1, 0, one_of_each(6, 1));
  bytes[3] = '2';
  const auto decoded = decode_commit(as_bytes(bytes));
  BOOST_REQUIRE(!decoded);
  BOOST_TEST((decoded.error().code == core::ErrorCode::too_new));
}

BOOST_AUTO_TEST_CASE(a_decoder_used_again_leaves_nothing_of_the_commit_before) {
  CommitDecoder decoder;
  Commit commit;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    auto events = one_of_each(seed, seed * 1000);
    if (seed % 2 == 0) events.resize(5);
    BOOST_REQUIRE(decoder.decode(as_bytes(encode_commit(seed, 0, events)), commit));
    BOOST_TEST((commit.events == events));
  }
}

BOOST_AUTO_TEST_CASE(the_size_of_an_event_is_not_underestimated_by_much) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    for (const core::Event& event : one_of_each(seed, 1)) {
      const std::size_t encoded = encode_commit(1, 0, {&event, 1}).size();
      BOOST_TEST(approximate_bytes(event) * 2 >= encoded);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_routing_table_comes_back_equal) {
  Generator generator(8);
  for (int round = 0; round < 50; ++round) {
    const core::RoutingSnapshot table = generator.table();
    std::string bytes = encode_routing(table);
    const auto decoded = decode_routing(as_bytes(bytes));
    BOOST_REQUIRE(decoded);
    BOOST_TEST((*decoded == table));
    bytes[generator.below(bytes.size())] ^= 1;
    BOOST_TEST(!decode_routing(as_bytes(bytes)));
  }
  BOOST_TEST(!decode_routing({}));
}

BOOST_AUTO_TEST_CASE(the_checksum_is_the_published_crc_32c) {
  // RFC 3720, appendix B.4, and the usual check value.
  BOOST_TEST(crc32c(0, as_bytes("123456789", 9)) == 0xe3069283u);
  BOOST_TEST(crc32c(0, as_bytes(std::string(32, '\0'))) == 0x8a9136aau);
  BOOST_TEST(crc32c(0, as_bytes(std::string(32, '\xff'))) == 0x62a8ab43u);
  Generator generator(1);
  for (std::size_t size = 0; size < 70; ++size) {
    std::string text(size, ' ');
    for (char& letter : text) letter = static_cast<char>(generator.number<int>());
    BOOST_TEST(crc32c(17, as_bytes(text)) == crc32c_by_table(17, as_bytes(text)));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::events
