// What a handler of the HTTP server sees of one request, and how it answers.
//
// Loop thread. A Responder may be kept and answered later, and outlive its client and the server:
// calls on it then do nothing. One that is dropped without an answer makes a 500, so no client
// waits for ever. Copies stand for the same answer.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sky::cli {

struct HttpHeader {
  std::string name;  // as it was sent; compare with HttpRequest::header
  std::string value;
};

struct HttpRequest {
  std::string method;
  std::string path;  // as sent, without the query; HttpRouter decodes its segments
  std::string query;  // raw, without '?'
  std::vector<HttpHeader> headers;
  std::string body;  // whole, at most HttpLimits::max_body_bytes
  std::optional<uid_t> peer_uid;  // who is at the other end of a unix socket

  // The first header of that name, in any case of letters; empty when absent.
  std::string_view header(std::string_view name) const;
  // The decoded value of NAME=VALUE in the query; nothing when absent.
  std::optional<std::string> query_parameter(std::string_view name) const;
};

struct HttpAnswer {
  int status = 200;
  std::string content_type = "application/json";
  std::string body = {};
  std::vector<HttpHeader> headers = {};  // besides content-type, content-length, connection
};

// {"error": TEXT} with that status.
HttpAnswer http_error(int status, std::string_view text);

// Where an answer goes: the connection implements it, a Responder holds it.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;
  virtual void answer(HttpAnswer answer) = 0;
  virtual void begin_stream(HttpAnswer head) = 0;
  virtual void write(std::string_view bytes) = 0;
  virtual void end_stream() = 0;
  virtual std::size_t queued_bytes() const = 0;
  virtual bool is_open() const = 0;
  virtual void on_abort(std::function<void()> task) = 0;
};

class Responder {
 public:
  explicit Responder(std::shared_ptr<HttpExchange> exchange) : exchange_(std::move(exchange)) {}

  // The whole answer. Only the first answer or stream of a request counts.
  void answer(HttpAnswer answer) const { exchange_->answer(std::move(answer)); }
  void answer_json(std::string body) const { answer({.body = std::move(body)}); }
  void answer_error(int status, std::string_view text) const { answer(http_error(status, text)); }

  // A chunked answer: the head (its body is sent as the first chunk), then pieces, then the end.
  // A stream whose last Responder is dropped before end_stream() is cut, not ended.
  void begin_stream(HttpAnswer head) const { exchange_->begin_stream(std::move(head)); }
  void write(std::string_view bytes) const { exchange_->write(bytes); }
  void end_stream() const { exchange_->end_stream(); }

  // Bytes the client has not taken yet. Past HttpLimits::max_queued_bytes the connection is cut:
  // a writer that can wait does so well before.
  std::size_t queued_bytes() const { return exchange_->queued_bytes(); }
  // The client is still there and the answer is not complete.
  bool is_open() const { return exchange_->is_open(); }
  // Called once, later, if the client vanishes before the answer is complete.
  void on_abort(std::function<void()> task) const { exchange_->on_abort(std::move(task)); }

 private:
  // Shared on purpose: the answer may come from a timer, a commit or a child, whoever is last.
  std::shared_ptr<HttpExchange> exchange_;
};

using HttpHandler = std::function<void(const HttpRequest&, Responder)>;

}  // namespace sky::cli
