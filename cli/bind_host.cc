#include "cli/bind_host.h"

#include <fstream>

namespace sky::cli {
namespace {

std::filesystem::path file_of(const Home& home) { return home.root / "bind"; }

}  // namespace

std::string stored_bind_host(const Home& home) {
  std::ifstream file(file_of(home));
  std::string host;
  return file >> host ? host : default_bind_host;
}

core::Result<void> store_bind_host(const Home& home, const std::string& host) {
  std::ofstream file(file_of(home), std::ios::trunc);
  file << host << '\n';
  file.close();
  if (!file) return core::Error{core::ErrorCode::io, "cannot write " + file_of(home).string()};
  return {};
}

}  // namespace sky::cli
