// A tree of files that knows what of it would survive a power cut. Behind DiskJournal.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "test/crash/disk_journal.h"

namespace sky::events {

class DiskModel {
 public:
  DiskModel();

  // Paths are relative to the observed directory; the directory itself is "".
  void add_durable_directory(const std::string& path);
  void add_durable_file(const std::string& path, std::string content);
  void apply(const DiskCall& call, Random& random);

  // Writes what is left into a directory that exists.
  void write_remains(const std::filesystem::path& to, Tearing tearing, Random& random) const;

 private:
  struct Entry {
    std::string name;
    std::size_t node = 0;  // 0: the name is gone
  };
  // One change of a directory: all of its entries change at once (a rename has two).
  using EntryChange = std::vector<Entry>;
  struct Node {
    bool is_directory = false;
    std::string durable;  // a file's content when it was synced last
    std::string content;
    std::string between;  // some content since then; kept for small files only
    std::size_t writes_since_sync = 0;
    std::map<std::string, std::size_t> durable_entries;  // of a directory
    std::map<std::string, std::size_t> entries;
    std::vector<EntryChange> changes_since_sync;
  };

  std::size_t find(const std::string& path) const;
  Node& parent_of(const std::string& path);
  void change_entries(Node& directory, EntryChange change);
  void write(Node& file, const DiskCall& call, Random& random);
  void write_node(const Node& node, const std::filesystem::path& to, Tearing tearing,
                  Random& random) const;

  std::vector<Node> nodes_;  // 0: nothing; 1: the root
};

}  // namespace sky::events
