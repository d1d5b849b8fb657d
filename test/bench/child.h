// Another process of this program, as the measurements need them: `log_bench NAME ARGUMENTS`.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace sky::bench {

class Child {
 public:
  Child(const std::string& name, const std::vector<std::string>& arguments);
  ~Child();  // kills it when it still runs
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void wait();  // until it ended by itself, and well

 private:
  pid_t pid_ = 0;
};

}  // namespace sky::bench
