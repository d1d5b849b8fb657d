// HTTP/1.0 and HTTP/1.1 messages out of bytes: the only place that knows llhttp.
//
// Takes input as it arrives, in pieces of any size, and calls back with the head, the body without
// its framing, and the end. Trailers are checked and dropped. Nothing here knows connections,
// proxies or services. Refuses (HttpError) what head_lines.h and head_checks.h list; an error is
// final: answer it, if anything, and close the connection. Loop thread; one parser per direction.
#pragma once

#include <memory>
#include <string_view>

#include "lb/head_lines.h"
#include "lb/http_head.h"

namespace sky::lb {

// Called from within feed(). Must not destroy, feed or restart the parser: note what came and act
// after feed() has returned.
class HttpEvents {
 public:
  virtual ~HttpEvents() = default;
  virtual void on_head(const MessageHead& head) = 0;  // views live until the next message
  virtual void on_body(std::string_view piece) = 0;  // a view into what was fed; never empty
  virtual void on_message_end() = 0;
};

class HttpParser {
 public:
  enum class Mode { request, response };

  HttpParser(Mode mode, HttpEvents& events);  // `events` outlives the parser
  ~HttpParser();
  HttpParser(const HttpParser&) = delete;
  HttpParser& operator=(const HttpParser&) = delete;

  // Returns how many bytes were used. It stops behind the end of a message (ended() is true then):
  // what is left belongs to the next one. After an error the rest is meaningless.
  std::size_t feed(std::string_view bytes);

  // The peer will send no more. True when that is a legal end: between messages, or of a body that
  // lasts until the close (on_message_end() is called then).
  bool finish();

  // Makes the parser ready for the next message; needed after each one, also after a 1xx response.
  // A response to HEAD has the head of the answer to GET, but no body.
  void next(bool answers_head = false);

  void limit_head(std::size_t max_bytes);  // from the next message on; else max_head_bytes

  bool ended() const;  // a whole message was read
  bool in_message() const;  // some of it was, at least one byte
  bool has_head() const;
  const HttpError& error() const;

 private:
  struct Glue;
  std::unique_ptr<Glue> glue_;
};

}  // namespace sky::lb
