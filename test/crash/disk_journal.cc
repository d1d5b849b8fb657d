#include "test/crash/disk_journal.h"

#include <utility>

#include "test/crash/disk_model.h"
#include "test/crash/stored_files.h"

namespace sky::events {

namespace fs = std::filesystem;

DiskJournal::DiskJournal(const fs::path& directory) : directory_(directory) {
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    const std::string path = entry.path().lexically_relative(directory).string();
    if (entry.is_directory()) {
      directories_before_.push_back(path);  // parents come before what is in them
    } else {
      before_[path] = file_content(entry.path());
    }
  }
}

std::size_t DiskJournal::size() const {
  const std::lock_guard guard(mutex_);
  return changes_.size();
}

void DiskJournal::happened(DiskCall call) {
  const auto relative = [this](const std::string& path) {
    const std::string below = fs::path(path).lexically_relative(directory_).string();
    return path.empty() || below == "." ? std::string() : below;
  };
  call.path = relative(call.path);
  call.to = relative(call.to);
  const std::lock_guard guard(mutex_);
  changes_.push_back(std::move(call));
}

Tearing DiskJournal::cut(std::size_t moment, Random& random, const fs::path& to) const {
  DiskModel model;
  for (const std::string& path : directories_before_) model.add_durable_directory(path);
  for (const auto& [path, content] : before_) model.add_durable_file(path, content);
  for (std::size_t i = 0; i < moment; ++i) model.apply(changes_[i], random);
  const auto tearing = static_cast<Tearing>(below(random, tearing_names.size()));
  model.write_remains(to, tearing, random);
  return tearing;
}

}  // namespace sky::events
