// Result<T>: a value, or an Error that says what went wrong and what to do about it.
//
// Used for expected failures of the world: bad input, a full disk, a cloud that says no. Broken
// invariants are not errors, they stop the process (core/check.h). The member names are those of
// std::expected, which g++ 12 offers only from C++23 on; this type then becomes an alias.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "core/check.h"

namespace sky::core {

// One flat list for the whole program. The command line exits 2 for `usage`, else 1.
enum class ErrorCode {
  usage,  // the command line is wrong
  invalid_input,  // a file or a request has a wrong content; the text names the place
  not_found,  // no such service, replica, file or event
  already_exists,  // the name is taken
  unavailable,  // a peer (daemon, cloud, endpoint) does not answer
  permission,  // the operating system or a cloud refuses
  address_in_use,  // the port or socket belongs to somebody else
  locked,  // another process owns this home
  no_space,  // the disk is full
  io,  // any other failure of a system call
  corrupt,  // stored bytes are damaged; the text names the sequence
  acknowledged_lost,  // the log ends before what was acknowledged: needs a person
  wrong_log,  // the files belong to another log
  too_new,  // written by a newer version of this program
  unsupported,  // known, and not supported yet
  conflict,  // not possible in the present state
};

struct Error {
  ErrorCode code = ErrorCode::io;
  std::string text;  // one sentence for a person; says what to do next where that is known
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}  // NOLINT: implicit like std::expected
  Result(Error error) : state_(std::move(error)) {}  // NOLINT

  bool has_value() const { return std::holds_alternative<T>(state_); }
  explicit operator bool() const { return has_value(); }

  T& value() & { return checked(); }
  const T& value() const& { return const_cast<Result*>(this)->checked(); }
  T&& value() && { return std::move(checked()); }
  T& operator*() & { return checked(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(checked()); }
  T* operator->() { return &checked(); }
  const T* operator->() const { return &value(); }

  const Error& error() const {
    SKY_CHECK(!has_value(), "error() is asked only of a failed Result");
    return std::get<Error>(state_);
  }

 private:
  T& checked() {
    SKY_CHECK(has_value(), "value() is asked only of a successful Result");
    return std::get<T>(state_);
  }

  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : failed_(true), error_(std::move(error)) {}  // NOLINT

  bool has_value() const { return !failed_; }
  explicit operator bool() const { return has_value(); }
  const Error& error() const {
    SKY_CHECK(failed_, "error() is asked only of a failed Result");
    return error_;
  }

 private:
  bool failed_ = false;
  Error error_;
};

}  // namespace sky::core
