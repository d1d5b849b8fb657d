// SKY_CHECK: an invariant that must hold, in release builds too.
//
// For a controller, stopping is safe: the log is the state and a restart takes milliseconds.
// Going on with a broken invariant is not.
#pragma once

namespace sky::core {

// Writes "file:line: broken invariant: why" to standard error and aborts. Any thread.
[[noreturn]] void check_failed(const char* file, int line, const char* condition, const char* why);

}  // namespace sky::core

#define SKY_CHECK(condition, why)                                       \
  do {                                                                  \
    if (!(condition)) [[unlikely]]                                      \
      ::sky::core::check_failed(__FILE__, __LINE__, #condition, (why)); \
  } while (false)
