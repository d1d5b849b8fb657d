// Whatever bytes somebody or a broken disk hands us: an error, or the right thing; never a crash,
// a hang, or other content without an error where checksums cover it.
//
// One input, one call; a broken promise ends the process (SKY_CHECK), as fuzzing engines expect.
// Driven by a seeded loop (fuzz_test.cc) and by libFuzzer (engine.cc). One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sky::fuzz {

// The first byte chooses who gets the rest: commit, routing table, snapshot, frames from either
// side, a balancer's report, the low-water file, RocksDB's record format; its highest bit repairs
// the checksum first, so that what is behind it is reached. Says whether it was understood.
bool decode_anything(std::span<const std::byte> input);

// Edits to the files of a small log, eight bytes each: file, manner, offset, value. Then it is
// opened and read. Says whether it opened.
bool open_damaged_log(std::span<const std::byte> input);

// Good inputs of decode_anything(), to begin with.
std::vector<std::string> seeds(std::uint64_t seed);

}  // namespace sky::fuzz
