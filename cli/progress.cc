#include "cli/progress.h"

#include <unistd.h>

#include <iostream>
#include <utility>

namespace sky::cli {
namespace {

constexpr std::chrono::seconds patience{1};
constexpr std::chrono::milliseconds between_lines{200};

}  // namespace

Progress::Progress(std::string what)
    : what_(std::move(what)),
      is_shown_(::isatty(STDERR_FILENO) != 0),
      next_(Clock::now() + patience) {}

Progress::~Progress() {
  if (has_line_) std::cerr << "\r\033[K" << std::flush;
}

void Progress::show(double share) {
  if (!is_shown_ || Clock::now() < next_) return;
  next_ = Clock::now() + between_lines;
  has_line_ = true;
  std::cerr << '\r' << what_ << "  " << static_cast<int>(share * 100) << "%\033[K" << std::flush;
}

}  // namespace sky::cli
