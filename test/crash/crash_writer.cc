// Appends to the log in the directory of its argument, for ever, and writes the last sequence of
// each acknowledged commit to standard output as 8 raw bytes. The kill test ends it.
#include <unistd.h>

#include <cstdint>

#include "events/log.h"
#include "test/events/sample_events.h"

int main(int count, char** arguments) {
  using namespace sky;
  if (count != 2) return 2;
  const auto log = events::open_log(arguments[1]);
  if (!log) return 1;
  std::uint64_t next = (*log)->position().durable.value + 1;
  constexpr std::uint64_t enough = 1'000'000;  // should the test die, this ends by itself
  for (; next < enough; next += 3) {
    if (!(*log)->append(events::sample_events(next, 3))) return 1;
    const std::uint64_t last = next + 2;
    if (::write(STDOUT_FILENO, &last, sizeof last) != sizeof last) return 0;
  }
  return 0;
}
