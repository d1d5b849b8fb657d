// The small conversions the codec is made of: text, enums, pairs. Private to events.
//
// Enum values from the future become `unknown`. Thread: any.
#pragma once

#include <capnp/list.h>

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include "core/spec.h"
#include "events/event.capnp.h"

namespace sky::events {

inline capnp::Text::Reader as_text(const std::string& value) {
  return {value.c_str(), value.size()};
}
inline std::string to_string(capnp::Text::Reader from) { return {from.begin(), from.size()}; }
inline void assign(std::string& to, capnp::Text::Reader from) {
  to.assign(from.begin(), from.size());
}

// Enums have the same numbers on both sides; the codec test walks through all of them.
template <class Wire, class Value>
Wire to_wire(Value value) {
  return static_cast<Wire>(value);
}
template <class Wire, class Value>
Value known(Wire from, Value last) {
  const auto raw = static_cast<std::uint16_t>(from);
  return raw <= static_cast<std::uint16_t>(last) ? static_cast<Value>(raw) : Value::unknown;
}

template <class Container>
unsigned count(const Container& values) {
  return static_cast<unsigned>(values.size());
}

// std::map<std::string, std::string> and std::vector<std::pair<...>> alike.
template <class Pairs>
void write_pairs(capnp::List<wire::Pair>::Builder to, const Pairs& from) {
  unsigned index = 0;
  for (const auto& [key, value] : from) {
    auto pair = to[index++];
    pair.setKey(as_text(key));
    pair.setValue(as_text(value));
  }
}
template <class Pairs>
void read_pairs(capnp::List<wire::Pair>::Reader from, Pairs& to) {
  for (const auto pair : from) {
    to.insert(to.end(), {to_string(pair.getKey()), to_string(pair.getValue())});
  }
}

template <class Rates>
void write_rates(capnp::List<wire::Rate>::Builder to, const Rates& from) {
  unsigned index = 0;
  for (const auto& [key, rate] : from) {
    auto entry = to[index++];
    entry.setKey(as_text(key));
    entry.setMilliRps(rate.value);
  }
}
template <class Rates>
void read_rates(capnp::List<wire::Rate>::Reader from, Rates& to) {
  for (const auto entry : from) {
    to.emplace(to_string(entry.getKey()), core::MilliRps{entry.getMilliRps()});
  }
}

template <class Texts>
void write_texts(capnp::List<capnp::Text>::Builder to, const Texts& from) {
  unsigned index = 0;
  for (const auto& value : from) to.set(index++, as_text(value));
}
template <class Texts>
void read_texts(capnp::List<capnp::Text>::Reader from, Texts& to) {
  for (const auto value : from) to.push_back(to_string(value));
}

}  // namespace sky::events
