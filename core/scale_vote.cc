#include "core/scale_vote.h"

#include <algorithm>
#include <vector>

#include "core/check.h"

namespace sky::core {
namespace {

bool agrees(std::uint32_t wanted, std::uint32_t current, Direction direction) {
  return direction == Direction::up ? wanted > current : wanted < current;
}

// How many of `due` make the share.
std::size_t votes_needed(std::size_t due) { return (due * vote_share_percent + 99) / 100; }

std::uint32_t supported(std::span<const std::uint32_t> wanted, Direction direction,
                        std::size_t needed) {
  std::vector<std::uint32_t> sorted(wanted.begin(), wanted.end());
  std::sort(sorted.begin(), sorted.end());
  return direction == Direction::up ? sorted[sorted.size() - needed] : sorted[needed - 1];
}

}  // namespace

std::size_t evaluations_due(Duration delay) {
  if (delay <= Duration{0}) return 1;
  return static_cast<std::size_t>((delay.count() - 1) / seconds(1).count()) + 2;
}

Vote count_votes(std::span<const std::uint32_t> wanted, std::uint32_t current, Direction direction,
                 Duration delay) {
  const std::size_t due = evaluations_due(delay);
  SKY_CHECK(wanted.size() <= due, "more evaluations than the delay spans");
  const auto in_favour = [&](std::uint32_t one) { return agrees(one, current, direction); };
  const auto votes =
      static_cast<std::size_t>(std::count_if(wanted.begin(), wanted.end(), in_favour));
  Vote vote;
  vote.percent = static_cast<std::uint32_t>(votes * 100 / due);
  const auto recent = wanted.last(std::min(wanted.size(), patient_evaluations));
  vote.is_waiting = std::any_of(recent.begin(), recent.end(), in_favour);
  if (wanted.size() < due || votes < votes_needed(due)) return vote;
  if (!in_favour(wanted.front()) || !in_favour(wanted.back())) return vote;
  vote.is_carried = true;
  vote.target = supported(wanted, direction, votes_needed(due));
  return vote;
}

}  // namespace sky::core
