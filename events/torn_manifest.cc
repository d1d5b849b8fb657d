#include "events/torn_manifest.h"

#include <cerrno>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include "events/crc32c.h"
#include "events/database_swap.h"
#include "events/little_endian.h"
#include "events/system_error.h"

namespace sky::events {
namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ErrorCode;
using core::Result;

constexpr std::size_t block_size = 32 * 1024;
constexpr std::size_t header_size = 7;
constexpr std::size_t type_offset = 6;
enum RecordType : unsigned char { full = 1, first = 2, middle = 3, last = 4 };

// RocksDB stores checksums rotated and moved, so that one of bytes that hold one is no weakness.
std::uint32_t unmasked(std::uint32_t stored) {
  const std::uint32_t rotated = stored - 0xa282ead8;
  return (rotated >> 17) | (rotated << 15);
}

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::size_t whole_records_size(std::span<const std::byte> file) {
  std::size_t whole = 0;
  bool is_inside = false;  // of a record that began in an earlier piece
  for (std::size_t at = 0; at + header_size <= file.size();) {
    const std::size_t left_in_block = block_size - at % block_size;
    if (left_in_block < header_size) {  // filled up with zeroes
      at += left_in_block;
      continue;
    }
    const auto header = file.subspan(at, header_size);
    const std::size_t size = get_little<std::uint16_t>(header.subspan(4));
    const auto type = static_cast<unsigned char>(header[type_offset]);
    if (header_size + size > left_in_block || at + header_size + size > file.size()) break;
    const auto checked = file.subspan(at + type_offset, 1 + size);
    if (crc32c(0, checked) != unmasked(get_little<std::uint32_t>(header))) break;
    const bool continues = type == middle || type == last;
    if (type < full || type > last || continues != is_inside) break;
    is_inside = type == first || type == middle;
    at += header_size + size;
    if (!is_inside) whole = at;
  }
  return whole;
}

Result<bool> trim_manifest(const fs::path& database) {
  std::string name = content_of(database / "CURRENT");
  while (!name.empty() && name.back() == '\n') name.pop_back();
  const fs::path path = database / name;
  std::error_code failed;
  if (name.empty() || !fs::is_regular_file(path, failed)) {
    return Error{ErrorCode::corrupt, "the log's list of files is missing in " + database.string()};
  }
  const std::string bytes = content_of(path);
  const std::size_t whole = whole_records_size(as_bytes(bytes));
  if (whole == bytes.size()) return false;
  fs::resize_file(path, whole, failed);
  if (failed) return system_error(failed.value(), "trimming " + path.string());
  const auto synced = sync_path(path);
  if (!synced) return synced.error();
  return true;
}

}  // namespace sky::events
