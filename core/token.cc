#include "core/token.h"

#include <cstdint>

namespace sky::core {
namespace {

// splitmix64's finaliser: every bit of the input reaches every bit of the output.
constexpr std::uint64_t mixed(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

void append_hex(std::string& text, std::uint64_t value) {
  constexpr char digits[] = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) text += digits[(value >> shift) & 15];
}

}  // namespace

std::string launch_token(const LogId& log_id, Seq intent) {
  std::uint64_t first = mixed(intent.value), second = mixed(~intent.value);
  for (const char digit : log_id) {
    first = mixed(first ^ static_cast<unsigned char>(digit));
    second = mixed(second + static_cast<unsigned char>(digit));
  }
  std::string token;
  append_hex(token, first);
  append_hex(token, second);
  return token;
}

}  // namespace sky::core
