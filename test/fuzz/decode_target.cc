#include <algorithm>
#include <array>
#include <fstream>

#include "core/check.h"
#include "events/crc32c.h"
#include "events/follow_session.h"
#include "events/little_endian.h"
#include "events/low_water.h"
#include "events/snapshot.h"
#include "events/torn_manifest.h"
#include "test/events/generator.h"
#include "test/events/sample_events.h"
#include "test/events/temporary_directory.h"
#include "test/fuzz/targets.h"

namespace sky::fuzz {
namespace {

using namespace events;

enum class Taker : unsigned char {
  commit,
  routing,
  snapshot,
  daemon_frames,
  follower_frames,
  report,
  low_water,
  records,
  count,
};
constexpr unsigned char repairs_checksum = 0x80;

void put_checksum(std::string& bytes, std::size_t at, std::uint32_t value) {
  if (bytes.size() >= at + sizeof value) put_little(bytes.data() + at, value);
}

// Makes the header of each form right, as somebody who means harm would.
void repair_checksum(Taker taker, std::string& bytes) {
  if (taker == Taker::commit && bytes.size() > 16) {
    const auto payload = as_bytes(bytes).subspan(16);
    put_checksum(bytes, 12, static_cast<std::uint32_t>(payload.size()));
    const auto before = crc32c(0, as_bytes(bytes).subspan(4, 4));
    put_checksum(bytes, chain_offset, crc32c(before, payload));
  } else if (taker == Taker::routing && bytes.size() > 4) {
    put_checksum(bytes, 0, crc32c(0, as_bytes(bytes).subspan(4)));
  } else if (taker == Taker::low_water && bytes.size() >= 72) {
    put_checksum(bytes, 68, crc32c(0, as_bytes(bytes).first(68)));
  }
}

bool take_commit(std::span<const std::byte> bytes) {
  const auto commit = decode_commit(bytes);
  if (!commit) return false;
  SKY_CHECK(!commit->events.empty() && commit->events.size() <= max_events_per_commit,
            "a commit holds 1 to max_events_per_commit events");
  for (std::size_t i = 0; i < commit->events.size(); ++i) {
    SKY_CHECK(commit->events[i].seq.value == commit->events[0].seq.value + i, "dense sequences");
    SKY_CHECK(approximate_bytes(commit->events[i]) > 0, "every event has a size");
  }
  // What was understood can be stored again and is understood in the same way.
  const bool has_unknown =
      std::any_of(commit->events.begin(), commit->events.end(), [](const core::Event& event) {
        return std::holds_alternative<core::UnknownEvent>(event.body);
      });
  if (has_unknown) return true;
  const auto again = decode_commit(as_bytes(encode_commit(1, 0, commit->events)));
  SKY_CHECK(again && again->events == commit->events, "decoding and encoding agree");
  return true;
}

bool take_frames(std::span<const std::byte> bytes, std::size_t longest) {
  FrameReader reader(longest);
  std::size_t taken = 0;
  bool is_understood = false;
  while (taken < bytes.size()) {
    const std::size_t size = std::min<std::size_t>(bytes.size() - taken, 1 + taken % 37);
    reader.feed(bytes.subspan(taken, size));
    taken += size;
    for (auto next = reader.next(); next && *next; next = reader.next()) {
      const auto payload = (*next)->payload;
      is_understood = decode_welcome(payload) || decode_request(payload) || decode_seq(payload) ||
                      decode_report(payload) || is_understood;
    }
  }
  return is_understood;
}

// A session answers or ends; it never sends more than the log holds.
bool take_follower(std::span<const std::byte> bytes) {
  const auto log = make_memory_log("0123456789abcdef0123456789abcdef");
  SKY_CHECK(log->append(sample_events(1, 20)), "a log in memory takes events");
  std::size_t sent = 0;
  FollowSession session(
      *log, {[&](const std::string& frame) { sent += frame.size(); }, [] { return 0; }},
      [] { return core::RoutingSnapshot{}; }, [](BalancerReport) {});
  const std::size_t half = bytes.size() / 2;
  if (!session.receive(bytes.first(half)) || !session.receive(bytes.subspan(half))) return false;
  for (int turn = 0; turn < 4 && session.wants_turn(); ++turn) {
    SKY_CHECK(session.take_turn(), "a whole log is read");
  }
  return sent > 0;
}

bool take_low_water(std::span<const std::byte> bytes) {
  static const TemporaryDirectory home;
  const auto path = home / "low_water";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  const auto mark = read_low_water(path);
  SKY_CHECK(mark, "a file with anything in it is a mark or none");
  return mark->has_value();
}

}  // namespace

bool decode_anything(std::span<const std::byte> input) {
  if (input.empty()) return false;
  const auto first = static_cast<unsigned char>(input[0]);
  const auto taker =
      static_cast<Taker>((first & ~repairs_checksum) % static_cast<unsigned char>(Taker::count));
  std::string bytes(reinterpret_cast<const char*>(input.data()) + 1, input.size() - 1);
  if ((first & repairs_checksum) != 0) repair_checksum(taker, bytes);
  const auto rest = as_bytes(bytes);
  switch (taker) {
    case Taker::commit: return take_commit(rest);
    case Taker::routing: {
      const auto table = decode_routing(rest);
      if (!table) return false;
      const auto again = decode_routing(as_bytes(encode_routing(*table)));
      SKY_CHECK(again && *again == *table, "decoding and encoding agree");
      return true;
    }
    case Taker::snapshot: {
      const auto snapshot = decode_snapshot(core::Seq{10}, rest);
      SKY_CHECK(!snapshot || snapshot->state_hash == state_hash(snapshot->state), "proven whole");
      return snapshot.has_value();
    }
    case Taker::daemon_frames: return take_frames(rest, max_daemon_frame);
    case Taker::follower_frames: return take_follower(rest);
    case Taker::report: return decode_report(rest).has_value();
    case Taker::low_water: return take_low_water(rest);
    case Taker::records:
      SKY_CHECK(whole_records_size(rest) <= rest.size(), "a beginning is not longer than the file");
      return true;
    case Taker::count: break;
  }
  return false;
}

std::vector<std::string> seeds(std::uint64_t seed) {
  Generator generator(seed);
  std::vector<core::Event> all;
  for (std::size_t which = 0; which < std::variant_size_v<core::EventBody>; ++which) {
    all.push_back(generator.event(which, core::Seq{1 + which}));
  }
  const std::string commit = encode_commit(seed, 7, all);
  const std::string one = encode_commit(1, 0, {&all[generator.below(all.size())], 1});
  Snapshot snapshot{core::Seq{10}, 1, 0, "1.2.3", "a state"};
  snapshot.state_hash = state_hash(snapshot.state);
  core::TrafficReported traffic{"llama3", {}};
  traffic.sample.replicas = {{core::ReplicaId{3}, 4}};
  const std::string report = report_frame(traffic);
  const auto input = [](Taker taker, bool repairs, const std::string& bytes) {
    const auto first = static_cast<unsigned char>(static_cast<unsigned char>(taker) |
                                                  (repairs ? repairs_checksum : 0));
    return static_cast<char>(first) + bytes;
  };
  std::string slot(72, '\0');
  put_little(slot.data(), std::uint32_t{0x574c4b53});
  put_little(slot.data() + 4, std::uint32_t{1});
  return {input(Taker::commit, true, commit),
          input(Taker::commit, true, one),
          input(Taker::commit, false, one),
          input(Taker::routing, true, encode_routing(generator.table())),
          input(Taker::snapshot, false, encode_snapshot(snapshot)),
          input(Taker::daemon_frames, false,
                welcome_frame({"0123456789abcdef0123456789abcdef", 3, core::Seq{20}}) +
                    frame(FrameKind::commit, one) + seq_frame(FrameKind::caught_up, core::Seq{1})),
          input(Taker::follower_frames, false, request_frame({core::Seq{1}, false}) + report),
          input(Taker::report, false, report.substr(5)),
          input(Taker::low_water, true, slot),
          input(Taker::records, false, commit)};
}

}  // namespace sky::fuzz
