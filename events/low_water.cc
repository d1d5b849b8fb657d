#include "events/low_water.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "core/check.h"
#include "events/crc32c.h"
#include "events/little_endian.h"
#include "events/system_error.h"

namespace sky::events {
namespace {

using core::Error;
using core::ErrorCode;

// One slot: mark, form, turn, epoch, seq, chain, log id, CRC-32C of all before it. See README.
constexpr std::size_t slot_size = 72;
constexpr off_t slot_distance = 4096;  // two blocks, so that one torn write cannot hurt both
constexpr std::size_t id_size = 32;
constexpr std::size_t id_offset = 36;
constexpr std::size_t crc_offset = 68;
constexpr std::uint32_t slot_mark = 0x574c4b53;  // "SKLW"
constexpr std::uint32_t slot_form = 1;

struct Slot {
  std::uint64_t turn = 0;
  LowWater mark;
};

std::array<char, slot_size> encode(const Slot& slot) {
  SKY_CHECK(slot.mark.log_id.size() == id_size, "a log id has 32 digits");
  std::array<char, slot_size> bytes{};
  put_little(bytes.data(), slot_mark);
  put_little(bytes.data() + 4, slot_form);
  put_little(bytes.data() + 8, slot.turn);
  put_little(bytes.data() + 16, slot.mark.epoch);
  put_little(bytes.data() + 24, slot.mark.seq.value);
  put_little(bytes.data() + 32, slot.mark.chain);
  std::memcpy(bytes.data() + id_offset, slot.mark.log_id.data(), id_size);
  put_little(bytes.data() + crc_offset, crc32c(0, as_bytes(bytes.data(), crc_offset)));
  return bytes;
}

std::optional<Slot> decode(std::span<const std::byte> bytes) {
  if (bytes.size() < slot_size || get_little<std::uint32_t>(bytes) != slot_mark ||
      get_little<std::uint32_t>(bytes.subspan(4)) != slot_form ||
      get_little<std::uint32_t>(bytes.subspan(crc_offset)) != crc32c(0, bytes.first(crc_offset))) {
    return std::nullopt;
  }
  Slot slot;
  slot.turn = get_little<std::uint64_t>(bytes.subspan(8));
  slot.mark.epoch = get_little<std::uint64_t>(bytes.subspan(16));
  slot.mark.seq.value = get_little<std::uint64_t>(bytes.subspan(24));
  slot.mark.chain = get_little<std::uint32_t>(bytes.subspan(32));
  const auto id = bytes.subspan(id_offset, id_size);
  slot.mark.log_id.assign(reinterpret_cast<const char*>(id.data()), id.size());
  return slot;
}

std::optional<Slot> newest_slot(int file) {
  std::optional<Slot> newest;
  for (off_t offset : {off_t{0}, slot_distance}) {
    std::array<char, slot_size> bytes{};
    const auto got = ::pread(file, bytes.data(), bytes.size(), offset);
    if (got != static_cast<ssize_t>(bytes.size())) continue;
    auto slot = decode(as_bytes(bytes.data(), bytes.size()));
    if (slot && (!newest || slot->turn > newest->turn)) newest = std::move(slot);
  }
  return newest;
}

}  // namespace

core::Result<std::optional<LowWater>> read_low_water(const std::filesystem::path& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return std::optional<LowWater>();
  if (!file) return system_error(errno, "opening " + path.string());
  auto slot = newest_slot(file.get());
  if (!slot) return std::optional<LowWater>();
  return std::optional(std::move(slot->mark));
}

core::Result<LowWaterFile> LowWaterFile::open(const std::filesystem::path& path) {
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) return system_error(errno, "opening " + path.string());
  // Both blocks are allocated now: later writes need no space on the disk.
  const int failed = ::posix_fallocate(file.get(), 0, 2 * slot_distance);
  if (failed != 0) return system_error(failed, "making " + path.string());
  if (::fsync(file.get()) != 0) return system_error(errno, "syncing " + path.string());
  const auto slot = newest_slot(file.get());
  return LowWaterFile(std::move(file), slot ? slot->turn : 0);
}

core::Result<void> LowWaterFile::write(const LowWater& mark) {
  ++turn_;
  const auto bytes = encode(Slot{turn_, mark});
  const off_t offset = (turn_ & 1) != 0 ? slot_distance : 0;
  const auto put = ::pwrite(file_.get(), bytes.data(), bytes.size(), offset);
  if (put != static_cast<ssize_t>(bytes.size())) {
    return system_error(put < 0 ? errno : EIO, "writing the low-water file");
  }
  is_dirty_ = true;
  return {};
}

core::Result<void> LowWaterFile::sync() {
  if (!is_dirty_) return {};
  if (::fdatasync(file_.get()) != 0) return system_error(errno, "syncing the low-water file");
  is_dirty_ = false;
  return {};
}

}  // namespace sky::events
