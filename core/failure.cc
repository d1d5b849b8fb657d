#include "core/failure.h"

namespace sky::core {

const char* to_text(FailureKind kind) {
  switch (kind) {
    case FailureKind::unknown: break;
    case FailureKind::capacity: return "capacity";
    case FailureKind::quota: return "quota";
    case FailureKind::price: return "price";
    case FailureKind::unsupported: return "unsupported";
    case FailureKind::throttled: return "throttled";
    case FailureKind::auth: return "auth";
    case FailureKind::forbidden: return "forbidden";
    case FailureKind::invalid: return "invalid";
    case FailureKind::conflict: return "conflict";
    case FailureKind::not_found: return "not_found";
    case FailureKind::gone: return "gone";
    case FailureKind::transient: return "transient";
    case FailureKind::indeterminate: return "indeterminate";
  }
  return "unknown";
}

const char* to_text(FailureScope scope) {
  switch (scope) {
    case FailureScope::unknown: break;
    case FailureScope::request: return "request";
    case FailureScope::zone: return "zone";
    case FailureScope::region: return "region";
    case FailureScope::cloud: return "cloud";
    case FailureScope::account: return "account";
  }
  return "unknown";
}

}  // namespace sky::core
