#include "lb/message_writer.h"

#include <string>

namespace sky::lb {
namespace {

constexpr std::string_view via = "Via: 1.1 skyctl\r\n";

void append_header(ByteBuffer& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_header(ByteBuffer& out, const Header& header) {
  if (header.is_plain_line) {
    out.append(header.line());
  } else {
    append_header(out, header.name, header.value);
  }
}

// Says which headers the peer's Connection header takes away, beside the usual ones.
class NamedByConnection {
 public:
  explicit NamedByConnection(const MessageHead& head) : head_(head) {
    if (!head.has(HeaderId::connection)) return;
    for_each_name([this](std::string_view name) {
      const bool usual = equals_ignoring_case(name, "close") ||
                         equals_ignoring_case(name, "keep-alive") ||
                         equals_ignoring_case(name, "upgrade");
      if (!usual) any_ = true;
    });
  }

  bool contains(std::string_view wanted) const {
    bool found = false;
    if (!any_) return found;
    for_each_name([&](std::string_view name) {
      if (equals_ignoring_case(name, wanted)) found = true;
    });
    return found;
  }

 private:
  template <class Use>
  void for_each_name(Use use) const {
    for (const Header& header : head_.headers) {
      if (header.id == HeaderId::connection) for_each_token(header.value, use);
    }
  }

  const MessageHead& head_;
  bool any_ = false;
};

bool is_hop_by_hop(HeaderId id) {
  switch (id) {
    case HeaderId::connection:
    case HeaderId::keep_alive:
    case HeaderId::proxy_authenticate:
    case HeaderId::proxy_authorization:
    case HeaderId::proxy_connection:
    case HeaderId::te:
    case HeaderId::trailer:
    case HeaderId::transfer_encoding:
    case HeaderId::upgrade: return true;
    default: return false;
  }
}

void append_framing(ByteBuffer& out, Framing framing, std::uint64_t length) {
  if (framing == Framing::chunked) out.append("Transfer-Encoding: chunked\r\n");
  if (framing != Framing::content_length) return;
  out.append("Content-Length: ");
  out.append_number(length);
  out.append("\r\n");
}

void append_forwarded(ByteBuffer& out, const MessageHead& head, std::string_view client_ip,
                      bool is_secure) {
  out.append("X-Forwarded-For: ");
  if (head.has(HeaderId::x_forwarded_for)) {
    for (const Header& header : head.headers) {
      if (header.id == HeaderId::x_forwarded_for) out.append(header.value).append(", ");
    }
  }
  out.append(client_ip).append("\r\nX-Forwarded-Proto: http");
  out.append(is_secure ? "s\r\n" : "\r\n");
  if (!head.host.empty()) append_header(out, "X-Forwarded-Host", head.host);
}

void append_replica(ByteBuffer& out, const ResponseFacts& facts) {
  out.append("X-Skyctl-Replica: ");
  out.append_number(facts.replica.value);
  if (facts.pick != PickReason::none) out.append("; pick=").append(to_text(facts.pick));
  out.append("\r\n");
}

std::string_view reason_of(int status) {
  switch (status) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 417: return "Expectation Failed";
    case 431: return "Request Header Fields Too Large";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "Error";
  }
}

std::string error_body(int status, std::string_view text) {
  std::string body = R"({"error":{"message":")";
  body.append(text).append(R"(","type":"endpoint_error","code":)");
  body.append(std::to_string(status)).append("}}");
  return body;
}

}  // namespace

void write_request_head(ByteBuffer& out, const MessageHead& head, const RequestFacts& facts) {
  const NamedByConnection named(head);
  out.append(head.method).append(" ").append(head.target).append(" HTTP/1.1\r\n");
  append_header(out, "Host", head.host.empty() ? facts.default_host : head.host);
  for (const Header& header : head.headers) {
    switch (header.id) {
      case HeaderId::host:
      case HeaderId::content_length:
      case HeaderId::x_forwarded_for:
      case HeaderId::x_forwarded_host:
      case HeaderId::x_forwarded_proto:
      case HeaderId::traceparent:
      case HeaderId::x_request_id: continue;
      case HeaderId::authorization:
        if (facts.drops_authorization) continue;
        break;
      case HeaderId::expect:
        if (!facts.keeps_expect || !head.expects_continue) continue;
        break;
      default: break;
    }
    if (is_hop_by_hop(header.id) || named.contains(header.name)) continue;
    append_header(out, header);
  }
  append_framing(out, head.framing, head.content_length);
  if (facts.asks_upgrade) {
    out.append("Connection: upgrade\r\n");
    append_header(out, "Upgrade", head.value_of(HeaderId::upgrade));
  }
  append_forwarded(out, head, facts.client_ip, facts.is_secure);
  append_header(out, "Traceparent", facts.traceparent);
  append_header(out, "X-Request-Id", facts.request_id);
  out.append(via).append("\r\n");
}

void write_response_head(ByteBuffer& out, const MessageHead& head, const ResponseFacts& facts) {
  const NamedByConnection named(head);
  out.append("HTTP/1.1 ");
  out.append_number(static_cast<std::uint64_t>(head.status));
  out.append(" ").append(head.reason).append("\r\n");
  const bool keeps_length =
      head.framing == Framing::none && head.status >= 200 && head.status != 204;
  for (const Header& header : head.headers) {
    switch (header.id) {
      case HeaderId::content_length:
        if (!keeps_length) continue;  // of HEAD and 304: what GET would have had
        break;
      case HeaderId::x_request_id:
      case HeaderId::x_skyctl_replica: continue;
      default: break;
    }
    if (is_hop_by_hop(header.id) || named.contains(header.name)) continue;
    append_header(out, header);
  }
  out.append(via);
  if (head.status >= 200) {
    append_framing(out, facts.framing, head.content_length);
    append_replica(out, facts);
    append_header(out, "X-Request-Id", facts.request_id);
    if (!facts.keep_alive) out.append("Connection: close\r\n");
    if (facts.keep_alive && facts.client_minor_version == 0) {
      out.append("Connection: keep-alive\r\n");
    }
  }
  out.append("\r\n");
}

void write_switching_head(ByteBuffer& out, const MessageHead& head, const ResponseFacts& facts) {
  out.append("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n");
  append_header(out, "Upgrade", head.value_of(HeaderId::upgrade));
  const NamedByConnection named(head);
  for (const Header& header : head.headers) {
    const bool is_ours =
        header.id == HeaderId::x_request_id || header.id == HeaderId::x_skyctl_replica;
    const bool is_framing = header.id == HeaderId::content_length;
    if (is_ours || is_framing || is_hop_by_hop(header.id) || named.contains(header.name)) continue;
    append_header(out, header);
  }
  out.append(via);
  append_replica(out, facts);
  append_header(out, "X-Request-Id", facts.request_id);
  out.append("\r\n");
}

void write_own_response(ByteBuffer& out, const OwnResponse& response) {
  const std::string body = error_body(response.status, response.text);
  out.append("HTTP/1.1 ");
  out.append_number(static_cast<std::uint64_t>(response.status));
  out.append(" ").append(reason_of(response.status)).append("\r\n");
  append_header(out, "Content-Type", "application/json");
  append_framing(out, Framing::content_length, body.size());
  if (response.retry_after_seconds > 0) {
    out.append("Retry-After: ");
    out.append_number(static_cast<std::uint64_t>(response.retry_after_seconds));
    out.append("\r\n");
  }
  if (response.status == 401) append_header(out, "WWW-Authenticate", "Bearer");
  if (!response.request_id.empty()) append_header(out, "X-Request-Id", response.request_id);
  out.append(via);
  out.append(response.keep_alive ? "\r\n" : "Connection: close\r\n\r\n");
  if (!response.without_body) out.append(body);
}

void append_chunk(ByteBuffer& out, std::string_view piece) {
  out.append_hex(piece.size()).append("\r\n").append(piece).append("\r\n");
}

void append_last_chunk(ByteBuffer& out) { out.append("0\r\n\r\n"); }

std::string stream_error_event(std::string_view text) {
  // The blank lines end an event that was cut in its middle.
  std::string event = "\n\nevent: error\ndata: ";
  event.append(error_body(502, text)).append("\n\n");
  return event;
}

}  // namespace sky::lb
