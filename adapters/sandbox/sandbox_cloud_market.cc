// SandboxCloud's sense of scarcity: what is left in a zone, and who has to go when it shrinks.

#include <algorithm>
#include <charconv>
#include <optional>

#include "adapters/clock.h"
#include "adapters/durable_file.h"
#include "adapters/sandbox/room.h"
#include "adapters/sandbox/sandbox_cloud_held.h"

namespace sky::adapters::sandbox {

core::WallTime SandboxCloud::read_market_start(const std::filesystem::path& directory) {
  const auto file = directory / "market-start";
  std::int64_t start_us = 0;
  if (const auto text = read_file(file)) {
    std::from_chars(text->data(), text->data() + text->size(), start_us);
  }
  if (start_us > 0) return core::WallTime(core::Duration(start_us));
  const core::WallTime now = wall_now();
  (void)make_private_directory(directory);
  (void)write_file_atomically(file, std::to_string(now.time_since_epoch().count()));
  return now;
}

core::Duration SandboxCloud::market_time() const {
  const auto speed = settings_.market_speed_percent == 0 ? 100 : settings_.market_speed_percent;
  return std::max(core::Duration{0}, (wall_now() - market_start_) * speed / 100);
}

std::uint32_t SandboxCloud::market_capacity(const CatalogOffer& entry) const {
  if (!entry.offer.is_spot()) return entry.capacity;
  return settings_.market.capacity(entry.offer.place.zone, entry.capacity, market_time());
}

std::variant<std::uint32_t, core::Failure> SandboxCloud::room_for(const core::Offer& offer) const {
  const CatalogOffer* entry = find_offer(catalog_, offer);
  if (entry == nullptr) return not_sold(catalog_, offer);
  std::vector<const MachineOrder*> held_orders;
  for (const auto& [machine, held] : machines_) {
    if (is_held(held->machine->fate())) held_orders.push_back(&held->order());
  }
  for (const auto& [machine, starting] : starting_)
    if (!machines_.contains(machine)) held_orders.push_back(&starting.order);
  return find_room(catalog_, offer, held_orders, market_capacity(*entry));
}

// Where less is left than runs, the newest machines get their notice.
void SandboxCloud::follow_market() {
  std::map<const CatalogOffer*, std::vector<Held*>> running;
  for (const auto& [machine, held] : machines_) {
    const bool stays = is_held(held->machine->fate()) && !held->machine->notice();
    const CatalogOffer* entry = find_offer(catalog_, held->order().offer);
    if (stays && entry != nullptr && entry->offer.is_spot()) running[entry].push_back(held.get());
  }
  const core::Duration now = market_time();
  std::optional<core::Duration> next;
  for (auto& [entry, newest_first] : running) {
    std::sort(newest_first.begin(), newest_first.end(), [](const Held* a, const Held* b) {
      return a->order().ordered_at > b->order().ordered_at;
    });
    const std::size_t capacity = market_capacity(*entry);
    const std::size_t excess = newest_first.size() - std::min(newest_first.size(), capacity);
    for (std::size_t i = 0; i < excess; ++i) give_notice(*newest_first[i]);
    const auto change = settings_.market.next_change(entry->offer.place.zone, now);
    if (change && (!next || *change < *next)) next = change;
  }
  if (!next) return market_timer_.stop();
  const core::Duration wait = scaled(*next - now, settings_.market_speed_percent);
  market_timer_.start(wait + core::milliseconds(1), [this] { follow_market(); });
}

}  // namespace sky::adapters::sandbox
