// The heads this proxy writes, and its framing of bodies. Pure.
//
// A head is never copied as it came: hop-by-hop headers, and those the peer's Connection header
// names, stay behind, the framing is written anew, and what proxies add is added.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/ids.h"
#include "lb/byte_buffer.h"
#include "lb/http_head.h"
#include "lb/pick.h"

namespace sky::lb {

struct RequestFacts {
  std::string_view client_ip;
  std::string_view default_host;  // HTTP/1.0 may come without; many servers refuse an empty one
  std::string_view request_id;
  std::string_view traceparent;
  bool keeps_expect = true;  // false: the body is on its way already
  bool is_secure = false;  // the client speaks TLS
  bool drops_authorization = false;  // it was for us
  bool asks_upgrade = false;  // to what the client's Upgrade names
};
void write_request_head(ByteBuffer& out, const MessageHead& head, const RequestFacts& facts);

struct ResponseFacts {
  std::string_view request_id;
  core::ReplicaId replica;
  PickReason pick = PickReason::none;  // said too, unless none
  Framing framing = Framing::none;  // towards the client
  std::uint8_t client_minor_version = 1;
  bool keep_alive = true;
};
void write_response_head(ByteBuffer& out, const MessageHead& head, const ResponseFacts& facts);
// 101: what follows is no HTTP any more.
void write_switching_head(ByteBuffer& out, const MessageHead& head, const ResponseFacts& facts);

// An answer of our own. The body is JSON in the shape OpenAI's clients expect of an error.
struct OwnResponse {
  int status = 0;
  std::string_view text;  // static text of ours; nothing a client sent
  std::string_view request_id;
  std::int64_t retry_after_seconds = 0;  // 0: not said
  bool keep_alive = false;
  bool without_body = false;  // the request was HEAD
};
void write_own_response(ByteBuffer& out, const OwnResponse& response);

void append_chunk(ByteBuffer& out, std::string_view piece);  // `piece` is not empty
void append_last_chunk(ByteBuffer& out);

// In the middle of an event stream: tells the client that it was cut. No end marker follows.
std::string stream_error_event(std::string_view text);

}  // namespace sky::lb
