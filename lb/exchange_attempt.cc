// An exchange's way to a replica: choosing, waiting, sending, and what to do
// when it did not work.
#include <utility>

#include "core/check.h"
#include "lb/client_connection.h"
#include "lb/exchange.h"
#include "lb/message_writer.h"
#include "lb/service.h"

namespace sky::lb {
namespace {

// With something sent. Others stop at three; where machines are taken away that loses requests (the
// kill loop shows it). It has an end, because a request may be what kills its replicas.
constexpr std::uint32_t max_attempts = 5;
constexpr std::uint32_t max_connect_tries = 16;  // each ends with an ejected replica

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

// ---- a replica is chosen

bool Exchange::waits_for_prefix() const {
  return service_.spec().affinity == core::Affinity::prefix && !request_complete_ &&
         !head_->expects_continue && body_.unsent().size() < max_prefix_bytes;
}

void Exchange::choose() {
  state_ = State::choosing;
  if (is_retry_ && !retry_token_) retry_token_ = service_.enter_retry();
  if (is_retry_ && !retry_token_) return pause();
  if (attempts_ == 0) read_affinity(service_.spec(), *head_, body_.unsent(), affinity_);
  while (true) {
    const Service::Choice choice = service_.choose(tried_, affinity_);
    if (choice.replica == nullptr && !tried_.empty()) {
      tried_.clear();
      if (!service_.choose(tried_, affinity_).replica) return hold();
      return pause();  // better one that failed once than none, but not while it is dying
    }
    if (choice.replica == nullptr) return hold();
    pick_ = choice.reason;
    if (connect_tries_ >= max_connect_tries) {
      return answer(503, "no replica could be reached", Cause::connect_failed);
    }
    if (try_replica(*choice.replica)) return;
  }
}

// Whether that is the end of choosing, for now.
bool Exchange::try_replica(Replica& replica) {
  token_ = replica.enter();
  if (!token_) return false;  // another loop has just filled it
  ++connect_tries_;
  replica_ = replica.id();
  sent_any_ = end_sent_ = write_broken_ = input_seen_ = false;
  refusal_ = UpstreamFailure::none;
  chosen_ = worker_.now();
  connected_ = core::Duration{0};
  int error = 0;
  upstream_ = replica.lease(*this,
                            {.fresh = std::exchange(wants_fresh_, false),
                             .careful = !is_repeatable(),
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
  if (upstream_->state() == UpstreamConnection::State::busy) {
    connected_ = chosen_;
    send_request();
  }
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
  retry_token_.release();
  replica_ = {};
  pick_ = PickReason::none;
  deadline_.set(left);
}

// One of many that a replica took down with it: they go to the others in turn, not all at once. Or
// one that all replicas failed: the next moment decides whether any of them still lives.
void Exchange::pause() {
  if (worker_.now() - arrived_ >= service_.spec().hold_timeout) {
    return answer(503, "too many requests had to be repeated", Cause::retry_limited);
  }
  state_ = State::pausing;
  retry_token_.release();
  deadline_.set(worker_.limits.retry_pause);
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

core::Duration Exchange::silence_limit() const {
  const core::LoadBalancerSpec& spec = service_.spec();
  const bool has_own = !input_seen_ && spec.limits.first_byte_timeout > core::Duration{0};
  return has_own ? spec.limits.first_byte_timeout : spec.stream_timeout;
}

void Exchange::on_upstream_connected() {
  connected_ = worker_.now();
  send_request();
}

void Exchange::send_request() {
  state_ = State::waiting;
  ++attempts_;
  deadline_.set(silence_limit());
  worker_.to_replica.clear();
  write_request_head(worker_.to_replica, *head_,
                     {.client_ip = client_.peer_ip(),
                      .default_host = service_.name(),
                      .request_id = ids_.request(),
                      .traceparent = ids_.traceparent(),
                      .keeps_expect = body_.unsent().empty() && !request_complete_,
                      .is_secure = client_.is_secure(),
                      .drops_authorization = service_.has_api_keys(),
                      .asks_upgrade = wants_tunnel_});
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
  deadline_.set(silence_limit());
  // A replica that answers early may stop reading: its answer, or its close, is
  // still to come.
  if (upstream_->write(worker_.to_replica) != 0) write_broken_ = true;
  client_.update_reading();
}

void Exchange::on_upstream_flushed() { client_.update_reading(); }

// ---- it did not work out

bool Exchange::is_repeatable() const {
  return is_idempotent(head_->method) || service_.spec().retry_non_idempotent;
}

bool Exchange::may_repeat() const {
  if (!sent_any_) return true;
  if (!body_.is_whole() || input_seen_ || interim_passed_ || attempts_ >= max_attempts)
    return false;
  return is_repeatable();
}

void Exchange::release_replica() {
  UpstreamConnection* upstream = std::exchange(upstream_, nullptr);
  if (upstream != nullptr) upstream->close();
  token_.release();
}

void Exchange::repeat_elsewhere(bool same_replica_will_do) {
  service_.meter().retried();
  is_retry_ = is_retry_ || sent_any_;
  if (!same_replica_will_do) tried_.push_back(replica_);
  body_.rewind();
  choose();
}

void Exchange::on_upstream_failed(UpstreamFailure failure, std::string text) {
  const bool was_pooled = upstream_ != nullptr && upstream_->was_used();
  upstream_ = nullptr;  // it closed itself
  token_.release();
  deadline_.clear();
  last_failure_ = std::move(text);
  if (failure == UpstreamFailure::busy) {
    input_seen_ = false;  // what was seen said that nothing was done
    return repeat_elsewhere(false);
  }
  // A pooled connection may have ended by itself; only a fresh one's end tells
  // of the replica.
  if (sent_any_ && !was_pooled) note_outcome(false);
  if (state_ == State::responding) return cut(Cause::stream_cut, last_failure_);
  if (failure == UpstreamFailure::bad_response) {
    return answer(502, "the replica's response is not valid HTTP", Cause::bad_response);
  }
  if (!may_repeat()) {
    return answer(502, "the replica broke off before it answered", Cause::replica_lost);
  }
  if (was_pooled) wants_fresh_ = true;
  repeat_elsewhere(was_pooled || wants_fresh_);
}

void Exchange::on_drain_deadline() {
  deadline_.clear();
  release_replica();
  if (state_ == State::responding) {
    return cut(Cause::drain_deadline, "the replica was taken away");
  }
  if (!may_repeat()) {
    return answer(502, "the replica was taken away before it answered", Cause::drain_deadline);
  }
  repeat_elsewhere(false);
}

void Exchange::on_deadline(Deadline&) {
  if (state_ == State::pausing) return choose();
  if (state_ == State::held) {
    service_.leave_hold(*this);
    service_.count_shed(Cause::hold_expired);
    return answer(503, "no replica became ready in time", Cause::hold_expired);
  }
  const bool client_is_slow = upstream_ != nullptr && (!upstream_->is_reading() || !end_sent_);
  if (client_is_slow && !write_broken_) {  // its own deadlines watch over that
    deadline_.set(silence_limit());
    return;
  }
  release_replica();
  note_outcome(false);
  if (state_ == State::responding) return cut(Cause::replica_silent, "the replica fell silent");
  answer(504, "the replica did not answer in time", Cause::replica_silent);
}

}  // namespace sky::lb
