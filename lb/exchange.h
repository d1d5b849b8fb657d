// One request and its response, from the client's connection to a replica's and back.
//
//   idle -> choosing -> connecting -> waiting -> responding -> idle
//              |  ^        |             |
//              v  |________|_____________|   to another replica, if that is safe
//        held, pausing
//
// Safe means: nothing of it was sent, or it may be repeated (idempotent method, or the service says
// so) and nothing of an answer was seen; and all of what was sent is still in the replay buffer.
// Pausing: it may be repeated, but too many others are, or all replicas failed it. After a 101 that
// was asked for, responding is a tunnel. Lives in its client's connection. Loop thread.
#pragma once

#include <list>
#include <string>
#include <vector>

#include "lb/affinity.h"
#include "lb/meter.h"
#include "lb/replay_buffer.h"
#include "lb/replica.h"
#include "lb/request_ids.h"
#include "lb/token_meter.h"

namespace sky::lb {

class ClientConnection;
class Service;

class Exchange final : private DeadlineOwner {
 public:
  Exchange(Worker& worker, Service& service, ClientConnection& client);
  ~Exchange() override;

  // From the client's connection. The head's views live until the exchange is idle again.
  void on_request_head(const MessageHead& head);
  void on_request_body(std::string_view piece);
  void on_request_end();
  void advance();  // after input was read: act on it
  // The client or its request is no good any more. Whether some of a response was passed on.
  bool abort(Cause cause, int status = 0);
  void on_client_flushed();
  void on_tunnel_input(std::string_view bytes);  // from the client, in a tunnel

  bool is_active() const { return state_ != State::idle; }
  bool is_request_complete() const { return request_complete_; }
  bool is_tunnel() const { return is_tunnel_; }
  bool wants_body() const;

  // From the hold queue: a replica may be there now.
  void leave_hold();
  void on_shutdown();  // held for a service that is gone

  // From the connection to the replica.
  void on_upstream_connected();
  void on_upstream_failed(UpstreamFailure failure, std::string text);
  void on_upstream_input();
  void on_upstream_flushed();
  void on_response_head(const MessageHead& head);
  void on_response_body(std::string_view piece);
  void on_response_end();
  void on_response_complete();
  void flush_to_client();  // what the calls above left in the worker's scratch
  void on_tunnel_output(std::string_view bytes);  // from the replica
  void on_tunnel_end();
  // Not `none`: the response that began is not passed on, for this reason.
  UpstreamFailure refusal() const { return refusal_; }
  bool is_request_sent() const { return request_complete_ && end_sent_; }
  void on_drain_deadline();

  std::list<Exchange*>::iterator place_in_hold;  // the hold queue's
  std::uint64_t hold_ticket = 0;

 private:
  enum class State { idle, choosing, held, pausing, connecting, waiting, responding };
  struct Rejection {  // of the request, by its head
    int status = 0;  // 0: it is fine
    const char* text = "";
    Cause cause = Cause::ok;
  };

  void on_deadline(Deadline& which) override;
  // exchange_attempt.cc
  bool waits_for_prefix() const;
  void choose();
  bool try_replica(Replica& replica);
  void hold();
  void pause();
  void send_request();
  void pump_body();
  void append_body();
  void repeat_elsewhere(bool same_replica_will_do);
  bool is_repeatable() const;
  bool may_repeat() const;
  void release_replica();
  core::Duration silence_limit() const;

  void cut(Cause cause, const std::string& text);
  void answer(int status, std::string_view text, Cause cause);
  void finish(Cause cause);
  void reset();
  Rejection judge(const MessageHead& head) const;
  Framing client_framing(const MessageHead& head) const;
  bool is_busy_answer(const MessageHead& head) const;
  void note_outcome(bool good);
  void open_tunnel(const MessageHead& head);

  Worker& worker_;
  Service& service_;
  ClientConnection& client_;
  State state_ = State::idle;
  const MessageHead* head_ = nullptr;
  ReplayBuffer body_;
  Deadline deadline_;  // of the hold, of a pause, or of the replica's silence
  RequestIds ids_;
  std::string last_failure_;
  AffinityKey affinity_;
  UpstreamConnection* upstream_ = nullptr;
  InFlight::Token token_;
  InFlight::Token retry_token_;  // while it is being repeated
  core::ReplicaId replica_;
  PickReason pick_ = PickReason::none;
  std::vector<core::ReplicaId> tried_;
  std::uint32_t attempts_ = 0;  // in which something was sent
  std::uint32_t connect_tries_ = 0;

  core::Duration arrived_{0};
  core::Duration chosen_{0}, connected_{0};  // the last replica; zero: not yet
  core::Duration first_byte_{0};  // zero: none yet
  std::uint64_t body_bytes_in_ = 0, bytes_out_ = 0;
  int status_ = 0;
  Framing framing_ = Framing::none;  // of the response, towards the client
  Rejection rejection_;
  UpstreamFailure refusal_ = UpstreamFailure::none;
  TokenMeter tokens_;
  bool request_complete_ = false;
  bool end_sent_ = false;  // the request's end, to the present replica
  bool sent_any_ = false;  // some of the request, to the present replica
  bool write_broken_ = false;  // the replica takes no more; it may still answer
  bool input_seen_ = false;  // bytes of a response came
  bool interim_passed_ = false;  // a 1xx went to the client
  bool wants_fresh_ = false;  // the last pooled connection was stale
  bool is_retry_ = false;  // it was sent before
  bool keep_alive_ = false;
  bool is_event_stream_ = false;
  bool wants_tunnel_ = false;
  bool is_tunnel_ = false;
};

}  // namespace sky::lb
