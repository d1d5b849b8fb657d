#include "cli/command.h"

#include <unistd.h>

#include <iostream>
#include <string>

namespace sky::cli {

int fail(const core::Error& error) {
  std::cout.flush();
  std::cerr << "skyctl: " << error.text << '\n';
  return error.code == core::ErrorCode::usage ? exit_usage : exit_failed;
}

core::Result<bool> confirm(const std::string& question) {
  while (true) {
    std::cout << question << " [Y/n]: " << std::flush;
    std::string answer;
    if (!std::getline(std::cin, answer)) {
      std::cout << '\n';
      return core::Error{core::ErrorCode::usage,
                         "nobody answered the question; repeat the command with --yes"};
    }
    if (answer.empty() || answer == "y" || answer == "Y" || answer == "yes") return true;
    if (answer == "n" || answer == "N" || answer == "no") return false;
  }
}

bool output_is_terminal() { return ::isatty(STDOUT_FILENO) != 0; }

}  // namespace sky::cli
