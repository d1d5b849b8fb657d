// The listening port of one service, and the connections of its clients, on one loop.
//
// With several loops each listens on the same port (SO_REUSEPORT), and the kernel deals the
// connections out; a port that anybody else holds is not taken. One that cannot be had is reported
// once and tried again every second. Loop thread.
#pragma once

#include <optional>
#include <string>

#include "lb/client_connection.h"
#include "lb/service.h"

namespace sky::lb {

class Endpoint final : public ClientOwner {
 public:
  Endpoint(Worker& worker, std::string bind_host, core::ServiceName name, Report report,
           std::shared_ptr<SharedService> shared);
  ~Endpoint() override;

  void update(const core::RoutedService& routed);
  // No new connection and no new request; what runs may finish.
  void stop();
  void close_now();  // what runs is cut
  bool is_empty() const { return clients_.empty(); }

  MeterPart on_second();
  void report_again();

  const Service& service() const { return service_; }
  SharedService& shared() { return service_.shared(); }
  std::uint16_t open_port() const { return open_port_; }  // 0: closed
  std::size_t client_count() const { return clients_.size(); }

 private:
  std::unique_ptr<Mortal> on_client_closed(ClientConnection& client) override;
  bool is_stopping() const override { return stopping_; }
  void open();
  int listen_on(std::uint16_t port);
  int bind_to(const sockaddr_storage& address, bool is_first);
  void close_port();
  bool is_full();
  void accept_one();
  void report_state(int status);
  void report_problem();

  Worker& worker_;
  const std::string bind_host_;
  Report report_;
  Service service_;
  TlsContext tls_;
  std::string reported_problem_;  // with its certificate
  OwnedList<ClientConnection> clients_;
  std::optional<adapters::UvHandle<uv_tcp_t>> listener_;
  std::uint16_t wanted_port_ = 0;
  std::uint16_t open_port_ = 0;
  bool accept_paused_ = false;  // one is waiting in the listener
  bool stopping_ = false;
};

}  // namespace sky::lb
