#include "lb/http_parser.h"

#include <llhttp.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "core/check.h"
#include "lb/head_checks.h"

static_assert(LLHTTP_STRICT_MODE == 1, "the loose parser accepts request smuggling");

namespace sky::lb {
namespace {

// Chunk extensions and trailers are read and dropped; more than this of either is an attack.
constexpr std::size_t max_dropped_bytes = 8 * 1024;

// A buffer that grew for a large head is given back, so that idle connections stay small.
constexpr std::size_t kept_head_bytes = 4 * 1024;

struct Slice {  // of the head's bytes
  std::uint32_t begin = 0;
  std::uint32_t size = 0;
};
struct HeaderSlices {
  Slice name;
  Slice value;
};

}  // namespace

struct HttpParser::Glue {
  Glue(Mode mode_in, HttpEvents& events_in)
      : events(events_in), mode(mode_in), lines(is_request(), max_head_bytes) {
    llhttp_init(&parser, is_request() ? HTTP_REQUEST : HTTP_RESPONSE, &settings());
    parser.data = this;
  }

  bool is_request() const { return mode == Mode::request; }
  static Glue& of(llhttp_t* parser) { return *static_cast<Glue*>(parser->data); }
  static const llhttp_settings_t& settings();

  void restart(bool answers_head_in);
  std::size_t feed_head(std::string_view bytes);
  std::size_t execute(std::string_view bytes);
  void fail(HttpError why) {
    if (!error) error = why;
  }
  HttpError translate(llhttp_errno_t code, std::string_view bytes) const;

  void extend(Slice& slice, const char* at, std::size_t size) const;
  std::string_view view(Slice slice) const { return {head_bytes.data() + slice.begin, slice.size}; }
  Header header_of(const HeaderSlices& slices) const;
  int on_field(const char* at, std::size_t size);
  int on_trailer_field(const char* at, std::size_t size);
  int on_value(const char* at, std::size_t size);
  int on_headers_complete();
  int drop(std::size_t size);
  void fill_head();
  void fill_framing();

  HttpEvents& events;
  Mode mode;
  llhttp_t parser;
  std::size_t head_limit = max_head_bytes;
  HeadLines lines;
  HttpError error;
  bool answers_head = false;
  bool has_head = false;
  bool ended = false;
  bool value_follows = false;  // the present header already has its name
  std::size_t dropped_bytes = 0;
  std::string head_bytes;  // so far: what llhttp reads, and what views point into
  std::string origin_form;
  std::string trailer_name;  // so far
  Slice first;  // target or reason
  std::vector<HeaderSlices> slices;
  std::vector<Header> headers;
  MessageHead head;
};

const llhttp_settings_t& HttpParser::Glue::settings() {
  static const llhttp_settings_t table = [] {
    llhttp_settings_t made;
    llhttp_settings_init(&made);
    const auto on_first = [](llhttp_t* p, const char* at, std::size_t size) {
      of(p).extend(of(p).first, at, size);
      return 0;
    };
    made.on_url = on_first;
    made.on_status = on_first;
    made.on_header_field = [](llhttp_t* p, const char* at, std::size_t size) {
      return of(p).on_field(at, size);
    };
    made.on_header_value = [](llhttp_t* p, const char* at, std::size_t size) {
      return of(p).on_value(at, size);
    };
    const auto dropped = [](llhttp_t* p, const char*, std::size_t size) {
      return of(p).drop(size);
    };
    made.on_chunk_extension_name = dropped;
    made.on_chunk_extension_value = dropped;
    made.on_headers_complete = [](llhttp_t* p) { return of(p).on_headers_complete(); };
    made.on_body = [](llhttp_t* p, const char* at, std::size_t size) {
      if (size > 0) of(p).events.on_body({at, size});
      return 0;
    };
    made.on_message_complete = [](llhttp_t* p) {
      of(p).ended = true;
      return static_cast<int>(HPE_PAUSED);  // what follows is another message
    };
    return made;
  }();
  return table;
}

void HttpParser::Glue::restart(bool answers_head_in) {
  SKY_CHECK(!error, "a parser that failed is not used again");
  llhttp_reset(&parser);
  lines = HeadLines(is_request(), head_limit);
  answers_head = answers_head_in;
  has_head = false;
  ended = false;
  value_follows = false;
  dropped_bytes = 0;
  if (head_bytes.capacity() > kept_head_bytes) std::string().swap(head_bytes);
  head_bytes.clear();
  trailer_name.clear();
  first = {};
  slices.clear();
  head = {};
}

// What llhttp says in pieces lies together all the same: nobody folds lines here.
void HttpParser::Glue::extend(Slice& slice, const char* at, std::size_t size) const {
  if (slice.size == 0) slice.begin = static_cast<std::uint32_t>(at - head_bytes.data());
  slice.size += static_cast<std::uint32_t>(size);
}

int HttpParser::Glue::drop(std::size_t size) {
  dropped_bytes += size;
  if (dropped_bytes <= max_dropped_bytes) return 0;
  fail({400, "too many bytes of chunk extensions or trailers"});
  return -1;
}

// Dropped, but not before it is known not to be one that says where a message ends.
int HttpParser::Glue::on_trailer_field(const char* at, std::size_t size) {
  trailer_name.append(at, size);
  switch (identify_header(trailer_name)) {
    case HeaderId::content_length:
    case HeaderId::transfer_encoding:
    case HeaderId::framing_twin: fail({400, "a trailer that says how the message ends"}); return -1;
    default: return drop(size);
  }
}

int HttpParser::Glue::on_field(const char* at, std::size_t size) {
  if (has_head) return on_trailer_field(at, size);
  if (slices.empty() || value_follows) {
    if (slices.size() == max_headers) {
      fail({431, "too many headers"});
      return -1;
    }
    slices.emplace_back();
    value_follows = false;
  }
  extend(slices.back().name, at, size);
  return 0;
}

int HttpParser::Glue::on_value(const char* at, std::size_t size) {
  if (has_head) {
    trailer_name.clear();
    return drop(size);
  }
  value_follows = true;
  extend(slices.back().value, at, size);
  return 0;
}

void HttpParser::Glue::fill_framing() {
  const int status = head.status;
  const bool never_has_body =
      !is_request() && (answers_head || status / 100 == 1 || status == 204 || status == 304);
  head.content_length = parser.content_length;
  if (never_has_body) {
    head.framing = Framing::none;  // content_length is what the header says
  } else if (parser.flags & F_CHUNKED) {
    head.framing = Framing::chunked;
  } else if (parser.flags & F_CONTENT_LENGTH) {
    head.framing = Framing::content_length;
  } else {
    head.framing = is_request() ? Framing::none : Framing::until_close;
  }
}

Header HttpParser::Glue::header_of(const HeaderSlices& slice) const {
  Header header{.name = view(slice.name), .value = without_blanks(view(slice.value))};
  header.id = identify_header(header.name);
  const char* behind_name = header.name.data() + header.name.size();  // a colon, always
  header.is_plain_line = header.value.data() == behind_name + 2 && behind_name[1] == ' ' &&
                         header.value.data()[header.value.size()] == '\r';
  return header;
}

void HttpParser::Glue::fill_head() {
  headers.clear();
  for (const HeaderSlices& slice : slices) {
    headers.push_back(header_of(slice));
    head.index.note(headers.back().id, headers.size() - 1);
  }
  head.headers = headers;
  head.minor_version = parser.http_minor;
  if (is_request()) {
    head.method = llhttp_method_name(static_cast<llhttp_method_t>(parser.method));
    head.target = view(first);
  } else {
    head.status = parser.status_code;
    head.reason = view(first);
  }
  fill_framing();
  head.wants_upgrade = (parser.flags & F_UPGRADE) != 0 || head.status == 101;
  const bool agreed = head.minor_version == 1 ? (parser.flags & F_CONNECTION_CLOSE) == 0
                                              : (parser.flags & F_CONNECTION_KEEP_ALIVE) != 0;
  head.keep_alive = agreed && head.framing != Framing::until_close;
}

int HttpParser::Glue::on_headers_complete() {
  if (parser.http_major != 1 || parser.http_minor > 1) {
    fail({505, "an HTTP version other than 1.0 and 1.1"});
    return -1;
  }
  if (is_request() && parser.method >= HTTP_SOURCE) {
    fail({501, "a method that is not HTTP's"});
    return -1;
  }
  fill_head();
  fail(is_request() ? check_request(head, origin_form) : check_response(head));
  if (error) return -1;
  parser.upgrade = 0;  // never leave HTTP because of a header
  has_head = true;
  events.on_head(head);
  return head.framing == Framing::none && !is_request() ? 1 : 0;
}

HttpError HttpParser::Glue::translate(llhttp_errno_t code, std::string_view bytes) const {
  switch (code) {
    case HPE_INVALID_VERSION: return {505, "an HTTP version other than 1.0 and 1.1"};
    case HPE_PAUSED_H2_UPGRADE: return {505, "HTTP/2 is not offered"};
    case HPE_INVALID_METHOD: {
      const std::size_t end = std::min(bytes.find_first_of(" \r\n"), bytes.size());
      if (is_token(bytes.substr(0, end))) return {501, "a method that is not HTTP's"};
      return {400, "not an HTTP request"};
    }
    default: {
      const char* reason = llhttp_get_error_reason(&parser);
      return {400, reason == nullptr ? "not an HTTP message" : reason};
    }
  }
}

std::size_t HttpParser::Glue::execute(std::string_view bytes) {
  const llhttp_errno_t code = llhttp_execute(&parser, bytes.data(), bytes.size());
  if (code == HPE_OK) return bytes.size();
  if (code == HPE_PAUSED && ended) {
    events.on_message_end();
    return static_cast<std::size_t>(llhttp_get_error_pos(&parser) - bytes.data());
  }
  fail(translate(code, bytes));
  return 0;
}

std::size_t HttpParser::Glue::feed_head(std::string_view bytes) {
  const std::size_t size = lines.scan(bytes);
  fail(lines.error());
  if (error) return 0;
  const std::size_t before = head_bytes.size();
  head_bytes.append(bytes.substr(0, size));
  const std::size_t used = execute(std::string_view(head_bytes).substr(before));
  if (error) return used;
  if (lines.ended() && !has_head && parser.method == HTTP_PRI) fail({505, "HTTP/2 is not offered"});
  const bool agree = lines.ended() == has_head && used == size;
  if (!agree) fail({400, "the head's end is not clear"});
  return used;
}

HttpParser::HttpParser(Mode mode, HttpEvents& events)
    : glue_(std::make_unique<Glue>(mode, events)) {}
HttpParser::~HttpParser() = default;

std::size_t HttpParser::feed(std::string_view bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && !glue_->error && !glue_->ended) {
    const std::string_view rest = bytes.substr(used);
    used += glue_->has_head ? glue_->execute(rest) : glue_->feed_head(rest);
  }
  return used;
}

bool HttpParser::finish() {
  if (glue_->error) return false;
  if (glue_->ended || !in_message()) return true;
  if (!glue_->has_head || llhttp_finish(&glue_->parser) == HPE_INVALID_EOF_STATE) return false;
  if (!glue_->ended) return false;
  glue_->events.on_message_end();
  return true;
}

void HttpParser::limit_head(std::size_t max_bytes) {
  glue_->head_limit = max_bytes;
  if (!in_message() && !glue_->ended) glue_->lines = HeadLines(glue_->is_request(), max_bytes);
}

void HttpParser::next(bool answers_head) { glue_->restart(answers_head); }

bool HttpParser::ended() const { return glue_->ended; }
bool HttpParser::in_message() const { return !glue_->ended && glue_->lines.started(); }
bool HttpParser::has_head() const { return glue_->has_head; }
const HttpError& HttpParser::error() const { return glue_->error; }

}  // namespace sky::lb
