// The targets for libFuzzer; built with clang and -Dfuzzing=true. See scripts/fuzz.
#include <cstddef>
#include <cstdint>
#include <span>

#include "test/fuzz/targets.h"

// The first byte chooses between the two, the rest is theirs.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto input = std::as_bytes(std::span(data, size)).subspan(1);
  if (data[0] == 'L') {
    sky::fuzz::open_damaged_log(input);
  } else {
    sky::fuzz::decode_anything(input);
  }
  return 0;
}
