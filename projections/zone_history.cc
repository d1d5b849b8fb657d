#include "projections/zone_history.h"

#include <algorithm>

#include "core/backoff.h"

namespace sky::projections {

core::BlockKey key_of(const core::Offer& offer) {
  return {offer.place, offer.instance_type, offer.market};
}

ZoneRecord& record_of(ZoneHistory& history, const core::Offer& offer, core::Instant now) {
  auto& records = history.records;
  if (records.size() >= max_zones && !records.contains(key_of(offer)))
    records.erase(std::min_element(records.begin(), records.end(), [](auto& a, auto& b) {
      return a.second.touched < b.second.touched;
    }));
  ZoneRecord& record = records[key_of(offer)];
  record.touched = now;
  return record;
}

void block(ZoneHistory& history, const core::ZoneBlocked& event, core::Instant now) {
  auto& blocks = history.blocks;
  std::erase_if(blocks, [&](auto& one) { return one.second.until + block_memory < now; });
  if (blocks.size() >= max_blocks)
    blocks.erase(std::min_element(blocks.begin(), blocks.end(), [](auto& a, auto& b) {
      return a.second.until < b.second.until;
    }));
  BlockRecord& record = blocks[{event.place, event.instance_type, event.market}];
  record.until = event.until;
  record.kind = event.failure.kind;
  ++record.times;
}

void clear(ZoneHistory& history, const core::ZoneCleared& event) {
  history.blocks.erase({event.place, event.instance_type, event.market});
}

bool took_lately(const ZoneHistory& history, const core::Place& place, core::Instant now) {
  auto record = history.records.lower_bound({.place = place, .instance_type = {}});
  for (; record != history.records.end() && record->first.place == place; ++record) {
    const auto& taken = record->second.last_preemption;
    if (taken && now - *taken < wary_time) return true;
  }
  return false;
}

std::optional<BlockRecord> block_on(const ZoneHistory& history, const core::Offer& offer,
                                    core::Instant now) {
  std::optional<BlockRecord> longest;
  for (const auto& [key, record] : history.blocks)
    if (record.until > now && key.covers(offer) && (!longest || longest->until < record.until))
      longest = record;
  return longest;
}

core::Instant next_block_end(const ZoneHistory& history, const core::Block& block,
                             core::Duration asked, core::Instant now) {
  const auto found = history.blocks.find(block.key);
  const bool is_known = found != history.blocks.end() && found->second.until + block_memory >= now;
  const core::Backoff backoff{block.first, block.most};
  const core::Duration wait = backoff.after(is_known ? found->second.times + 1 : 1);
  const core::Instant end = now + std::max(asked, wait);
  return is_known ? std::max(end, found->second.until) : end;
}

}  // namespace sky::projections
