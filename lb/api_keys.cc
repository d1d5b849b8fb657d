#include "lb/api_keys.h"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <utility>

namespace sky::lb {
namespace {

constexpr std::string_view scheme = "Bearer ";

}  // namespace

bool is_same_secret(std::string_view given, std::string_view known) {
  unsigned difference = given.size() == known.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char other = known.empty() ? '\0' : known[i % known.size()];
    difference |= static_cast<unsigned char>(given[i] ^ other);
  }
  return difference == 0;
}

std::string with_home(const std::string& path) {
  const char* home = std::getenv("HOME");
  return path.starts_with("~/") && home != nullptr ? home + path.substr(1) : path;
}

void ApiKeys::set_source(const std::string& file, const std::string& variable) {
  const bool is_same = file == file_ && variable == variable_;
  if (is_same) return;
  file_ = file;
  variable_ = variable;
  keys_.clear();
  changed_at_ns_ = -1;
  told_ = false;
  if (!variable_.empty()) {
    const char* value = std::getenv(variable_.c_str());
    std::string text = value == nullptr ? "" : value;
    for (char& c : text) {
      if (c == ',') c = ' ';
    }
    std::istringstream words(text);
    for (std::string key; words >> key;) keys_.push_back(std::move(key));
    if (keys_.empty()) {
      std::cerr << "skyctl lb: no API keys in $" << variable_ << ": nobody is admitted\n";
    }
  }
  look();
}

void ApiKeys::look() {
  if (file_.empty()) return;
  struct stat status {};
  if (stat(with_home(file_).c_str(), &status) != 0) {
    keys_.clear();
    changed_at_ns_ = -1;
    if (!std::exchange(told_, true)) {
      std::cerr << "skyctl lb: cannot read API keys from " << file_ << ": nobody is admitted\n";
    }
    return;
  }
  const std::int64_t changed = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
  if (changed == changed_at_ns_ && status.st_size == size_) return;
  changed_at_ns_ = changed;
  size_ = status.st_size;
  read_file();
}

void ApiKeys::read_file() {
  keys_.clear();
  std::ifstream file(with_home(file_));
  for (std::string line; std::getline(file, line);) {
    const std::string_view key = without_blanks(std::string_view(line).substr(0, line.find('\r')));
    if (!key.empty() && key.front() != '#') keys_.emplace_back(key);
  }
  told_ = false;
}

bool ApiKeys::admit(const MessageHead& head) const {
  if (!are_needed()) return true;
  const std::string_view value = head.value_of(HeaderId::authorization);
  if (value.size() <= scheme.size() ||
      !equals_ignoring_case(value.substr(0, scheme.size()), scheme)) {
    return false;
  }
  const std::string_view given = without_blanks(value.substr(scheme.size()));
  bool found = false;
  for (const std::string& key : keys_) found = is_same_secret(given, key) || found;
  return found;
}

}  // namespace sky::lb
