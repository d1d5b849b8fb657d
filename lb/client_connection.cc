#include "lb/client_connection.h"

#include <utility>

#include "lb/message_writer.h"
#include "lb/service.h"

namespace sky::lb {
namespace {

constexpr std::size_t max_ahead_bytes = 64 * 1024;  // pipelined input that is kept
constexpr std::size_t max_lingered_bytes = 1024 * 1024;  // of a request that was refused

}  // namespace

ClientConnection::ClientConnection(Worker& worker, Service& service, ClientOwner& owner)
    : worker_(worker),
      service_(service),
      owner_(owner),
      stream_(worker.loop(), worker.read_buffer, *this),
      parser_(HttpParser::Mode::request, *this),
      exchange_(worker, service, *this),
      deadline_(worker.deadlines, *this) {
  count(true);
}

ClientConnection::~ClientConnection() {
  if (state_ != State::closed) count(false);
}

void ClientConnection::count(bool comes) {
  comes ? ++worker_.client_connections : --worker_.client_connections;
  for (SharedCount* all : {&worker_.shared.clients, &service_.shared().clients}) {
    comes ? all->add() : all->remove();
  }
}

int ClientConnection::accept(uv_stream_t* listener, std::unique_ptr<TlsSession> session) {
  if (const int status = stream_.accept(listener, std::move(session)); status != 0) return status;
  peer_ip_ = stream_.peer_ip();
  return 0;
}

const core::EndpointLimits& ClientConnection::limits() const { return service_.spec().limits; }

void ClientConnection::pass_what_came_ahead() {
  if (ahead_.empty()) return;
  const std::string bytes = std::exchange(ahead_, {});
  exchange_.on_tunnel_input(bytes);
}

void ClientConnection::start() {
  parser_.limit_head(limits().max_head_bytes);
  set_deadline();
  stream_.set_reading(true);
}

// ---- what comes in

void ClientConnection::on_read(std::string_view bytes) {
  worker_.begin_callback();
  if (state_ == State::lingering) {
    lingered_bytes_ += bytes.size();
    if (lingered_bytes_ > max_lingered_bytes) close();
    return;
  }
  if (exchange_.is_tunnel()) {
    exchange_.on_tunnel_input(bytes);
    return;
  }
  const bool is_ahead = exchange_.is_active() && exchange_.is_request_complete();
  if (!is_ahead) {
    process(bytes);
    return;
  }
  ahead_.append(bytes);
  update_reading();
}

void ClientConnection::process(std::string_view bytes) {
  processing_ = true;
  while (!bytes.empty() && (state_ == State::waiting || state_ == State::receiving_head ||
                            state_ == State::exchanging)) {
    const bool is_ahead = exchange_.is_active() && exchange_.is_request_complete();
    if (is_ahead) break;
    if (parser_.ended()) parser_.next();
    bytes.remove_prefix(parser_.feed(bytes));
    if (parser_.error()) {
      refuse(parser_.error().status, parser_.error().text, Cause::bad_request);
      break;
    }
    if (exchange_.is_active()) {
      exchange_.advance();
    } else if (state_ == State::waiting && parser_.in_message()) {
      state_ = State::receiving_head;
      deadline_.set(limits().head_timeout);  // for all of it: not moved by more input
    }
  }
  processing_ = false;
  if (state_ == State::closed || state_ == State::lingering) return;
  if (!bytes.empty()) ahead_.append(bytes);
  if (state_ == State::exchanging) set_deadline();
  update_reading();
}

void ClientConnection::on_head(const MessageHead& head) {
  state_ = State::exchanging;
  exchange_.on_request_head(head);
}

void ClientConnection::on_body(std::string_view piece) { exchange_.on_request_body(piece); }

void ClientConnection::on_message_end() { exchange_.on_request_end(); }

void ClientConnection::update_reading() {
  if (state_ == State::closed) return;
  const bool wanted =
      state_ == State::lingering || (ahead_.size() < max_ahead_bytes && exchange_.wants_body());
  stream_.set_reading(wanted);
}

// ---- what goes out

int ClientConnection::send(std::string_view bytes) {
  if (state_ == State::closed) return UV_ECANCELED;
  const bool was_empty = stream_.queued_bytes() == 0;
  const int status = stream_.write(bytes);
  if (was_empty && stream_.queued_bytes() > 0) set_deadline();
  return status;
}

void ClientConnection::on_flushed() {
  worker_.begin_callback();
  exchange_.on_client_flushed();
  if (state_ == State::exchanging) set_deadline();
  if (state_ == State::lingering) deadline_.set(worker_.limits.linger_timeout);
}

void ClientConnection::on_exchange_done(bool keep_alive) {
  if (state_ == State::closed) return;
  if (!keep_alive) {
    linger();
    return;
  }
  state_ = State::waiting;
  set_deadline();
  if (processing_ || ahead_.empty()) {
    update_reading();
    return;
  }
  const std::string bytes = std::exchange(ahead_, {});
  process(bytes);
}

void ClientConnection::refuse(int status, std::string_view text, Cause cause) {
  const bool answered = exchange_.is_active() && exchange_.abort(cause, status);
  if (answered) {
    cut(false);
    return;
  }
  if (parser_.has_head() == false) {
    service_.meter().ended(cause, status, core::Duration{0}, core::Duration{0});
    AccessLine line;
    line.when = worker_.wall();
    line.service = service_.name();
    line.status = status;
    line.cause = cause;
    worker_.access_log.add(line);
  }
  ByteBuffer response;
  write_own_response(response, {.status = status, .text = text, .request_id = {}});
  static_cast<void>(send(response));
  linger();
}

// ---- ends

void ClientConnection::on_end(int) {
  worker_.begin_callback();
  if (state_ == State::exchanging) exchange_.abort(Cause::client_gone);
  close();
}

void ClientConnection::lose() {
  exchange_.abort(Cause::client_gone);
  close();
}

void ClientConnection::cut(bool with_reset) {
  if (with_reset) {
    close(true);
  } else {
    linger();
  }
}

void ClientConnection::linger() {
  if (state_ == State::closed) return;
  state_ = State::lingering;
  std::string().swap(ahead_);
  stream_.end_writing();
  stream_.set_reading(true);
  deadline_.set(stream_.queued_bytes() > 0 ? worker_.limits.write_stall_timeout
                                           : worker_.limits.linger_timeout);
}

void ClientConnection::close(bool with_reset) {
  if (state_ == State::closed) return;
  state_ = State::closed;
  count(false);
  deadline_.clear();
  if (with_reset) {
    stream_.close_with_reset();
  } else {
    stream_.close();
  }
  worker_.bury(owner_.on_client_closed(*this));
}

void ClientConnection::close_if_between_requests() {
  if (state_ == State::waiting) close();
}

void ClientConnection::close_now() {
  if (state_ == State::exchanging) exchange_.abort(Cause::stopping);
  close(true);
}

void ClientConnection::set_deadline() {
  queued_at_check_ = stream_.queued_bytes();
  if (state_ == State::waiting) {
    deadline_.set(limits().keep_alive_timeout);
  } else if (state_ == State::exchanging && !exchange_.is_request_complete()) {
    deadline_.set(limits().body_timeout);
  } else if (state_ == State::exchanging && queued_at_check_ > 0) {
    deadline_.set(worker_.limits.write_stall_timeout);
  } else if (state_ == State::exchanging) {
    deadline_.clear();
  }
}

void ClientConnection::on_deadline(Deadline&) {
  switch (state_) {
    case State::receiving_head:
      refuse(408, "the head of the request did not come in time", Cause::client_timeout);
      break;
    case State::exchanging:
      if (stream_.queued_bytes() < queued_at_check_ ||
          (!exchange_.is_request_complete() && !stream_.is_reading())) {
        set_deadline();  // it reads, if slowly; or it is we who do not take its body
      } else if (!exchange_.is_request_complete()) {
        refuse(408, "the body of the request did not come in time", Cause::client_timeout);
      } else {
        exchange_.abort(Cause::client_gone);
        close(true);
      }
      break;
    case State::waiting:
    case State::lingering: close(); break;
    case State::closed: break;
  }
}

}  // namespace sky::lb
