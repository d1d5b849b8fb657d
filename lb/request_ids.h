// What a request is known by: its id and its trace, the client's if they are good, else ours.
#pragma once

#include <array>
#include <string_view>

#include "lb/http_head.h"
#include "lb/worker.h"

namespace sky::lb {

class RequestIds {
 public:
  // `head` outlives what is told.
  void set(const MessageHead& head, Worker& worker);

  std::string_view request() const { return request_; }
  std::string_view traceparent() const { return traceparent_; }  // version 00 of W3C Trace Context
  std::string_view trace() const { return traceparent_.substr(3, 32); }

 private:
  static constexpr std::size_t traceparent_bytes = 55;

  std::string_view request_;
  std::string_view traceparent_;
  std::array<char, Worker::id_digits> own_request_;
  std::array<char, traceparent_bytes> own_traceparent_;
};

}  // namespace sky::lb
