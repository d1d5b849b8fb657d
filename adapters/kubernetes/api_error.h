// What an answer of the Kubernetes API means: one kind of core/failure.h, by a table.
//
// The order of the rows counts: the same status and reason may be a matter of permission or of
// quota, and only the text tells. Texts are matched by fragments that old and new servers share.
// Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "adapters/http_sender.h"
#include "core/failure.h"

namespace sky::adapters::kubernetes {

// The parts of a Status object that count. Empty when the answer is none.
struct ApiStatus {
  int code = 0;
  std::string reason;  // "AlreadyExists"
  std::string message;
  std::string cause;  // the first of details.causes: its reason
  core::Duration retry_after{0};
};
ApiStatus read_status(std::string_view json, int http_status);

core::Failure judge_status(const ApiStatus& status);

// None: the call succeeded. Otherwise the verdict on the answer, or on its absence.
std::optional<core::Failure> judge_answer(const HttpResponse& response);

}  // namespace sky::adapters::kubernetes
