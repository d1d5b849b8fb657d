#include "projections/zone_history.h"

#include <algorithm>

#include "core/backoff.h"

namespace sky::projections {
namespace {

using core::Phase;

// The machine went: the cloud took it, or we gave it up.
void lose_machine(ZoneRecord& record, bool is_taken, core::Instant now) {
  record.machines -= std::min<std::uint32_t>(record.machines, 1);
  if (is_taken)
    core::saw_loss(record.belief, record.machines, now);
  else if (record.machines == 0)
    core::left_zone(record.belief, now);
}

bool is_taken(const core::EventBody& body) {
  const auto* lost = std::get_if<core::InstanceLost>(&body);
  return (lost && !lost->by_user_code) || std::holds_alternative<core::PreemptionNoticed>(body) ||
         std::holds_alternative<core::ReplicaPreempted>(body);
}

}  // namespace

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

bool counts_in_zone(const Replica& replica) {
  return replica.is_spot() && replica.provisioned && !replica.notice_deadline &&
         !core::is_terminal(replica.phase) && replica.phase != Phase::pending &&
         replica.phase != Phase::provisioning;
}

bool may_teach(const core::EventBody& body) {
  return is_taken(body) || std::holds_alternative<core::LaunchIntended>(body) ||
         std::holds_alternative<core::ProvisionSucceeded>(body) ||
         std::holds_alternative<core::ProvisionFailed>(body) ||
         std::holds_alternative<core::InstanceLost>(body) ||
         std::holds_alternative<core::TerminationSucceeded>(body) ||
         std::holds_alternative<core::ReplicaEnded>(body);
}

void learn(ZoneHistory& history, const core::Event& event, const Replica& before,
           const Replica* after) {
  const core::Instant now = event.time.at;
  const auto* intent = std::get_if<core::LaunchIntended>(&event.body);
  const auto* failed = std::get_if<core::ProvisionFailed>(&event.body);
  const bool was_there = counts_in_zone(before), is_there = after && counts_in_zone(*after);
  const bool is_loss = is_taken(event.body);
  const bool is_success = std::holds_alternative<core::ProvisionSucceeded>(event.body);
  const bool teaches = failed || is_success || is_loss || was_there != is_there;
  if (intent) ++record_of(history, intent->offer, now).launches;
  if (before.attempt == 0 || !teaches) return;
  ZoneRecord& record = record_of(history, before.offer, now);
  if (is_success) record.last_success = now;
  if (is_there && !was_there) {
    ++record.machines;
    core::saw_capacity(record.belief, now);
  }
  if (was_there && !is_there) lose_machine(record, is_loss, now);
  if (failed) {
    ++record.failures[static_cast<std::size_t>(failed->failure.kind) % record.failures.size()];
    if (failed->failure.kind == core::FailureKind::capacity && before.is_spot())
      core::saw_refusal(record.belief, record.machines, now);
  }
  const bool is_notice = std::holds_alternative<core::PreemptionNoticed>(event.body);
  const bool is_preemption = std::holds_alternative<core::ReplicaPreempted>(event.body);
  record.notices += is_notice ? 1 : 0;
  record.preemptions += is_preemption ? 1 : 0;
  if (is_notice || is_preemption) record.last_preemption = now;
}

void forget_machine(ZoneHistory& history, const Replica& replica, core::Instant now) {
  if (counts_in_zone(replica)) lose_machine(record_of(history, replica.offer, now), false, now);
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
