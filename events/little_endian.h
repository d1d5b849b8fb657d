// Fixed-width integers as bytes: little-endian in frames and headers, big-endian in log keys so
// that RocksDB's byte order is the numbers' order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace sky::events {

template <class Number>
void put_little(char* to, Number value) {
  for (std::size_t i = 0; i < sizeof(Number); ++i) to[i] = static_cast<char>(value >> (8 * i));
}

template <class Number>
Number get_little(std::span<const std::byte> from) {
  Number value = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    value =
        static_cast<Number>(value | static_cast<Number>(static_cast<Number>(from[i]) << (8 * i)));
  }
  return value;
}

inline std::string big_endian_key(std::uint64_t value) {
  std::string key(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) key[i] = static_cast<char>(value >> (56 - 8 * i));
  return key;
}

inline std::span<const std::byte> as_bytes(const char* data, std::size_t size) {
  return {reinterpret_cast<const std::byte*>(data), size};
}
inline std::span<const std::byte> as_bytes(const std::string& text) {
  return as_bytes(text.data(), text.size());
}

}  // namespace sky::events
