#include "lb/affinity.h"

#include <algorithm>
#include <cstring>

namespace sky::lb {
namespace {

// splitmix64's finaliser.
std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31);
}

// Not against attackers: whoever finds a collision gets another's replica, not
// another's answer.
std::uint64_t hash_of(std::string_view bytes, std::uint64_t seed) {
  std::uint64_t hash = seed + bytes.size();
  while (bytes.size() >= sizeof hash) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);
    hash = mixed(hash ^ word) + 0x9e3779b97f4a7c15U;
    bytes.remove_prefix(sizeof word);
  }
  std::uint64_t rest = 0;
  if (!bytes.empty()) std::memcpy(&rest, bytes.data(), bytes.size());
  return mixed(hash ^ rest);
}

std::string_view cookie_of(const MessageHead& head, std::string_view name) {
  for (const Header& header : head.headers) {
    if (!equals_ignoring_case(header.name, "cookie")) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      const std::string_view pair = without_blanks(rest.substr(0, end));
      if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
        return pair.substr(name.size() + 1);
      }
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return {};
}

std::string_view header_of(const MessageHead& head, std::string_view name) {
  for (const Header& header : head.headers) {
    if (equals_ignoring_case(header.name, name)) return header.value;
  }
  return {};
}

std::uint64_t slot_of(std::uint64_t hash, core::ReplicaId replica) {
  return (hash & 0xffffffff00000000U) | replica.value;
}

}  // namespace

void read_affinity(const core::LoadBalancerSpec& spec, const MessageHead& head,
                   std::string_view body, AffinityKey& key) {
  key.clear();
  if (spec.affinity == core::Affinity::prefix) {
    std::uint64_t hash = 1;
    body = body.substr(0, max_prefix_bytes);
    for (; body.size() >= prefix_block_bytes; body.remove_prefix(prefix_block_bytes)) {
      hash = hash_of(body.substr(0, prefix_block_bytes), hash);
      key.prefix.push_back(hash);
    }
    return;
  }
  if (spec.affinity == core::Affinity::none) return;
  const std::string_view value = spec.affinity == core::Affinity::cookie
                                     ? cookie_of(head, spec.affinity_name)
                                     : header_of(head, spec.affinity_name);
  key.has_session = !value.empty();
  key.session = hash_of(value, 0);
}

std::size_t home_of(std::uint64_t session, std::span<const Candidate> candidates) {
  const auto rank = [&](const Candidate& candidate) {
    return mixed(session ^ mixed(candidate.replica.value + 0x9e3779b97f4a7c15U));
  };
  std::size_t best = 0;
  for (std::size_t i = 1; i < candidates.size(); ++i) {
    if (rank(candidates[i]) > rank(candidates[best])) best = i;
  }
  return best;
}

bool is_overloaded(const Candidate& preferred, std::span<const Candidate> candidates) {
  constexpr std::uint64_t most_more = 8;
  std::uint64_t least = preferred.in_flight;
  for (const Candidate& other : candidates) least = std::min<std::uint64_t>(least, other.in_flight);
  return preferred.in_flight > least + most_more &&
         std::uint64_t{preferred.in_flight} * 2 > least * 3;
}

std::optional<std::size_t> PrefixOwners::find(std::span<const std::uint64_t> prefix,
                                              std::span<const Candidate> candidates) const {
  const Slots* slots = slots_.load(std::memory_order_acquire);
  if (slots == nullptr) return std::nullopt;
  for (std::size_t known = prefix.size(); known * 2 >= prefix.size() && known > 0; --known) {
    const std::uint64_t hash = prefix[known - 1];
    const std::uint64_t slot = (*slots)[hash % slots->size()].load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (slot == slot_of(hash, candidates[i].replica)) return i;
    }
  }
  return std::nullopt;
}

void PrefixOwners::remember(std::span<const std::uint64_t> prefix, core::ReplicaId replica) {
  if (prefix.empty()) return;
  std::call_once(made_, [this] {
    memory_ = std::make_unique<Slots>();
    slots_.store(memory_.get(), std::memory_order_release);
  });
  Slots& slots = *slots_.load(std::memory_order_acquire);
  for (const std::uint64_t hash : prefix) {
    slots[hash % slots.size()].store(slot_of(hash, replica), std::memory_order_relaxed);
  }
}

}  // namespace sky::lb
