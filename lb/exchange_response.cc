// The response half of an exchange: what the replica says, on its way to the client.
#include "lb/client_connection.h"
#include "lb/exchange.h"
#include "lb/message_writer.h"
#include "lb/service.h"

namespace sky::lb {

void Exchange::on_upstream_input() {
  input_seen_ = true;
  deadline_.set(silence_limit());
}

Framing Exchange::client_framing(const MessageHead& head) const {
  const bool open_ended = head.framing == Framing::chunked || head.framing == Framing::until_close;
  if (!open_ended) return head.framing;
  return head_->minor_version == 0 ? Framing::until_close : Framing::chunked;
}

// "Not now": somebody else may have time. Only before anything of an answer was
// passed on.
bool Exchange::is_busy_answer(const MessageHead& head) const {
  if (head.status != 503 || !head.has(HeaderId::retry_after)) return false;
  if (!body_.is_whole() || interim_passed_ || !is_repeatable()) return false;
  return service_.has_other(replica_, tried_);
}

void Exchange::on_response_head(const MessageHead& head) {
  if (head.status == 101 && wants_tunnel_) return open_tunnel(head);
  if (head.status == 101) {
    refusal_ = UpstreamFailure::bad_response;
    return;
  }
  if (is_busy_answer(head)) {
    refusal_ = UpstreamFailure::busy;
    return;
  }
  framing_ = client_framing(head);
  if (head.status < 200) {
    if (head_->minor_version == 0) return;
    interim_passed_ = true;
  } else {
    state_ = State::responding;
    status_ = head.status;
    if (framing_ == Framing::until_close || !request_complete_) keep_alive_ = false;
    if (!client_.may_keep_alive()) keep_alive_ = false;
    first_byte_ = worker_.now();
    const std::string_view type = head.value_of(HeaderId::content_type);
    const bool is_plain = !head.has(HeaderId::content_encoding);
    is_event_stream_ =
        framing_ == Framing::chunked && is_plain && type.starts_with("text/event-stream");
    const bool is_json =
        is_plain && framing_ != Framing::none && type.starts_with("application/json");
    if (is_event_stream_ || is_json) {
      tokens_.start(is_json ? TokenMeter::Kind::json : TokenMeter::Kind::event_stream, first_byte_);
    }
  }
  write_response_head(
      worker_.to_client, head,
      {.request_id = ids_.request(),
       .replica = replica_,
       .pick = service_.spec().affinity == core::Affinity::none ? PickReason::none : pick_,
       .framing = framing_,
       .client_minor_version = head_->minor_version,
       .keep_alive = keep_alive_});
}

void Exchange::on_response_body(std::string_view piece) {
  if (is_event_stream_) {
    service_.note_piece(replica_, tokens_, piece, worker_.now());
  } else {
    service_.note_piece(replica_, tokens_, piece, first_byte_);
  }
  if (framing_ == Framing::chunked) {
    append_chunk(worker_.to_client, piece);
  } else {
    worker_.to_client.append(piece);
  }
}

void Exchange::on_response_end() {
  if (framing_ == Framing::chunked) append_last_chunk(worker_.to_client);
}

void Exchange::flush_to_client() {
  if (worker_.to_client.empty()) return;
  bytes_out_ += worker_.to_client.size();
  const int status = client_.send(worker_.to_client);
  worker_.to_client.clear();
  if (status != 0) {
    client_.lose();
  } else if (upstream_ != nullptr && client_.queued_bytes() > worker_.limits.high_water_bytes) {
    upstream_->set_reading(false);
  }
}

void Exchange::on_client_flushed() {
  if (upstream_ != nullptr) upstream_->set_reading(true);
}

void Exchange::on_response_complete() {
  upstream_ = nullptr;  // it is back in its pool, or closed
  token_.release();
  flush_to_client();
  if (state_ == State::idle) return;  // the client was lost meanwhile
  note_outcome(status_ < 500);
  service_.note_first_byte(replica_, first_byte_ - arrived_);
  finish(Cause::ok);
  client_.on_exchange_done(keep_alive_);
}

void Exchange::note_outcome(bool good) { service_.note_outcome(replica_, good); }

// ---- a tunnel

void Exchange::open_tunnel(const MessageHead& head) {
  is_tunnel_ = true;
  state_ = State::responding;
  status_ = head.status;
  framing_ = Framing::none;
  keep_alive_ = false;
  first_byte_ = worker_.now();
  write_switching_head(worker_.to_client, head,
                       {.request_id = ids_.request(), .replica = replica_});
}

void Exchange::on_tunnel_output(std::string_view bytes) {
  deadline_.set(service_.spec().stream_timeout);
  worker_.to_client.append(bytes);  // behind the head, the first time
  flush_to_client();
  if (is_active()) client_.pass_what_came_ahead();
}

void Exchange::on_tunnel_input(std::string_view bytes) {
  deadline_.set(service_.spec().stream_timeout);
  if (upstream_ == nullptr || bytes.empty()) return;
  if (upstream_->write(bytes) != 0) write_broken_ = true;  // its end is about to come
  client_.update_reading();
}

void Exchange::on_tunnel_end() {
  upstream_ = nullptr;  // it closed itself
  token_.release();
  finish(Cause::ok);
  client_.on_exchange_done(false);
}

}  // namespace sky::lb
