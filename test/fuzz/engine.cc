// The targets for libFuzzer; built with clang and -Dfuzzing=true. See scripts/fuzz.
//
// The first byte of an input chooses the target, the rest is its own. The corpus begins with
// generated events: SKY_FUZZ_SEEDS names the directory to write them to.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>

#include "test/fuzz/targets.h"

namespace {

constexpr char damages_log = 'L';
constexpr char decodes = 'D';
constexpr std::uint64_t seed_sets = 8;

void write_input(const std::filesystem::path& path, char target, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << target << bytes;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* directory = std::getenv("SKY_FUZZ_SEEDS");
  if (directory == nullptr) return 0;
  const std::filesystem::path corpus(directory);
  for (std::uint64_t seed = 1; seed <= seed_sets; ++seed) {
    int number = 0;
    for (const std::string& bytes : sky::fuzz::seeds(seed)) {
      const std::string name = std::to_string(seed) + "-" + std::to_string(number++);
      write_input(corpus / ("decode-" + name), decodes, bytes);
    }
    const std::string edits(16, static_cast<char>(seed * 37));
    write_input(corpus / ("log-" + std::to_string(seed)), damages_log, edits);
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto input = std::as_bytes(std::span(data, size)).subspan(1);
  if (data[0] == damages_log) {
    sky::fuzz::open_damaged_log(input);
  } else {
    sky::fuzz::decode_anything(input);
  }
  return 0;
}
