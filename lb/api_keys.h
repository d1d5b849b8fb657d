// Who may ask: bearer keys from a file or the environment.
//
// The file is read again when it changes. Keys are compared in a time that does
// not depend on where they differ, and appear in no log, metric or event. While
// they cannot be read nobody is admitted. Loop thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lb/http_head.h"

namespace sky::lb {

class ApiKeys {
 public:
  // Both empty: everybody is admitted. A file has one key a line; empty lines
  // and those that begin with # are passed over. "~/" is $HOME.
  void set_source(const std::string& file, const std::string& variable);
  void look();  // has the file changed? The owner calls it every second.

  bool are_needed() const { return !file_.empty() || !variable_.empty(); }
  bool admit(const MessageHead& head) const;

 private:
  void read_file();

  std::string file_;
  std::string variable_;
  std::vector<std::string> keys_;
  std::int64_t changed_at_ns_ = -1;  // the file's time and size when it was read; -1: was not
  std::int64_t size_ = 0;
  bool told_ = false;  // that it cannot be read
};

// All of it, always: tells nothing by how long it takes but the length of
// `given`.
bool is_same_secret(std::string_view given, std::string_view known);

// "~/x" with $HOME put in.
std::string with_home(const std::string& path);

}  // namespace sky::lb
