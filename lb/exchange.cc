#include "lb/exchange.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "lb/client_connection.h"
#include "lb/head_checks.h"
#include "lb/message_writer.h"
#include "lb/service.h"

namespace sky::lb {
namespace {

constexpr std::uint32_t max_attempts = 3;  // with something sent (guess; as others' defaults)
constexpr std::uint32_t max_connect_tries = 16;  // each ends with an ejected replica
constexpr std::size_t max_request_id_bytes = 128;

bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
         method == "OPTIONS" || method == "TRACE";
}

// Ours, not the replica's: no descriptor, port or memory left.
bool is_local_shortage(int error) {
  return error == UV_EMFILE || error == UV_ENFILE || error == UV_ENOMEM || error == UV_ENOBUFS ||
         error == UV_EADDRNOTAVAIL;
}

}  // namespace

Exchange::Exchange(Worker& worker, Service& service, ClientConnection& client)
    : worker_(worker),
      service_(service),
      client_(client),
      body_(worker.replay_bytes),
      deadline_(worker.deadlines, *this) {}

Exchange::~Exchange() {
  if (state_ == State::held) service_.leave_hold(*this);
  if (upstream_ != nullptr) upstream_->close();
}

// ---- the request comes in

void Exchange::on_request_head(const MessageHead& head) {
  SKY_CHECK(state_ == State::idle, "requests of a connection are answered one after the other");
  head_ = &head;
  state_ = State::choosing;
  arrived_ = worker_.now();
  keep_alive_ = head.keep_alive;
  set_request_id(head);
  service_.meter().arrived();
}

void Exchange::set_request_id(const MessageHead& head) {
  const std::string_view given = head.value_of(HeaderId::x_request_id);
  if (is_token(given) && given.size() <= max_request_id_bytes) {
    request_id_.assign(given);
  } else {
    request_id_ = worker_.next_request_id();
  }
}

void Exchange::on_request_body(std::string_view piece) {
  if (state_ != State::idle) body_.add(piece);
}

void Exchange::on_request_end() {
  if (state_ != State::idle) request_complete_ = true;
}

bool Exchange::wants_body() const {
  if (state_ == State::idle || request_complete_) return true;
  const std::size_t limit = body_.is_budget_spent() ? 0 : worker_.limits.high_water_bytes;
  const std::size_t queued = upstream_ == nullptr ? 0 : upstream_->queued_bytes();
  return body_.unsent().size() + queued <= limit;
}

void Exchange::advance() {
  switch (state_) {
    case State::choosing: choose(); break;
    case State::waiting:
    case State::responding: pump_body(); break;
    case State::idle:
    case State::held:
    case State::connecting: break;
  }
}

// ---- a replica is chosen

void Exchange::choose() {
  state_ = State::choosing;
  while (true) {
    Replica* replica = service_.choose(tried_);
    if (replica == nullptr && !tried_.empty()) {  // better one that failed once than none
      tried_.clear();
      replica = service_.choose(tried_);
    }
    if (replica == nullptr) return hold();
    if (++connect_tries_ > max_connect_tries) {
      return answer(503, "no replica could be reached", Cause::connect_failed);
    }
    if (try_replica(*replica)) return;
  }
}

// Whether that is the end of choosing, for now.
bool Exchange::try_replica(Replica& replica) {
  replica_ = replica.id();
  token_ = replica.in_flight().enter();
  sent_any_ = end_sent_ = write_broken_ = input_seen_ = refuses_response_ = false;
  const bool repeatable = is_idempotent(head_->method) || service_.spec().retry_non_idempotent;
  int error = 0;
  upstream_ = replica.lease(*this,
                            {.fresh = std::exchange(wants_fresh_, false),
                             .careful = !repeatable,
                             .answers_head = head_->method == "HEAD"},
                            error);
  if (upstream_ == nullptr) {
    token_.release();
    tried_.push_back(replica_);
    if (is_local_shortage(error)) {
      answer(503, "the endpoint is short of sockets", Cause::connect_failed);
      return true;
    }
    replica.on_connect_failed(uv_strerror(error));
    return false;
  }
  state_ = State::connecting;
  if (upstream_->state() == UpstreamConnection::State::busy) send_request();
  return true;
}

void Exchange::hold() {
  const core::Duration waited = worker_.now() - arrived_;
  const core::Duration left = service_.spec().hold_timeout - waited;
  if (left <= core::Duration{0}) {
    service_.count_shed(Cause::hold_expired);
    return answer(503, "no replica became ready in time", Cause::hold_expired);
  }
  if (!service_.hold(*this)) {
    service_.count_shed(Cause::hold_full);
    return answer(503, "no replica is ready and too many requests wait", Cause::hold_full);
  }
  state_ = State::held;
  replica_ = {};
  deadline_.set(left);
}

void Exchange::leave_hold() {
  SKY_CHECK(state_ == State::held, "only held requests are released");
  deadline_.clear();
  choose();
  client_.update_reading();
}

void Exchange::on_shutdown() {
  deadline_.clear();
  answer(503, "the service was removed", Cause::stopping);
}

// ---- the request goes out

void Exchange::on_upstream_connected() { send_request(); }

void Exchange::send_request() {
  state_ = State::waiting;
  ++attempts_;
  deadline_.set(service_.spec().stream_timeout);
  worker_.to_replica.clear();
  write_request_head(worker_.to_replica, *head_,
                     {.client_ip = client_.peer_ip(),
                      .request_id = request_id_,
                      .keeps_expect = body_.unsent().empty() && !request_complete_});
  append_body();
  const int status = upstream_->write(worker_.to_replica);
  if (status != 0) {  // nothing was taken: the pooled connection was dead already
    UpstreamConnection* dead = std::exchange(upstream_, nullptr);
    --attempts_;
    const bool was_used = dead->was_used();
    dead->close();
    wants_fresh_ = was_used;
    sent_any_ = end_sent_ = false;
    return on_upstream_failed(UpstreamFailure::lost, uv_strerror(status));
  }
  sent_any_ = true;
  client_.update_reading();
}

void Exchange::append_body() {
  const std::string_view unsent = body_.unsent();
  const bool chunked = head_->framing == Framing::chunked;
  if (!unsent.empty()) {
    if (chunked) {
      append_chunk(worker_.to_replica, unsent);
    } else {
      worker_.to_replica.append(unsent);
    }
    body_.mark_all_sent();
  }
  if (request_complete_ && !end_sent_) {
    end_sent_ = true;
    if (chunked) append_last_chunk(worker_.to_replica);
  }
}

void Exchange::pump_body() {
  if (end_sent_ || write_broken_ || upstream_ == nullptr) return;
  worker_.to_replica.clear();
  append_body();
  if (worker_.to_replica.empty()) return;
  deadline_.set(service_.spec().stream_timeout);
  // A replica that answers early may stop reading: its answer, or its close, is still to come.
  if (upstream_->write(worker_.to_replica) != 0) write_broken_ = true;
  client_.update_reading();
}

void Exchange::on_upstream_flushed() { client_.update_reading(); }

// ---- it did not work out

bool Exchange::may_repeat() const {
  if (!sent_any_) return true;
  if (!body_.is_whole() || input_seen_ || interim_passed_ || attempts_ >= max_attempts)
    return false;
  return is_idempotent(head_->method) || service_.spec().retry_non_idempotent;
}

void Exchange::release_replica() {
  UpstreamConnection* upstream = std::exchange(upstream_, nullptr);
  if (upstream != nullptr) upstream->close();
  token_.release();
}

void Exchange::on_upstream_failed(UpstreamFailure failure, std::string text) {
  const bool was_pooled = upstream_ != nullptr && upstream_->was_used();
  upstream_ = nullptr;  // it closed itself
  token_.release();
  deadline_.clear();
  last_failure_ = std::move(text);
  if (state_ == State::responding) return cut(Cause::stream_cut, last_failure_);
  if (failure == UpstreamFailure::bad_response) {
    return answer(502, "the replica's response is not valid HTTP", Cause::bad_response);
  }
  if (!may_repeat()) {
    return answer(502, "the replica broke off before it answered", Cause::replica_lost);
  }
  service_.meter().retried();
  if (was_pooled) wants_fresh_ = true;
  if (!was_pooled && !wants_fresh_) tried_.push_back(replica_);
  body_.rewind();
  choose();
}

void Exchange::on_drain_deadline() {
  deadline_.clear();
  if (state_ == State::responding) {
    release_replica();
    return cut(Cause::drain_deadline, "the replica was taken away");
  }
  release_replica();
  if (!may_repeat()) {
    return answer(502, "the replica was taken away before it answered", Cause::drain_deadline);
  }
  service_.meter().retried();
  tried_.push_back(replica_);
  body_.rewind();
  choose();
}

void Exchange::on_deadline(Deadline&) {
  if (state_ == State::held) {
    service_.leave_hold(*this);
    service_.count_shed(Cause::hold_expired);
    return answer(503, "no replica became ready in time", Cause::hold_expired);
  }
  const bool client_is_slow = upstream_ != nullptr && (!upstream_->is_reading() || !end_sent_);
  if (client_is_slow && !write_broken_) {  // its own deadlines watch over that
    deadline_.set(service_.spec().stream_timeout);
    return;
  }
  release_replica();
  if (state_ == State::responding) return cut(Cause::replica_silent, "the replica fell silent");
  answer(504, "the replica did not answer in time", Cause::replica_silent);
}

bool Exchange::abort(Cause cause, int status) {
  if (state_ == State::idle) return false;
  const bool passed = state_ == State::responding || interim_passed_;
  if (state_ == State::held) service_.leave_hold(*this);
  release_replica();
  if (state_ != State::responding) status_ = status;
  finish(cause);
  return passed;
}

// ---- ends

void Exchange::cut(Cause cause, const std::string& text) {
  worker_.to_client.clear();
  if (is_event_stream_) {
    append_chunk(worker_.to_client, stream_error_event("the stream was cut: " + text));
    bytes_out_ += worker_.to_client.size();
    static_cast<void>(client_.send(worker_.to_client));
    worker_.to_client.clear();
  }
  const bool close_looks_complete = framing_ == Framing::until_close;
  finish(cause);
  client_.cut(close_looks_complete);
}

void Exchange::answer(int status, std::string_view text, Cause cause) {
  const bool keep = keep_alive_ && request_complete_ && client_.may_keep_alive();
  worker_.to_client.clear();
  write_own_response(worker_.to_client,
                     {.status = status,
                      .text = text,
                      .request_id = request_id_,
                      .retry_after_seconds = status == 503 ? service_.retry_after_seconds() : 0,
                      .keep_alive = keep,
                      .without_body = head_->method == "HEAD"});
  status_ = status;
  first_byte_ = worker_.now();
  bytes_out_ += worker_.to_client.size();
  const int sent = client_.send(worker_.to_client);
  worker_.to_client.clear();
  finish(cause);
  if (sent != 0) {
    client_.lose();
  } else {
    client_.on_exchange_done(keep);
  }
}

void Exchange::finish(Cause cause) {
  const core::Duration now = worker_.now();
  const core::Duration total = now - arrived_;
  const core::Duration first =
      first_byte_.count() == 0 ? core::Duration{0} : first_byte_ - arrived_;
  service_.meter().ended(cause, status_, total, first);
  service_.meter().moved(bytes_out_);
  worker_.access_log.add({.when = worker_.wall(),
                          .service = service_.name(),
                          .replica = replica_,
                          .method = head_->method,
                          .target = head_->target,
                          .status = status_,
                          .bytes_out = bytes_out_,
                          .first_byte = first,
                          .total = total,
                          .attempts = attempts_,
                          .cause = cause,
                          .request_id = request_id_});
  reset();
}

void Exchange::reset() {
  SKY_CHECK(upstream_ == nullptr && !token_, "an exchange that ended holds no replica");
  state_ = State::idle;
  head_ = nullptr;
  body_.clear();
  deadline_.clear();
  tried_.clear();
  replica_ = {};
  attempts_ = connect_tries_ = 0;
  first_byte_ = core::Duration{0};
  bytes_out_ = 0;
  status_ = 0;
  request_complete_ = end_sent_ = sent_any_ = write_broken_ = input_seen_ = false;
  interim_passed_ = wants_fresh_ = refuses_response_ = is_event_stream_ = false;
}

}  // namespace sky::lb
