#include "lb/request_ids.h"

#include <algorithm>

#include "lb/head_checks.h"

namespace sky::lb {
namespace {

constexpr std::size_t max_request_id_bytes = 128;

// "00-<32 hex>-<16 hex>-<2 hex>", ids not all zero.
bool is_traceparent(std::string_view text) {
  if (text.size() != 55 || !text.starts_with("00-") || text[35] != '-' || text[52] != '-') {
    return false;
  }
  const std::string_view trace = text.substr(3, 32);
  const std::string_view parent = text.substr(36, 16);
  constexpr std::string_view hex = "0123456789abcdef";
  const auto is_hex = [&](std::string_view part) {
    return part.find_first_not_of(hex) == std::string_view::npos;
  };
  const auto is_zero = [](std::string_view part) {
    return part.find_first_not_of('0') == std::string_view::npos;
  };
  return is_hex(trace) && is_hex(parent) && is_hex(text.substr(53)) && !is_zero(trace) &&
         !is_zero(parent);
}

}  // namespace

void RequestIds::set(const MessageHead& head, Worker& worker) {
  request_ = head.value_of(HeaderId::x_request_id);
  if (!is_token(request_) || request_.size() > max_request_id_bytes) {
    worker.write_id(own_request_.data());
    request_ = {own_request_.data(), own_request_.size()};
  }
  traceparent_ = head.value_of(HeaderId::traceparent);
  if (is_traceparent(traceparent_)) return;
  char* at = std::copy_n("00-", 3, own_traceparent_.data());
  at = worker.write_id(worker.write_id(at));
  *at++ = '-';
  at = worker.write_id(at);
  std::copy_n("-00", 3, at);  // we record no spans
  traceparent_ = {own_traceparent_.data(), own_traceparent_.size()};
}

}  // namespace sky::lb
