#include "cli/log_identity.h"

#include <string>

#include "adapters/durable_file.h"
#include "events/low_water.h"

namespace sky::cli {
namespace {

std::filesystem::path identity_file(const Home& home) { return home.root / "log.id"; }

// Empty when the home has never had a log.
core::Result<core::LogId> read_identity(const Home& home) {
  auto text = adapters::read_file(identity_file(home), 256);
  if (!text && text.error().code == core::ErrorCode::not_found) return core::LogId{};
  if (!text) return text.error();
  return core::LogId(text->substr(0, text->find('\n')));
}

}  // namespace

core::Result<void> check_log_identity(const Home& home) {
  const auto ours = read_identity(home);
  if (!ours) return ours.error();
  const auto mark = events::read_low_water(home.log() / events::low_water_name);
  if (!mark) return mark.error();
  if (ours->empty() || !*mark || (*mark)->log_id == *ours) return {};
  return core::Error{core::ErrorCode::wrong_log,
                     "the log in " + home.log().string() + " is " + (*mark)->log_id +
                         " and belongs to another home; this home's log is " + *ours +
                         ". Put that one back, or remove " + identity_file(home).string() +
                         " to take the new one: its services are launched again here"};
}

core::Result<void> keep_log_identity(const Home& home, const core::LogId& id) {
  const auto known = read_identity(home);
  if (known && *known == id) return {};
  return adapters::write_file_durably(identity_file(home), id + "\n");
}

}  // namespace sky::cli
