// Why a cloud call failed: one taxonomy for every provider, and how far the verdict reaches.
#pragma once

#include <cstdint>
#include <string>

#include "core/offer.h"
#include "core/time.h"

namespace sky::core {

enum class FailureKind : std::uint8_t {
  unknown,
  capacity,  // exists, none free now: the only kind that teaches the placer about a zone
  quota,  // our account's limit
  price,  // bid below market
  unsupported,  // this machine never works in this place
  throttled,  // rate limit: same request, same token, later
  auth,  // credential missing, expired or wrong
  forbidden,  // credential fine, policy says no
  invalid,  // our request is wrong: permanent for this spec
  conflict,  // exists with other content
  not_found,  // gone
  gone,  // position too old
  transient,  // try again with the same token
  indeterminate,  // left, no answer: never again without reconciliation
};

// How much else the verdict applies to.
enum class FailureScope : std::uint8_t { unknown, request, zone, region, cloud, account };

struct Failure {
  FailureKind kind = FailureKind::unknown;
  FailureScope scope = FailureScope::unknown;
  std::string text;  // the provider's own words
  Duration retry_after{0};  // zero: the provider named none
  bool operator==(const Failure&) const = default;
};

const char* to_text(FailureKind kind);  // "capacity", "quota", ...
const char* to_text(FailureScope scope);  // "zone", "region", ...

}  // namespace sky::core
