#include "lb/exchange.h"

#include <utility>

#include "core/check.h"
#include "lb/client_connection.h"
#include "lb/message_writer.h"
#include "lb/service.h"

namespace sky::lb {
Exchange::Exchange(Worker& worker, Service& service, ClientConnection& client)
    : worker_(worker),
      service_(service),
      client_(client),
      body_(worker.shared.replay_bytes),
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
  ids_.set(head, worker_);
  service_.meter().arrived();
  rejection_ = judge(head);
  // h2c would take the connection out of our sight: nobody speaks it with us.
  wants_tunnel_ = head.wants_upgrade && head.method == "GET" && head.minor_version == 1 &&
                  head.framing == Framing::none &&
                  !equals_ignoring_case(head.value_of(HeaderId::upgrade), "h2c");
}

Exchange::Rejection Exchange::judge(const MessageHead& head) const {
  if (!service_.admits(head)) {
    return {401, "an API key is needed: Authorization: Bearer KEY", Cause::unauthorized};
  }
  const std::uint64_t limit = service_.spec().limits.max_body_bytes;
  const bool sized = head.framing == Framing::content_length;
  if (limit != 0 && sized && head.content_length > limit) {
    return {413, "the body is too large", Cause::bad_request};
  }
  return {};
}

void Exchange::on_request_body(std::string_view piece) {
  if (state_ == State::idle) return;
  body_.add(piece);
  body_bytes_in_ += piece.size();
  const std::uint64_t limit = service_.spec().limits.max_body_bytes;
  if (limit != 0 && body_bytes_in_ > limit && rejection_.status == 0) {
    rejection_ = {413, "the body is too large", Cause::bad_request};
  }
}

void Exchange::on_request_end() {
  if (state_ != State::idle) request_complete_ = true;
}

bool Exchange::wants_body() const {
  const std::size_t queued = upstream_ == nullptr ? 0 : upstream_->queued_bytes();
  if (is_tunnel_) return queued <= worker_.limits.high_water_bytes;
  if (state_ == State::idle || request_complete_) return true;
  const std::size_t limit = body_.is_budget_spent() ? 0 : worker_.limits.high_water_bytes;
  return body_.unsent().size() + queued <= limit;
}

void Exchange::advance() {
  if (rejection_.status != 0 && state_ != State::idle) {
    const Rejection why = std::exchange(rejection_, {});
    if (state_ == State::responding) return cut(why.cause, why.text);
    if (state_ == State::held) service_.leave_hold(*this);
    release_replica();
    return answer(why.status, why.text, why.cause);
  }
  switch (state_) {
    case State::choosing:
      if (!waits_for_prefix()) choose();
      break;
    case State::waiting:
    case State::responding: pump_body(); break;
    case State::idle:
    case State::held:
    case State::pausing:
    case State::connecting: break;
  }
}

bool Exchange::abort(Cause cause, int status) {
  if (state_ == State::idle) return false;
  const bool passed = state_ == State::responding || interim_passed_;
  if (is_tunnel_ && cause == Cause::client_gone) cause = Cause::ok;  // how tunnels end
  if (state_ == State::held) service_.leave_hold(*this);
  release_replica();
  if (state_ != State::responding) status_ = status;
  finish(cause);
  return passed;
}

// ---- ends

void Exchange::cut(Cause cause, const std::string& text) {
  worker_.to_client.clear();
  if (is_event_stream_ && !tokens_.saw_end_marker()) {
    append_chunk(worker_.to_client, stream_error_event("the stream was cut: " + text));
    bytes_out_ += worker_.to_client.size();
    static_cast<void>(client_.send(worker_.to_client));
    worker_.to_client.clear();
  }
  const bool close_looks_complete = framing_ == Framing::until_close || is_tunnel_;
  finish(cause);
  client_.cut(close_looks_complete);
}

void Exchange::answer(int status, std::string_view text, Cause cause) {
  const bool keep = keep_alive_ && request_complete_ && client_.may_keep_alive();
  worker_.to_client.clear();
  write_own_response(worker_.to_client,
                     {.status = status,
                      .text = text,
                      .request_id = ids_.request(),
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
  service_.count_tokens(replica_, tokens_.finish());
  worker_.access_log.add(
      {.when = worker_.wall(),
       .service = service_.name(),
       .replica = replica_,
       .method = head_->method,
       .target = head_->target,
       .status = status_,
       .bytes_out = bytes_out_,
       .queue = chosen_.count() == 0 ? total : chosen_ - arrived_,
       .connect = connected_.count() == 0 ? core::Duration{0} : connected_ - chosen_,
       .first_byte = first,
       .total = total,
       .attempts = attempts_,
       .cause = cause,
       .pick = pick_,
       .request_id = ids_.request(),
       .trace_id = ids_.trace()});
  reset();
}

void Exchange::reset() {
  SKY_CHECK(upstream_ == nullptr && !token_, "an exchange that ended holds no replica");
  state_ = State::idle;
  head_ = nullptr;
  body_.clear();
  deadline_.clear();
  tried_.clear();
  affinity_.clear();
  retry_token_.release();
  replica_ = {};
  pick_ = PickReason::none;
  rejection_ = {};
  refusal_ = UpstreamFailure::none;
  attempts_ = connect_tries_ = 0;
  chosen_ = connected_ = first_byte_ = core::Duration{0};
  body_bytes_in_ = bytes_out_ = 0;
  status_ = 0;
  request_complete_ = end_sent_ = sent_any_ = write_broken_ = input_seen_ = false;
  interim_passed_ = wants_fresh_ = is_retry_ = is_event_stream_ = false;
  wants_tunnel_ = is_tunnel_ = false;
}

}  // namespace sky::lb
