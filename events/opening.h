// The opening procedure of the log: strict first, then prove that only a torn tail is missing.
// The steps and their reasons: events/README.md. Behind open_log(); the tests tune it.
#pragma once

#include <filesystem>
#include <memory>

#include "core/result.h"
#include "events/log.h"
#include "events/low_water.h"
#include "events/rocks_options.h"

namespace sky::events {

// Names inside a log's directory.
inline constexpr const char* database_name = "db";
inline constexpr const char* repair_name = "db.repair";  // a copy under examination
inline constexpr const char* torn_name = "db.torn";  // what was replaced by the newest repair

// Keys of the log's header.
inline constexpr const char* id_key = "log_id";
inline constexpr const char* schema_key = "schema";
inline constexpr const char* epoch_key = "epoch";
inline constexpr const char* writer_key = "writer";
inline constexpr const char* first_retained_key = "first_retained";

core::Result<std::unique_ptr<Log>> open_log_with(const std::filesystem::path& directory,
                                                 const RocksTuning& tuning);

}  // namespace sky::events
