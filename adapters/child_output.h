// Runs a program on the loop and takes what it prints: for credential plugins.
//
// No shell, no standard input, standard error goes to ours. Bounded in time and output; a program
// that hangs or floods is killed with its whole process group. Loop thread. Destroying the object
// kills the program and calls nobody.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "adapters/reactor.h"
#include "core/result.h"

namespace sky::adapters {

struct ChildCommand {
  std::string program;  // looked for in PATH when it has no slash
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;  // besides ours
  core::Duration timeout = core::seconds(30);
  std::size_t max_output = std::size_t{1} << 20;
};

class ChildOutput {
 public:
  // What it printed, when it ended with status 0. Errors: not_found, unavailable (it hung), io.
  using Done = std::function<void(core::Result<std::string>)>;

  explicit ChildOutput(Reactor& reactor);
  ~ChildOutput();
  ChildOutput(const ChildOutput&) = delete;
  ChildOutput& operator=(const ChildOutput&) = delete;

  // One at a time. `done` is called once, later.
  void run(const ChildCommand& command, Done done);
  bool is_running() const;

 private:
  struct Child;
  Reactor& reactor_;
  std::shared_ptr<Child> child_;
};

}  // namespace sky::adapters
