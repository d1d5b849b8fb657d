#include "lb/table_cache.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <span>
#include <string>

#include "events/codec.h"
#include "events/crc32c.h"

namespace sky::lb {
namespace {

constexpr std::string_view magic = "skyctl routing 1";  // then the CRC-32C of the rest, 4 bytes
constexpr std::size_t crc_bytes = 4;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string sealed(std::string_view payload) {
  const std::uint32_t crc = events::crc32c(0, bytes_of(payload));
  std::string file(magic);
  for (std::size_t i = 0; i < crc_bytes; ++i) file += static_cast<char>(crc >> (8 * i));
  return file.append(payload);
}

core::Error failure(const std::filesystem::path& path) {
  return {core::ErrorCode::io, path.string() + ": " + std::strerror(errno)};
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::write(fd, bytes.data(), bytes.size());
    if (size < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

}  // namespace

core::Result<std::optional<core::RoutingSnapshot>> TableCache::load() const {
  using Found = std::optional<core::RoutingSnapshot>;
  std::ifstream file(path_, std::ios::binary);
  if (!file) return Found();
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const std::string_view payload =
      std::string_view(text).substr(std::min(text.size(), magic.size() + crc_bytes));
  if (text != sealed(payload)) {
    return core::Error{core::ErrorCode::corrupt, path_.string() + ": damaged"};
  }
  auto table = events::decode_routing(bytes_of(payload));
  if (!table) return table.error();
  return Found(std::move(*table));
}

core::Result<void> TableCache::store(const core::RoutingSnapshot& table) const {
  const std::filesystem::path fresh = path_.string() + ".new";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return failure(fresh);
  const bool written = write_all(fd, sealed(events::encode_routing(table)));
  if (::close(fd) != 0 || !written) return failure(fresh);
  if (::rename(fresh.c_str(), path_.c_str()) != 0) return failure(path_);
  return {};
}

}  // namespace sky::lb
