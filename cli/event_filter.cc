#include "cli/event_filter.h"

#include <strings.h>

#include <algorithm>
#include <utility>

namespace sky::cli {
namespace {

using core::Error;
using core::ErrorCode;

template <std::size_t... Index>
std::vector<std::string> names_of_types(std::index_sequence<Index...>) {
  return {core::type_name(core::EventBody{std::in_place_index<Index>})...};
}

const std::vector<std::string>& all_types() {
  static const std::vector<std::string> names =
      names_of_types(std::make_index_sequence<std::variant_size_v<core::EventBody>>{});
  return names;
}

// Enough for what follows from any one event; the bound is for a cause that goes on for months.
constexpr std::size_t max_followed = 100'000;

// The zone an event names itself, if it does.
struct NamedZone {
  template <class Body>
  std::string operator()(const Body&) const {
    return {};
  }
  std::string operator()(const core::LaunchIntended& e) const { return e.offer.place.zone; }
  std::string operator()(const core::ZoneBlocked& e) const { return e.place.zone; }
  std::string operator()(const core::ZoneCleared& e) const { return e.place.zone; }
  std::string operator()(const core::OrphanFound& e) const { return e.place.zone; }
};

bool considers(const core::EventBody& body, const std::string& zone) {
  const auto* placement = std::get_if<core::PlacementChosen>(&body);
  return placement &&
         std::any_of(placement->candidates.begin(), placement->candidates.end(),
                     [&](const core::Candidate& one) { return one.offer.place.zone == zone; });
}

}  // namespace

bool matches(const EventFilter& filter, const core::Event& event) {
  if (event.seq < filter.first) return false;
  if (filter.not_before && event.time.wall < *filter.not_before) return false;
  if (filter.until && filter.until->is_before(event)) return false;
  if (!filter.service.empty() && event.service != filter.service) return false;
  if (filter.replica && event.replica != filter.replica) return false;
  return filter.types.empty() || std::find(filter.types.begin(), filter.types.end(),
                                           core::type_name(event.body)) != filter.types.end();
}

core::Seq EventSieve::read_from() const {
  const core::Seq first = std::max(filter_.first, core::Seq{1});
  if (!filter_.zone.empty()) return core::Seq{1};
  return filter_.cause ? std::min(first, filter_.cause) : first;
}

bool EventSieve::passes(const core::Event& event) {
  const bool is_here = filter_.zone.empty() || is_in_zone(event);
  const bool follows = !filter_.cause || follows_from_cause(event);
  return is_here && follows && matches(filter_, event);
}

bool EventSieve::is_past(const core::Event& event) const {
  // Wall time may go back: only a sequence is surely past.
  return filter_.until && filter_.until->seq && event.seq >= filter_.until->seq;
}

bool EventSieve::is_in_zone(const core::Event& event) {
  const std::string named = std::visit(NamedZone{}, event.body);
  const auto key = std::pair(event.service, event.replica);
  if (std::holds_alternative<core::LaunchIntended>(event.body)) zones_[key] = named;
  if (std::holds_alternative<core::ServiceRemoved>(event.body))
    std::erase_if(zones_, [&](const auto& one) { return one.first.first == event.service; });
  if (!named.empty()) return named == filter_.zone;
  if (considers(event.body, filter_.zone)) return true;
  const auto known = zones_.find(key);
  return event.replica && known != zones_.end() && known->second == filter_.zone;
}

bool EventSieve::follows_from_cause(const core::Event& event) {
  if (event.seq != filter_.cause && !followed_.contains(event.cause)) return false;
  followed_.insert(event.seq);
  if (followed_.size() > max_followed) followed_.erase(followed_.begin());
  return true;
}

core::Result<void> set_since(EventFilter& filter, std::string_view text, core::WallTime now) {
  const auto moment = parse_moment("--since", text, now);
  if (!moment) return moment.error();
  filter.first = moment->seq;
  filter.not_before = moment->wall;
  return {};
}

core::Result<void> set_until(EventFilter& filter, std::string_view text, core::WallTime now) {
  auto moment = parse_moment("--until", text, now);
  if (!moment) return moment.error();
  filter.until = *moment;
  return {};
}

core::Result<void> add_type(EventFilter& filter, std::string_view text) {
  const std::string wanted(text);
  std::string like;
  for (const std::string& name : all_types()) {
    if (::strcasecmp(name.c_str(), wanted.c_str()) == 0) {
      filter.types.push_back(name);
      return {};
    }
    if (::strncasecmp(name.c_str(), wanted.c_str(), std::min<std::size_t>(4, wanted.size())) == 0)
      like += (like.empty() ? "" : ", ") + name;
  }
  std::string known;
  for (const std::string& name : all_types()) known += (known.empty() ? "" : ", ") + name;
  return Error{ErrorCode::usage, "--type " + wanted + ": no such event type; " +
                                     (like.empty() ? "known are: " + known : "near: " + like)};
}

}  // namespace sky::cli
