#include "test/bench/child.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "core/check.h"

namespace sky::bench {

Child::Child(const std::string& name, const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {"log_bench", name};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const int failed =
      ::posix_spawn(&pid_, "/proc/self/exe", nullptr, nullptr, pointers.data(), environ);
  SKY_CHECK(failed == 0, "the system starts one more process");
}

Child::~Child() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Child::wait() {
  int status = 0;
  const bool is_over = ::waitpid(std::exchange(pid_, 0), &status, 0) > 0;
  SKY_CHECK(is_over && WIFEXITED(status) && WEXITSTATUS(status) == 0,
            "a process of the benchmark ends well");
}

}  // namespace sky::bench
