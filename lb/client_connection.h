// One connection of a client: reads requests, one exchange after the other, writes their answers.
//
//   waiting -> receiving_head -> exchanging -> waiting ...      any -> lingering -> closed
//
// It is read all the time, so that a client that leaves is noticed while its request runs (one
// that only shuts down its sending side counts as gone). What it sends ahead is kept, to a bound.
// Lingering: our side is closed, the rest of its input is read and dropped, so that the last answer
// is not lost to a reset. Owned by its endpoint; lives until the end of the turn after close().
#pragma once

#include <string>

#include "lb/exchange.h"
#include "lb/http_parser.h"
#include "lb/owned_list.h"
#include "lb/worker.h"

namespace sky::lb {

class ClientConnection;

class ClientOwner {
 public:
  virtual ~ClientOwner() = default;
  virtual std::unique_ptr<Mortal> on_client_closed(ClientConnection& client) = 0;
  virtual bool is_stopping() const = 0;
};

class ClientConnection final : public Mortal,
                               public OwnedElement,
                               private StreamEvents,
                               private HttpEvents,
                               private DeadlineOwner {
 public:
  ClientConnection(Worker& worker, Service& service, ClientOwner& owner);
  ~ClientConnection() override;

  int accept(uv_stream_t* listener, std::unique_ptr<TlsSession> session);
  void start();  // after it has its owner
  void close_if_between_requests();
  void close_now();  // whatever runs is cut

  // For its exchange.
  int send(std::string_view bytes);
  void on_exchange_done(bool keep_alive);
  void cut(bool with_reset);  // the response stays incomplete
  void lose();  // it does not take what we write
  void update_reading();
  std::size_t queued_bytes() const { return stream_.queued_bytes(); }
  void pass_what_came_ahead();  // into the tunnel that was opened
  bool is_secure() const { return stream_.is_secure(); }
  bool may_keep_alive() const { return !owner_.is_stopping(); }
  const std::string& peer_ip() const { return peer_ip_; }

 private:
  enum class State { waiting, receiving_head, exchanging, lingering, closed };

  void on_connected(int) override {}
  void on_read(std::string_view bytes) override;
  void on_end(int status) override;
  void on_flushed() override;
  void on_head(const MessageHead& head) override;
  void on_body(std::string_view piece) override;
  void on_message_end() override;
  void on_deadline(Deadline& which) override;

  void count(bool comes);
  const core::EndpointLimits& limits() const;
  void process(std::string_view bytes);
  void refuse(int status, std::string_view text, Cause cause);
  void set_deadline();
  void linger();
  void close(bool with_reset = false);

  Worker& worker_;
  Service& service_;
  ClientOwner& owner_;
  Stream stream_;
  HttpParser parser_;
  Exchange exchange_;
  Deadline deadline_;
  State state_ = State::waiting;
  std::string peer_ip_;
  std::string ahead_;  // input behind the present request
  std::size_t lingered_bytes_ = 0;
  std::size_t queued_at_check_ = 0;  // for a client that does not read
  bool processing_ = false;
};

}  // namespace sky::lb
