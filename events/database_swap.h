// Putting other database files in the place of a log's: prepared beside them as `db.repair`, then
// moved in, so that a crash at any moment leaves either the old files or the new ones.
//
// Private to events; the caller holds the directory's lock. Errors: permission, no_space, io.
#pragma once

#include <filesystem>

#include "core/result.h"

namespace sky::events {

// Makes a file's content, or the names in a directory, durable. A new file or directory is not
// there after a power cut before that was done with the directory it was made in.
core::Result<void> sync_path(const std::filesystem::path& path);

// Of a log's directory that may be new: the names in it, and its own. Without this a power cut
// could take the whole log away, acknowledged events, mark and all.
core::Result<void> sync_names(const std::filesystem::path& directory);

enum class TableFiles { linked, copied };  // they never change; a link costs no space and no time

// Makes `to` a copy of the closed database `from`. What opening may trim is copied in any case.
core::Result<void> copy_database(const std::filesystem::path& from, const std::filesystem::path& to,
                                 TableFiles tables);

// Makes `db.repair`, proven good, the database; what was there stays as `db.torn`.
core::Result<void> take_over(const std::filesystem::path& directory);

// Finishes or undoes a take-over that was interrupted. Called before anything is opened.
core::Result<void> finish_interrupted_repair(const std::filesystem::path& directory);

}  // namespace sky::events
