#include "cli/http_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "cli/http_status.h"
#include "core/check.h"

namespace sky::cli {
namespace {

// Pipelined input kept while an answer is made; then the socket is left alone until it is done.
constexpr std::size_t max_waiting_input_bytes = 64 * 1024;
// How long a refused client may take to read the refusal: a round trip and more.
constexpr core::Duration linger_time = core::seconds(2);

std::optional<uid_t> peer_uid_of(const StreamHandle& handle) {
  if (!std::holds_alternative<PipeHandle>(handle)) return std::nullopt;
  uv_os_fd_t descriptor = -1;
  if (uv_fileno(reinterpret_cast<uv_handle_t*>(stream_of(handle)), &descriptor) != 0)
    return std::nullopt;
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  return peer.uid;
}

}  // namespace

uv_stream_t* stream_of(const StreamHandle& handle) {
  return std::visit([](const auto& held) { return held.stream(); }, handle);
}

// The end of an answer that Responders hold. Outlives the connection when they do.
class HttpConnection::Exchange final : public HttpExchange {
 public:
  Exchange(HttpConnection& connection, adapters::Reactor& reactor)
      : connection_(&connection), reactor_(reactor) {}
  ~Exchange() override {
    if (connection_ != nullptr) connection_->abandoned();
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  void answer(HttpAnswer answer) override {
    if (connection_ != nullptr) connection_->send_answer(std::move(answer));
  }
  void begin_stream(HttpAnswer head) override {
    if (connection_ != nullptr) connection_->send_stream_head(head);
  }
  void write(std::string_view bytes) override {
    if (connection_ != nullptr) connection_->send_piece(bytes);
  }
  void end_stream() override {
    if (connection_ != nullptr) connection_->send_stream_end();
  }
  std::size_t queued_bytes() const override {
    return connection_ == nullptr ? 0 : connection_->queued_bytes();
  }
  bool is_open() const override { return connection_ != nullptr; }
  void on_abort(std::function<void()> task) override {
    if (connection_ != nullptr) {
      abort_task_ = std::move(task);
    } else if (was_aborted_) {
      reactor_.post(std::move(task));
    }
  }

  // The connection is done with this answer; hands back what is to run when the client vanished.
  std::function<void()> detach(bool was_aborted) {
    connection_ = nullptr;
    was_aborted_ = was_aborted;
    return std::exchange(abort_task_, {});
  }

 private:
  HttpConnection* connection_;
  adapters::Reactor& reactor_;
  std::function<void()> abort_task_;
  bool was_aborted_ = false;
};

struct HttpConnection::PendingWrite {
  uv_write_t request{};
  std::string bytes;
  HttpConnection* connection = nullptr;  // null: it is gone
};

HttpConnection::HttpConnection(HttpConnectionEdges edges, StreamHandle handle, Closed on_closed)
    : edges_(edges),
      handle_(std::move(handle)),
      on_closed_(std::move(on_closed)),
      deadline_(edges.reactor),
      parser_(lb::HttpParser::Mode::request, *this),
      peer_uid_(peer_uid_of(handle_)) {}

HttpConnection::~HttpConnection() {
  if (exchange_ != nullptr) std::exchange(exchange_, nullptr)->detach(false);
  if (writing_ != nullptr) writing_->connection = nullptr;
}

void HttpConnection::start() {
  uv_stream_t* stream = stream_of(handle_);
  stream->data = this;
  if (auto* tcp = std::get_if<TcpHandle>(&handle_)) uv_tcp_nodelay(tcp->get(), 1);
  set_deadline(edges_.limits.idle_timeout);
  const auto give_buffer = [](uv_handle_t* to, std::size_t, uv_buf_t* given) {
    *given = uv_buf_init(nullptr, 0);
    if (to->data == nullptr) return;
    const std::span<char> buffer = static_cast<HttpConnection*>(to->data)->edges_.read_buffer;
    *given = uv_buf_init(buffer.data(), static_cast<unsigned>(buffer.size()));
  };
  const auto on_read = [](uv_stream_t* from, ssize_t size, const uv_buf_t* read) {
    if (from->data != nullptr) static_cast<HttpConnection*>(from->data)->read(size, read->base);
  };
  uv_read_start(stream, give_buffer, on_read);
}

void HttpConnection::drain() {
  draining_ = true;
  keep_alive_ = false;
  if (stage_ == Stage::reading && !parser_.in_message() && input_.empty()) close();
}

// ---- in

void HttpConnection::read(ssize_t size, const char* bytes) {
  if (size == 0) return;
  if (size < 0) return close();
  if (stage_ == Stage::lingering) return;  // thrown away
  input_.append(bytes, static_cast<std::size_t>(size));
  if (stage_ == Stage::reading) return advance();
  if (input_.size() <= max_waiting_input_bytes) return;
  uv_read_stop(stream_of(handle_));
  reading_stopped_ = true;
}

void HttpConnection::advance() {
  if (advancing_) return;  // an answer given at once: the loop below goes on
  advancing_ = true;
  while (advance_once()) {
  }
  advancing_ = false;
}

// True when a whole request was taken and another may follow.
bool HttpConnection::advance_once() {
  if (stage_ != Stage::reading || input_.empty()) return false;
  if (!parser_.in_message()) set_deadline(edges_.limits.receive_timeout);
  input_.erase(0, parser_.feed(input_));
  if (parser_.error()) {
    refuse(parser_.error().status, parser_.error().text);
  } else if (body_too_large_) {
    refuse(413,
           "the body is larger than " + std::to_string(edges_.limits.max_body_bytes) + " bytes");
  } else if (parser_.ended()) {
    hand_over();
    return true;
  } else if (std::exchange(continue_wanted_, false)) {
    put("HTTP/1.1 100 Continue\r\n\r\n");
  }
  return false;
}

void HttpConnection::on_head(const lb::MessageHead& head) {
  request_ = {};
  request_.method = head.method;
  const std::size_t mark = std::min(head.target.find('?'), head.target.size());
  request_.path = head.target.substr(0, mark);
  request_.query = head.target.substr(std::min(mark + 1, head.target.size()));
  for (const lb::Header& header : head.headers)
    request_.headers.push_back({std::string(header.name), std::string(header.value)});
  request_.peer_uid = peer_uid_;
  keep_alive_ = head.keep_alive && !draining_;
  accepts_chunks_ = head.minor_version == 1;
  is_head_request_ = head.method == "HEAD";
  body_too_large_ = head.content_length > edges_.limits.max_body_bytes;
  continue_wanted_ = head.expects_continue;
}

void HttpConnection::on_body(std::string_view piece) {
  body_too_large_ |= request_.body.size() + piece.size() > edges_.limits.max_body_bytes;
  if (!body_too_large_) request_.body += piece;
}

void HttpConnection::hand_over() {
  continue_wanted_ = false;
  stage_ = Stage::answering;
  deadline_.stop();
  auto exchange = std::make_shared<Exchange>(*this, edges_.reactor);
  exchange_ = exchange.get();
  const HttpRequest request = std::exchange(request_, {});
  edges_.handler(request, Responder(std::move(exchange)));
}

void HttpConnection::refuse(int status, std::string_view text) {
  keep_alive_ = false;
  const HttpAnswer refusal = http_error(status, text);
  const bool no_body = is_head_request_ && parser_.has_head();
  stage_ = Stage::lingering;
  input_.clear();
  set_deadline(linger_time);
  put(head_text(refusal, refusal.body.size()) + (no_body ? "" : refusal.body));
  if (stage_ == Stage::closed) return;
  auto* shutdown = new uv_shutdown_t{};  // owned by libuv until its callback; after the last write
  const auto done = [](uv_shutdown_t* request, int) { delete request; };
  if (uv_shutdown(shutdown, stream_of(handle_), done) != 0) delete shutdown;
}

// ---- out

std::string HttpConnection::head_text(const HttpAnswer& answer,
                                      std::optional<std::size_t> length) const {
  std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " ";
  text += http_reason(answer.status);
  const auto add = [&text](std::string_view name, std::string_view value) {
    text.append("\r\n").append(name).append(": ");
    for (const char letter : value)  // no value can begin another header
      text += static_cast<unsigned char>(letter) < 0x20 && letter != '\t' ? ' ' : letter;
  };
  const bool has_body = answer.status != 204 && answer.status != 304;
  if (has_body) add("content-type", answer.content_type);
  if (has_body && length) add("content-length", std::to_string(*length));
  if (!length && is_chunked_) add("transfer-encoding", "chunked");
  for (const HttpHeader& header : answer.headers) add(header.name, header.value);
  add("connection", keep_alive_ ? "keep-alive" : "close");
  return text + "\r\n\r\n";
}

void HttpConnection::send_answer(HttpAnswer answer) {
  if (stage_ != Stage::answering) return;
  const bool no_body = is_head_request_ || answer.status == 204 || answer.status == 304;
  put(head_text(answer, answer.body.size()) + (no_body ? std::string() : answer.body));
  complete();
}

void HttpConnection::send_stream_head(const HttpAnswer& head) {
  if (stage_ != Stage::answering) return;
  stage_ = Stage::streaming;
  is_chunked_ = accepts_chunks_;
  if (!is_chunked_) keep_alive_ = false;  // HTTP/1.0: the end of the connection ends the body
  put(head_text(head, std::nullopt));
  send_piece(head.body);
}

void HttpConnection::send_piece(std::string_view bytes) {
  if (stage_ != Stage::streaming || bytes.empty() || is_head_request_) return;
  if (!is_chunked_) return put(bytes);
  constexpr char digits[] = "0123456789abcdef";
  std::string chunk;
  for (std::size_t rest = bytes.size(); rest > 0; rest /= 16) chunk += digits[rest % 16];
  std::reverse(chunk.begin(), chunk.end());
  put(chunk.append("\r\n").append(bytes).append("\r\n"));
}

void HttpConnection::send_stream_end() {
  if (stage_ != Stage::streaming) return;
  if (is_chunked_ && !is_head_request_) put("0\r\n\r\n");
  complete();
}

void HttpConnection::complete() {
  if (stage_ == Stage::closed) return;  // the last write failed
  // Dropped at the end: what it holds may be the last Responder of this very answer.
  const auto unused = exchange_ == nullptr ? std::function<void()>()
                                           : std::exchange(exchange_, nullptr)->detach(false);
  is_chunked_ = false;
  if (!keep_alive_) {
    stage_ = Stage::lingering;
    close_when_written_ = true;
    if (queued_bytes() == 0) close();
    return;
  }
  stage_ = Stage::reading;
  parser_.next();
  if (queued_bytes() == 0) set_deadline(edges_.limits.idle_timeout);
  if (std::exchange(reading_stopped_, false)) start();
  advance();
}

// Every Responder was dropped.
void HttpConnection::abandoned() {
  exchange_ = nullptr;
  if (stage_ == Stage::answering) return send_answer(http_error(500, "no answer was made"));
  if (stage_ == Stage::streaming) close();
}

// ---- the socket

std::size_t HttpConnection::queued_bytes() const {
  return output_.size() + (writing_ == nullptr ? 0 : writing_->bytes.size());
}

void HttpConnection::put(std::string_view bytes) {
  if (stage_ == Stage::closed) return;
  if (writing_ != nullptr) {
    output_ += bytes;
    if (queued_bytes() > edges_.limits.max_queued_bytes) close();
    return;
  }
  uv_buf_t piece =
      uv_buf_init(const_cast<char*>(bytes.data()), static_cast<unsigned>(bytes.size()));
  const int sent = uv_try_write(stream_of(handle_), &piece, 1);
  if (sent < 0 && sent != UV_EAGAIN) return close();
  output_ = bytes.substr(static_cast<std::size_t>(std::max(sent, 0)));
  if (output_.empty()) return;
  if (stage_ != Stage::lingering) set_deadline(edges_.limits.stall_timeout);
  flush();
}

void HttpConnection::flush() {
  writing_ = new PendingWrite;  // owned by libuv until its callback
  writing_->connection = this;
  writing_->request.data = writing_;
  writing_->bytes = std::exchange(output_, {});
  const uv_buf_t piece =
      uv_buf_init(writing_->bytes.data(), static_cast<unsigned>(writing_->bytes.size()));
  const int failure = uv_write(
      &writing_->request, stream_of(handle_), &piece, 1, [](uv_write_t* request, int status) {
        const std::unique_ptr<PendingWrite> done(static_cast<PendingWrite*>(request->data));
        if (done->connection != nullptr) done->connection->written(status);
      });
  if (failure == 0) return;
  delete std::exchange(writing_, nullptr);
  close();
}

void HttpConnection::written(int status) {
  writing_ = nullptr;
  if (status < 0) return close();
  if (!output_.empty()) {
    if (stage_ != Stage::lingering) set_deadline(edges_.limits.stall_timeout);
    return flush();
  }
  if (close_when_written_) return close();
  if (stage_ == Stage::reading) {
    set_deadline(parser_.in_message() ? edges_.limits.receive_timeout : edges_.limits.idle_timeout);
  } else if (stage_ != Stage::lingering) {
    deadline_.stop();
  }
}

void HttpConnection::set_deadline(core::Duration after) {
  deadline_.start(after, [this] { close(); });
}

void HttpConnection::close() {
  if (stage_ == Stage::closed) return;
  stage_ = Stage::closed;
  deadline_.stop();
  if (writing_ != nullptr) std::exchange(writing_, nullptr)->connection = nullptr;
  std::function<void()> abort_task;
  if (exchange_ != nullptr) abort_task = std::exchange(exchange_, nullptr)->detach(true);
  std::visit([](auto& held) { held.reset(); }, handle_);
  on_closed_(*this, std::move(abort_task));
}

}  // namespace sky::cli
