// One connection to a replica. Carries one exchange at a time and rests in the replica's pool
// between them.
//
//   connecting -> idle <-> busy        any -> closed
//
// An idle one is still read, so that the peer's close is seen at once. Owned by its Replica; after
// close() it lives until the end of the loop's turn.
#pragma once

#include <string>

#include "lb/http_parser.h"
#include "lb/owned_list.h"
#include "lb/worker.h"

namespace sky::lb {

class Exchange;
class Replica;

enum class UpstreamFailure : std::uint8_t {
  none,
  connect,
  lost,
  bad_response,
  busy,  // it answered that it has no time
};

class UpstreamConnection final : public Mortal,
                                 public OwnedElement,
                                 private StreamEvents,
                                 private HttpEvents,
                                 private DeadlineOwner {
 public:
  enum class State { connecting, idle, busy, closed };

  UpstreamConnection(Worker& worker, Replica& replica);
  ~UpstreamConnection() override;

  int start(const sockaddr& address);  // 0, or why it cannot even be tried
  // Connecting or idle, and free. A connecting one calls the exchange when it is through.
  void lease(Exchange& exchange, bool answers_head);

  State state() const { return state_; }
  Exchange* exchange() const { return exchange_; }
  bool was_used() const { return was_used_; }  // carried a request before this one
  bool peer_has_closed() const { return stream_.peer_has_closed(); }
  int write(std::string_view bytes) { return stream_.write(bytes); }
  std::size_t queued_bytes() const { return stream_.queued_bytes(); }
  bool is_reading() const { return stream_.is_reading(); }
  void set_reading(bool reading) { stream_.set_reading(reading); }

  // Calls nobody back. Leaves the replica's list.
  void close();

 private:
  void on_connected(int status) override;
  void on_read(std::string_view bytes) override;
  void on_end(int status) override;
  void on_flushed() override;
  void on_head(const MessageHead& head) override;
  void on_body(std::string_view piece) override;
  void on_message_end() override;
  void on_deadline(Deadline& which) override;

  void become_idle();
  void refuse();
  void complete(bool reusable);
  void fail(UpstreamFailure failure, std::string text);

  Worker& worker_;
  Replica& replica_;
  Stream stream_;
  HttpParser parser_;
  Deadline deadline_;
  State state_ = State::connecting;
  Exchange* exchange_ = nullptr;
  bool was_used_ = false;
  bool answers_head_ = false;
  bool is_interim_ = false;  // the present response is a 1xx: another follows
  bool peer_keeps_alive_ = false;
};

}  // namespace sky::lb
