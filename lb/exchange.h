// One request and its response, from the client's connection to a replica's and back.
//
//   idle -> choosing -> connecting -> waiting -> responding -> idle
//              |  ^        |             |
//              v  |________|_____________|   to another replica, if that is safe
//             held
//
// Safe means: nothing of it was sent, or it may be repeated (idempotent method, or the service says
// so) and nothing of an answer was seen; and all of what was sent is still in the replay buffer.
// Lives in its client's connection, one after the other. Loop thread.
#pragma once

#include <list>
#include <string>
#include <vector>

#include "lb/meter.h"
#include "lb/replay_buffer.h"
#include "lb/replica.h"

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

  bool is_active() const { return state_ != State::idle; }
  bool is_request_complete() const { return request_complete_; }
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
  bool refuses_response() const { return refuses_response_; }
  bool is_request_sent() const { return request_complete_ && end_sent_; }
  void on_drain_deadline();

  std::list<Exchange*>::iterator place_in_hold;  // the hold queue's

 private:
  enum class State { idle, choosing, held, connecting, waiting, responding };

  void on_deadline(Deadline& which) override;
  void choose();
  bool try_replica(Replica& replica);
  void hold();
  void send_request();
  void pump_body();
  void append_body();
  bool may_repeat() const;
  void release_replica();
  void cut(Cause cause, const std::string& text);
  void answer(int status, std::string_view text, Cause cause);
  void finish(Cause cause);
  void reset();
  void set_request_id(const MessageHead& head);
  Framing client_framing(const MessageHead& head) const;

  Worker& worker_;
  Service& service_;
  ClientConnection& client_;
  State state_ = State::idle;
  const MessageHead* head_ = nullptr;
  ReplayBuffer body_;
  Deadline deadline_;  // of the hold, or of the replica's silence
  std::string request_id_;
  std::string last_failure_;

  UpstreamConnection* upstream_ = nullptr;
  InFlight::Token token_;
  core::ReplicaId replica_;
  std::vector<core::ReplicaId> tried_;
  std::uint32_t attempts_ = 0;  // in which something was sent
  std::uint32_t connect_tries_ = 0;

  core::Duration arrived_{0};
  core::Duration first_byte_{0};  // zero: none yet
  std::uint64_t bytes_out_ = 0;
  int status_ = 0;
  Framing framing_ = Framing::none;  // of the response, towards the client

  bool request_complete_ = false;
  bool end_sent_ = false;  // the request's end, to the present replica
  bool sent_any_ = false;  // some of the request, to the present replica
  bool write_broken_ = false;  // the replica takes no more; it may still answer
  bool input_seen_ = false;  // bytes of a response came
  bool interim_passed_ = false;  // a 1xx went to the client
  bool wants_fresh_ = false;  // the last pooled connection was stale
  bool refuses_response_ = false;
  bool keep_alive_ = false;
  bool is_event_stream_ = false;
};

}  // namespace sky::lb
