// Logs of other versions: what an older one wrote means what it meant, what a newer one adds is
// passed over by readers and kept; a writer refuses.
//
// older.capnp is schema 1 as it was released. newer.capnp is today's with something added in every
// place that may grow (newer_schema.py), so it keeps up by itself.
#include <capnp/dynamic.h>
#include <capnp/message.h>
#include <capnp/serialize.h>

#include <boost/test/unit_test.hpp>

#include "events/event.capnp.h"
#include "events/log_check.h"
#include "events/log_restore.h"
#include "events/opening.h"
#include "events/rocks_store.h"
#include "test/events/generator.h"
#include "test/events/hand_made_commit.h"
#include "test/events/newer.capnp.h"
#include "test/events/older.capnp.h"
#include "test/events/sample_events.h"
#include "test/events/temporary_directory.h"

namespace sky::events {
namespace {

using capnp::DynamicList;
using capnp::DynamicStruct;
using capnp::DynamicValue;

constexpr std::size_t header_size = 16;
constexpr std::size_t body_count = std::variant_size_v<core::EventBody>;
constexpr std::uint64_t seeds = 30;

void rewrite(DynamicStruct::Reader from, DynamicStruct::Builder to);

void rewrite(DynamicList::Reader from, DynamicList::Builder to) {
  for (unsigned i = 0; i < from.size(); ++i) {
    if (from[i].getType() == DynamicValue::STRUCT) {
      rewrite(from[i].as<DynamicStruct>(), to[i].as<DynamicStruct>());
    } else {
      to.set(i, from[i]);
    }
  }
}

// Copies what the schema of `to` knows, and fills in what a newer one has added.
void rewrite(DynamicStruct::Reader from, DynamicStruct::Builder to) {
  for (const auto field : to.getSchema().getFields()) {
    const auto name = field.getProto().getName();
    if (name == "addedLater") {
      to.set(field, "only a newer version knows what this is");
      continue;
    }
    const auto source = from.getSchema().findFieldByName(name);
    const bool is_of_a_union =
        field.getProto().getDiscriminantValue() != capnp::schema::Field::NO_DISCRIMINANT;
    KJ_IF_MAYBE (known, source) {
      if (is_of_a_union) {
        KJ_IF_MAYBE (active, from.which()) {
          if (active->getProto().getName() != name) continue;
        } else {
          continue;
        }
      }
      const auto value = from.get(*known);
      if (value.getType() == DynamicValue::STRUCT) {
        if (!from.has(*known) && !field.getProto().isGroup()) continue;
        rewrite(value.as<DynamicStruct>(), to.init(field).as<DynamicStruct>());
      } else if (value.getType() == DynamicValue::LIST) {
        const auto list = value.as<DynamicList>();
        if (list.size() > 0) rewrite(list, to.init(field, list.size()).as<DynamicList>());
      } else if (value.getType() == DynamicValue::ENUM) {
        to.set(field, capnp::DynamicEnum(field.getType().asEnum(),
                                         value.as<capnp::DynamicEnum>().getRaw()));
      } else if (value.getType() != DynamicValue::TEXT || from.has(*known)) {
        to.set(field, value);
      }
    }
  }
}

// The same commit as Schema's version would have written it. A message read and written once.
template <class From, class To>
std::string rewritten(const std::string& bytes) {
  std::vector<std::uint64_t> words((bytes.size() - header_size) / sizeof(std::uint64_t));
  std::memcpy(words.data(), bytes.data() + header_size, bytes.size() - header_size);
  capnp::FlatArrayMessageReader reader(
      kj::arrayPtr(reinterpret_cast<const capnp::word*>(words.data()), words.size()));
  capnp::MallocMessageBuilder message(1 << 16);
  rewrite(DynamicStruct::Reader(reader.getRoot<From>()),
          DynamicStruct::Builder(message.initRoot<To>()));
  return commit_of(message, get_little<std::uint32_t>(as_bytes(bytes).subspan(4)));
}

std::vector<core::Event> one_of_each(std::uint64_t seed, std::size_t kinds) {
  Generator generator(seed);
  std::vector<core::Event> events;
  for (std::size_t which = 1; which < kinds; ++which) {
    events.push_back(generator.event(which, core::Seq{which}));
  }
  return events;
}

// Kinds of events that schema 1 had, with `unknown`.
std::size_t older_kinds() {
  const auto body = capnp::Schema::from<older::Event>().getFieldByName("body").getType();
  return body.asStruct().getUnionFields().size();
}

BOOST_AUTO_TEST_SUITE(schema)

BOOST_AUTO_TEST_CASE(what_the_first_schema_wrote_means_what_it_meant) {
  BOOST_TEST_REQUIRE(older_kinds() > 40u);
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const auto events = one_of_each(seed, older_kinds());
    const auto old_bytes = rewritten<wire::Commit, older::Commit>(encode_commit(1, 0, events));
    const auto commit = decode_commit(as_bytes(old_bytes));
    BOOST_TEST_REQUIRE(commit.has_value(), (commit ? "" : commit.error().text));
    BOOST_REQUIRE(commit->events.size() == events.size());
    for (std::size_t i = 0; i < events.size(); ++i) {
      BOOST_TEST(commit->events[i].body.index() == events[i].body.index());
      BOOST_TEST(commit->events[i].service == events[i].service);
    }
    // All that schema 1 could say is still there, to the last byte.
    const auto again = rewritten<wire::Commit, older::Commit>(encode_commit(1, 0, commit->events));
    BOOST_TEST((again == old_bytes), "seed " << seed);
  }
}

BOOST_AUTO_TEST_CASE(what_a_newer_schema_adds_to_every_struct_is_passed_over) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const auto events = one_of_each(seed, body_count);
    const std::string bytes = encode_commit(1, 0, events);
    const std::string newer_bytes = rewritten<wire::Commit, newer::Commit>(bytes);
    BOOST_TEST(newer_bytes.size() > bytes.size());
    const auto commit = decode_commit(as_bytes(newer_bytes));
    BOOST_TEST_REQUIRE(commit.has_value(), (commit ? "" : commit.error().text));
    BOOST_TEST((commit->events == events), "seed " << seed);
  }
}

// Three events, the one in the middle of a kind that only a newer version knows.
std::string commit_with_future(std::uint64_t first, std::uint32_t chain_before,
                               std::uint16_t schema) {
  capnp::MallocMessageBuilder message;
  auto commit = message.initRoot<newer::Commit>();
  commit.setFirstSeq(first);
  commit.setEpoch(9);
  commit.setSchema(schema);
  commit.setAddedLater("later");
  auto events = commit.initEvents(3);
  for (unsigned i = 0; i < 3; ++i) {
    events[i].setActor(newer::Actor::OF_THE_FUTURE);
    events[i].setService("llama3");
    events[i].setAddedLater("of this event");
  }
  events[0].getBody().initReplicaBecameReady();
  events[1].getBody().initFromTheFuture().setWhat("unheard of");
  events[2].getBody().initReplicaBecameNotReady().setReason("gone");
  return commit_of(message, chain_before);
}

void expect_future(std::span<const core::Event> events) {
  BOOST_REQUIRE(events.size() == 3u);
  BOOST_TEST(std::holds_alternative<core::ReplicaBecameReady>(events[0].body));
  const auto* unknown = std::get_if<core::UnknownEvent>(&events[1].body);
  BOOST_REQUIRE(unknown != nullptr);
  BOOST_TEST(unknown->tag == body_count);
  BOOST_TEST(events[1].service == "llama3");
  BOOST_TEST((events[1].actor == core::Actor::unknown));
  BOOST_TEST(std::get<core::ReplicaBecameNotReady>(events[2].body).reason == "gone");
}

// Ten events of ours, then a commit of the future.
struct FutureLog {
  TemporaryDirectory home;
  const std::filesystem::path path = home / "log";
  std::string future;

  explicit FutureLog(std::uint16_t schema) {
    std::uint32_t chain = 0;
    {
      const auto log = open_log(path);
      BOOST_REQUIRE(log);
      BOOST_REQUIRE((*log)->append(sample_events(1, 10)));
      chain = (*log)->position().chain;
    }
    future = commit_with_future(11, chain, schema);
    const auto store = RocksStore::open(path / database_name, RocksTuning{},
                                        rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords,
                                        RocksStore::Access::read_write);
    BOOST_REQUIRE(store);
    BOOST_REQUIRE((*store)->append(11, future));
    BOOST_REQUIRE((*store)->put_meta({{schema_key, std::to_string(schema)}}));
  }

  // The commit of the future is in that log as it was written.
  void expect_kept(const std::filesystem::path& directory) const {
    std::string kept;
    const auto check =
        check_log(directory, [&](const Commit& commit, std::span<const std::byte> bytes) {
          if (commit.events.front().seq.value != 11) return true;
          kept.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
          expect_future(commit.events);
          return true;
        });
    BOOST_REQUIRE(check);
    BOOST_TEST(!check->damage);
    BOOST_TEST(check->last.value == 13u);
    BOOST_TEST((kept == future));
  }
};

BOOST_AUTO_TEST_CASE(a_writer_refuses_the_log_of_a_newer_version_and_says_what_to_do) {
  const FutureLog log(schema_version + 1);
  const auto refused = open_log(log.path);
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == core::ErrorCode::too_new));
  BOOST_TEST(refused.error().text.find("newer skyctl") != std::string::npos);
  BOOST_TEST(refused.error().text.find("start that version") != std::string::npos);
  log.expect_kept(log.path);  // and has changed nothing
}

BOOST_AUTO_TEST_CASE(a_reader_goes_on_and_shows_what_it_does_not_know_as_unknown) {
  const FutureLog log(schema_version + 1);
  const auto reader = open_log_read_only(log.path);
  BOOST_TEST_REQUIRE(reader.has_value(), (reader ? "" : reader.error().text));
  const auto events = read_all(**reader);
  BOOST_REQUIRE(events.size() == 13u);
  BOOST_TEST((std::vector(events.begin(), events.begin() + 10) == sample_events(1, 10)));
  expect_future(std::span(events).subspan(10));
}

BOOST_AUTO_TEST_CASE(a_backup_of_a_newer_version_is_restored_byte_for_byte) {
  const FutureLog log(schema_version + 1);
  const auto restored = restore_log(log.path, log.home / "restored");
  BOOST_TEST_REQUIRE(restored.has_value(), (restored ? "" : restored.error().text));
  log.expect_kept(log.home / "restored");
}

BOOST_AUTO_TEST_CASE(a_backup_keeps_unknown_events_byte_for_byte) {
  const FutureLog log(schema_version);  // of a development version, say
  const auto writer = open_log(log.path);
  BOOST_TEST_REQUIRE(writer.has_value(), (writer ? "" : writer.error().text));
  BOOST_REQUIRE((*writer)->backup(log.home / "copy"));
  log.expect_kept(log.home / "copy");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::events
