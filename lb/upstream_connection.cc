#include "lb/upstream_connection.h"

#include <utility>

#include "lb/exchange.h"
#include "lb/replica.h"

namespace sky::lb {

UpstreamConnection::UpstreamConnection(Worker& worker, Replica& replica)
    : worker_(worker),
      replica_(replica),
      stream_(worker.loop(), worker.read_buffer, *this),
      parser_(HttpParser::Mode::response, *this),
      deadline_(worker.deadlines, *this) {
  ++worker_.upstream_connections;
}

UpstreamConnection::~UpstreamConnection() { --worker_.upstream_connections; }

int UpstreamConnection::start(const sockaddr& address) {
  deadline_.set(replica_.connect_timeout());
  return stream_.connect(address);
}

void UpstreamConnection::lease(Exchange& exchange, bool answers_head) {
  exchange_ = &exchange;
  answers_head_ = answers_head;
  if (state_ != State::idle) return;
  deadline_.clear();
  state_ = State::busy;
  parser_.next(answers_head);
}

void UpstreamConnection::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  exchange_ = nullptr;
  deadline_.clear();
  stream_.close();
  worker_.bury(replica_.forget(*this));
}

void UpstreamConnection::fail(UpstreamFailure failure, std::string text) {
  Exchange* exchange = exchange_;
  close();
  if (failure == UpstreamFailure::connect) replica_.on_connect_failed(text);
  if (failure == UpstreamFailure::lost) replica_.on_connection_lost();
  if (exchange != nullptr) exchange->on_upstream_failed(failure, std::move(text));
}

void UpstreamConnection::become_idle() {
  state_ = State::idle;
  stream_.set_reading(true);
  if (!replica_.keep(*this)) {
    close();
    return;
  }
  deadline_.set(worker_.limits.pool_idle_timeout);
}

void UpstreamConnection::on_connected(int status) {
  worker_.begin_callback();
  if (status != 0) {
    fail(UpstreamFailure::connect, uv_strerror(status));
    return;
  }
  deadline_.clear();
  Exchange* exchange = exchange_;
  if (exchange == nullptr) {
    become_idle();
    replica_.on_connect_succeeded();
    return;
  }
  state_ = State::busy;
  parser_.next(answers_head_);
  stream_.set_reading(true);
  replica_.on_connect_succeeded();
  if (exchange_ == exchange) exchange->on_upstream_connected();
}

void UpstreamConnection::on_read(std::string_view bytes) {
  worker_.begin_callback();
  if (state_ != State::busy) {  // nobody asked for these
    close();
    return;
  }
  exchange_->on_upstream_input();
  while (!bytes.empty() && !exchange_->is_tunnel()) {
    bytes.remove_prefix(parser_.feed(bytes));
    if (parser_.error() || exchange_->refusal() != UpstreamFailure::none) {
      refuse();
      return;
    }
    if (exchange_->is_tunnel()) break;
    if (!parser_.ended()) break;
    if (is_interim_) {
      parser_.next(answers_head_);
      continue;
    }
    complete(peer_keeps_alive_ && bytes.empty());
    return;
  }
  if (exchange_->is_tunnel()) {
    exchange_->on_tunnel_output(bytes);
  } else {
    exchange_->flush_to_client();
  }
}

void UpstreamConnection::refuse() {
  const UpstreamFailure refusal = exchange_->refusal();
  const bool is_busy = !parser_.error() && refusal == UpstreamFailure::busy;
  const char* text = is_busy           ? "the replica has no time"
                     : parser_.error() ? parser_.error().text
                                       : "101 was not asked for";
  exchange_->flush_to_client();
  if (exchange_ == nullptr) return;
  fail(is_busy ? UpstreamFailure::busy : UpstreamFailure::bad_response, text);
}

void UpstreamConnection::complete(bool reusable) {
  was_used_ = true;
  Exchange& exchange = *std::exchange(exchange_, nullptr);
  if (reusable && exchange.is_request_sent() && stream_.queued_bytes() == 0) {
    become_idle();
  } else {
    close();
  }
  exchange.on_response_complete();
}

void UpstreamConnection::on_end(int status) {
  worker_.begin_callback();
  if (state_ != State::busy) {
    close();
    replica_.on_connection_lost();
    return;
  }
  if (exchange_->is_tunnel()) {
    Exchange& exchange = *exchange_;
    close();
    exchange.on_tunnel_end();
    return;
  }
  if (status == 0 && parser_.finish() && parser_.has_head() && !is_interim_) {
    complete(false);
    return;
  }
  fail(UpstreamFailure::lost,
       status == 0 ? "the replica closed the connection" : uv_strerror(status));
}

void UpstreamConnection::on_flushed() {
  worker_.begin_callback();
  if (exchange_ != nullptr && state_ == State::busy) exchange_->on_upstream_flushed();
}

void UpstreamConnection::on_head(const MessageHead& head) {
  is_interim_ = head.status < 200;
  peer_keeps_alive_ = head.keep_alive;
  exchange_->on_response_head(head);
}

void UpstreamConnection::on_body(std::string_view piece) { exchange_->on_response_body(piece); }

void UpstreamConnection::on_message_end() {
  if (!is_interim_) exchange_->on_response_end();
}

void UpstreamConnection::on_deadline(Deadline&) {
  if (state_ == State::connecting) {
    fail(UpstreamFailure::connect, "no connection in time");
  } else {
    close();
  }
}

}  // namespace sky::lb
