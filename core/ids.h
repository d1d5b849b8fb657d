// Strong identifiers. Zero means "none" in all of them.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace sky::core {

// Position of an event in the log: dense, from 1.
struct Seq {
  std::uint64_t value = 0;
  auto operator<=>(const Seq&) const = default;
  explicit operator bool() const { return value != 0; }
  Seq next() const { return Seq{value + 1}; }
};

// Number of a replica within its service name. Never repeats, not after `down` and `up` either.
struct ReplicaId {
  std::uint32_t value = 0;
  auto operator<=>(const ReplicaId&) const = default;
  explicit operator bool() const { return value != 0; }
};

// Version of a service's spec, from 1.
struct Version {
  std::uint32_t value = 0;
  auto operator<=>(const Version&) const = default;
  explicit operator bool() const { return value != 0; }
};

// A service is known by its name: unique among the live ones.
using ServiceName = std::string;

// Identity of a log: 32 lower-case hexadecimal digits, drawn once when the log is made.
using LogId = std::string;

// Drawn by whoever asks for something and sent again with each attempt until it is answered, so
// that it is done once. Empty: somebody who does not ask twice.
using RequestId = std::string;

}  // namespace sky::core
