// The response half of an exchange: what the replica says, on its way to the client.
#include "lb/client_connection.h"
#include "lb/exchange.h"
#include "lb/message_writer.h"
#include "lb/service.h"

namespace sky::lb {

void Exchange::on_upstream_input() {
  input_seen_ = true;
  deadline_.set(service_.spec().stream_timeout);
}

Framing Exchange::client_framing(const MessageHead& head) const {
  const bool open_ended = head.framing == Framing::chunked || head.framing == Framing::until_close;
  if (!open_ended) return head.framing;
  return head_->minor_version == 0 ? Framing::until_close : Framing::chunked;
}

void Exchange::on_response_head(const MessageHead& head) {
  if (head.status == 101) {
    refuses_response_ = true;
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
    is_event_stream_ = framing_ == Framing::chunked &&
                       head.find(HeaderId::content_encoding) == nullptr &&
                       head.value_of(HeaderId::content_type).starts_with("text/event-stream");
    first_byte_ = worker_.now();
  }
  write_response_head(worker_.to_client, head,
                      {.request_id = request_id_,
                       .replica = replica_,
                       .framing = framing_,
                       .client_minor_version = head_->minor_version,
                       .keep_alive = keep_alive_});
}

void Exchange::on_response_body(std::string_view piece) {
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
  finish(Cause::ok);
  client_.on_exchange_done(keep_alive_);
}

}  // namespace sky::lb
