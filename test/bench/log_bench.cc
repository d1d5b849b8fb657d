// How close the log comes to its limits, each measured in the same run (measure.h).
//
// usage: log_bench append|durable|follow DIRECTORY, where the directory exists and is empty;
// log_bench make-history DIRECTORY EVENTS, and after it log_bench history DIRECTORY. Prints one
// JSON object a line. Exit status 0 when it could measure, whatever it found.
#include <cstdio>
#include <cstdlib>

#include "test/bench/parts.h"

int main(int count, char** arguments) {
  using namespace sky::bench;
  const std::string part = count > 1 ? arguments[1] : "";
  const std::vector<std::string> rest(arguments + std::min(count, 2), arguments + count);
  if (part == "followers") return run_followers(rest);
  if (part == "writer") return run_writer(rest);
  if (!rest.empty() && part == "append") return measure_append(rest[0]), 0;
  if (!rest.empty() && part == "durable") return measure_durable(rest[0]), 0;
  if (!rest.empty() && part == "follow") return measure_follow(rest[0]), 0;
  if (!rest.empty() && part == "history") return measure_history(rest[0]), 0;
  if (rest.size() == 2 && part == "make-history")
    make_history(rest[0], std::strtoull(rest[1].c_str(), nullptr, 10));
  std::fputs(
      "usage: log_bench append|durable|follow|history DIRECTORY | make-history DIRECTORY "
      "EVENTS\n",
      stderr);
  return 2;
}
