// One client of the HTTP server: reads requests one after the other, writes their answers.
//
// Part of http_server; nothing else includes it. Stages: reading a request, answering it (the
// client may vanish meanwhile, so the socket is still read), lingering (a refusal was sent; input
// is thrown away for a moment so that the client can read the refusal), closed. Loop thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "adapters/reactor.h"
#include "cli/http_message.h"
#include "cli/http_server.h"
#include "lb/http_parser.h"

namespace sky::cli {

using TcpHandle = adapters::UvHandle<uv_tcp_t>;
using PipeHandle = adapters::UvHandle<uv_pipe_t>;
using StreamHandle = std::variant<TcpHandle, PipeHandle>;

uv_stream_t* stream_of(const StreamHandle& handle);

// What a connection needs of its server; all of it outlives the connection.
struct HttpConnectionEdges {
  adapters::Reactor& reactor;
  const HttpHandler& handler;
  const HttpLimits& limits;
  std::span<char> read_buffer;  // one for all: what was read is used before the next read
};

class HttpConnection final : private lb::HttpEvents {
 public:
  // Called once, when the socket is closed; the owner destroys the connection later, and runs
  // `abort_task` (may be empty) before.
  using Closed = std::function<void(HttpConnection&, std::function<void()> abort_task)>;

  HttpConnection(HttpConnectionEdges edges, StreamHandle handle, Closed on_closed);
  ~HttpConnection() override;
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  void start();
  void drain();  // closes now when no request is in hand, else after its answer

 private:
  class Exchange;
  struct PendingWrite;
  enum class Stage { reading, answering, streaming, lingering, closed };

  void on_head(const lb::MessageHead& head) override;
  void on_body(std::string_view piece) override;
  void on_message_end() override {}

  void read(ssize_t size, const char* bytes);
  void advance();
  bool advance_once();
  void hand_over();
  void refuse(int status, std::string_view text);

  void send_answer(HttpAnswer answer);
  void send_stream_head(const HttpAnswer& head);
  void send_piece(std::string_view bytes);
  void send_stream_end();
  void complete();
  void abandoned();
  std::string head_text(const HttpAnswer& answer, std::optional<std::size_t> length) const;

  void put(std::string_view bytes);
  void flush();
  void written(int status);
  std::size_t queued_bytes() const;

  void set_deadline(core::Duration after);
  void close();

  HttpConnectionEdges edges_;
  StreamHandle handle_;
  Closed on_closed_;
  adapters::Timer deadline_;
  lb::HttpParser parser_;

  Stage stage_ = Stage::reading;
  HttpRequest request_;
  std::optional<uid_t> peer_uid_;
  Exchange* exchange_ = nullptr;  // while a Responder of the present request lives
  bool advancing_ = false;
  bool keep_alive_ = true;
  bool draining_ = false;
  bool is_chunked_ = false;
  bool is_head_request_ = false;
  bool accepts_chunks_ = true;
  bool body_too_large_ = false;
  bool continue_wanted_ = false;
  bool reading_stopped_ = false;
  bool close_when_written_ = false;

  std::string input_;  // received, not yet parsed
  std::string output_;  // behind the write under way
  PendingWrite* writing_ = nullptr;
};

}  // namespace sky::cli
