// What the clouds taught us about every place, machine type and market, for all services together.
//
// Counts, and which offers are left alone until when. A failure blocks more than itself only as far
// as core/launch_verdict.h says. Folded; at most `max_zones` places are remembered, the one not
// touched for longest is forgotten first.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>

#include "core/event.h"
#include "core/launch_verdict.h"
#include "core/policies/zone_belief.h"
#include "projections/replica.h"

namespace sky::projections {

// The clouds' zones times the machine types one installation uses: far fewer. Bounds the memory.
inline constexpr std::size_t max_zones = 4096;
inline constexpr std::size_t max_blocks = 4096;

// A block that ended this long ago is forgotten: the next failure there is a first one again.
inline constexpr core::Duration block_memory = core::seconds(3600);

struct ZoneRecord {
  std::uint64_t launches = 0;
  std::array<std::uint64_t, 16> failures{};  // by core::FailureKind
  std::uint64_t preemptions = 0;
  std::uint64_t notices = 0;
  std::optional<core::Instant> last_success;
  std::optional<core::Instant> last_preemption;  // or the notice of one
  core::Instant touched;
  std::uint32_t machines = 0;  // spot machines of ours that are there now
  core::ZoneBelief belief;  // of a spot market: its age and hazard
  bool operator==(const ZoneRecord&) const = default;
};

struct BlockRecord {
  core::Instant until;
  std::uint32_t times = 0;  // in a row
  core::FailureKind kind = core::FailureKind::unknown;
  bool operator==(const BlockRecord&) const = default;
};

struct ZoneHistory {
  std::map<core::BlockKey, ZoneRecord> records;  // keys without empty parts
  std::map<core::BlockKey, BlockRecord> blocks;
  bool operator==(const ZoneHistory&) const = default;
};

core::BlockKey key_of(const core::Offer& offer);
ZoneRecord& record_of(ZoneHistory& history, const core::Offer& offer, core::Instant now);

// Whether it is one of ZoneRecord::machines. Those that got notice are as good as taken.
bool counts_in_zone(const Replica& replica);
// What the event teaches about the zone of its replica: as it was before, and is after it (null: it
// left). Asked only where it may teach something.
bool may_teach(const core::EventBody& body);
void learn(ZoneHistory& history, const core::Event& event, const Replica& before,
           const Replica* after);
// Its service is gone, and nobody will hear of the machine again.
void forget_machine(ZoneHistory& history, const Replica& replica, core::Instant now);

void block(ZoneHistory& history, const core::ZoneBlocked& event, core::Instant now);
void clear(ZoneHistory& history, const core::ZoneCleared& event);

// The zone took a machine from us, or said that it will, within `wary_time`. Losses come together:
// within 5 minutes of the first a zone took the next in 83 to 97 % of cases (the SkyServe paper).
inline constexpr core::Duration wary_time = core::seconds(600);
bool took_lately(const ZoneHistory& history, const core::Place& place, core::Instant now);

// The block that lasts longest of those that cover the offer now; none: it may be tried.
std::optional<BlockRecord> block_on(const ZoneHistory& history, const core::Offer& offer,
                                    core::Instant now);
// When the next block of this kind ends, which the provider wants to last `asked` at least. Never
// before one that stands already: two launches may fail there for different reasons.
core::Instant next_block_end(const ZoneHistory& history, const core::Block& block,
                             core::Duration asked, core::Instant now);

}  // namespace sky::projections
