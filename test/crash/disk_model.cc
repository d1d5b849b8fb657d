#include "test/crash/disk_model.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "test/crash/stored_files.h"

namespace sky::events {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t sector_size = 512;
constexpr std::size_t root_node = 1;
// A file that is written over and over may be caught at any of its contents; so small is the
// low-water file. Log files only grow: their middles are what `cut` leaves.
constexpr std::size_t small_file = 16 * 1024;

std::string last_name(const std::string& path) { return fs::path(path).filename().string(); }

void apply_entries(std::map<std::string, std::size_t>& entries, const auto& change) {
  for (const auto& entry : change) {
    if (entry.node == 0) {
      entries.erase(entry.name);
    } else {
      entries[entry.name] = entry.node;
    }
  }
}

// Sectors that were durable once are old or new, whatever tears the rest.
void mix_old_sectors(const std::string& durable, std::string& left, Random& random) {
  const std::size_t common = std::min(durable.size(), left.size());
  for (std::size_t at = 0; at < common; at += sector_size) {
    const std::size_t size = std::min(sector_size, common - at);
    if (below(random, 2) == 0) left.replace(at, size, durable, at, size);
  }
}

// What follows the durable end, sector by sector; the bytes that share its last sector are synced.
void tear_new_sectors(std::size_t durable_size, std::string& left, Tearing tearing,
                      Random& random) {
  bool is_first = true;
  for (std::size_t at = durable_size; at < left.size();) {
    const std::size_t end = std::min(left.size(), (at / sector_size + 1) * sector_size);
    const bool is_hit = tearing == Tearing::first_sector_lost ? is_first : below(random, 2) == 0;
    for (std::size_t i = at; is_hit && i < end; ++i) {
      left[i] = tearing == Tearing::garbage ? static_cast<char>(random()) : '\0';
    }
    is_first = false;
    at = end;
  }
}

}  // namespace

DiskModel::DiskModel() : nodes_(2) { nodes_[root_node].is_directory = true; }

std::size_t DiskModel::find(const std::string& path) const {
  std::size_t node = root_node;
  for (const fs::path& name : fs::path(path)) {
    const auto found = nodes_[node].entries.find(name.string());
    if (found == nodes_[node].entries.end()) return 0;
    node = found->second;
  }
  return node;
}

DiskModel::Node& DiskModel::parent_of(const std::string& path) {
  const std::size_t node = find(fs::path(path).parent_path().string());
  SKY_CHECK(node != 0, "a file is made in a directory that is there");
  return nodes_[node];
}

void DiskModel::add_durable_directory(const std::string& path) {
  nodes_.emplace_back().is_directory = true;
  Node& parent = parent_of(path);
  parent.entries[last_name(path)] = nodes_.size() - 1;
  parent.durable_entries = parent.entries;
}

void DiskModel::add_durable_file(const std::string& path, std::string content) {
  Node& file = nodes_.emplace_back();
  file.durable = std::move(content);
  file.content = file.durable;
  Node& parent = parent_of(path);
  parent.entries[last_name(path)] = nodes_.size() - 1;
  parent.durable_entries = parent.entries;
}

void DiskModel::change_entries(Node& directory, EntryChange change) {
  apply_entries(directory.entries, change);
  directory.changes_since_sync.push_back(std::move(change));
}

void DiskModel::write(Node& file, const DiskCall& call, Random& random) {
  if (call.what == DiskCall::What::resize) {
    file.content.resize(call.at);
  } else {
    if (file.content.size() < call.at + call.data.size()) {
      file.content.resize(call.at + call.data.size());
    }
    file.content.replace(call.at, call.data.size(), call.data);
  }
  ++file.writes_since_sync;
  if (file.content.size() <= small_file && below(random, file.writes_since_sync) == 0) {
    file.between = file.content;
  }
}

void DiskModel::apply(const DiskCall& call, Random& random) {
  using What = DiskCall::What;
  const std::size_t node = find(call.path);
  switch (call.what) {
    case What::create:
    case What::make_directory: {
      nodes_.emplace_back().is_directory = call.what == What::make_directory;
      change_entries(parent_of(call.path), {{last_name(call.path), nodes_.size() - 1}});
      return;
    }
    case What::rename: {
      SKY_CHECK(fs::path(call.path).parent_path() == fs::path(call.to).parent_path(),
                "what is renamed stays in its directory");
      change_entries(parent_of(call.path), {{last_name(call.path), 0}, {last_name(call.to), node}});
      return;
    }
    case What::link: change_entries(parent_of(call.to), {{last_name(call.to), node}}); return;
    case What::remove: change_entries(parent_of(call.path), {{last_name(call.path), 0}}); return;
    case What::write:
    case What::resize:
      if (node != 0) write(nodes_[node], call, random);  // else it was deleted while it was open
      return;
    case What::sync: {
      if (node == 0) return;
      Node& synced = nodes_[node];
      synced.durable = synced.content;
      synced.writes_since_sync = 0;
      synced.durable_entries = synced.entries;
      synced.changes_since_sync.clear();
      return;
    }
  }
}

void DiskModel::write_remains(const fs::path& to, Tearing tearing, Random& random) const {
  write_node(nodes_[root_node], to, tearing, random);
}

void DiskModel::write_node(const Node& node, const fs::path& to, Tearing tearing,
                           Random& random) const {
  if (node.is_directory) {
    auto entries = node.durable_entries;
    const auto& changes = node.changes_since_sync;
    const std::size_t kept = below(random, changes.size() + 1);
    for (std::size_t i = 0; i < kept; ++i) apply_entries(entries, changes[i]);
    fs::create_directory(to);
    for (const auto& [name, child] : entries) {
      write_node(nodes_[child], to / name, tearing, random);
    }
    return;
  }
  const bool is_between =
      node.writes_since_sync > 0 && node.content.size() <= small_file && below(random, 2) == 0;
  std::string left = is_between ? node.between : node.content;
  if (node.writes_since_sync > 0 && tearing != Tearing::kept) {
    if (tearing == Tearing::dropped) {
      left = node.durable;
    } else {
      mix_old_sectors(node.durable, left, random);
      const std::size_t durable_size = std::min(node.durable.size(), left.size());
      if (tearing == Tearing::cut) {
        left.resize(durable_size + below(random, left.size() - durable_size + 1));
      } else {
        tear_new_sectors(durable_size, left, tearing, random);
      }
    }
  }
  set_file_content(to, left);
}

}  // namespace sky::events
