#include "lb/endpoint.h"

#include <utility>

namespace sky::lb {
namespace {

constexpr int listen_backlog = 1024;  // the kernel cuts it to net.core.somaxconn

}  // namespace

Endpoint::Endpoint(Worker& worker, std::string bind_host, core::ServiceName name, Report report)
    : worker_(worker),
      bind_host_(std::move(bind_host)),
      report_(report),
      service_(worker, std::move(name), std::move(report)) {}

Endpoint::~Endpoint() { close_now(); }

void Endpoint::update(const core::RoutedService& routed) {
  service_.update(routed);
  tls_.set_files(routed.balancer.tls);
  if (tls_.is_wanted() && !tls_.is_ready()) {  // never in the clear instead
    listener_.reset();
    open_port_ = 0;
  }
  if (routed.port == wanted_port_) return;
  wanted_port_ = routed.port;
  reported_failure_ = 0;
  listener_.reset();
  open_port_ = 0;
  accept_paused_ = false;
  open();
}

void Endpoint::stop() {
  if (std::exchange(stopping_, true)) return;
  listener_.reset();
  open_port_ = wanted_port_ = 0;
  accept_paused_ = false;
  service_.stop();
  for (ClientConnection* client : clients_.snapshot()) client->close_if_between_requests();
}

void Endpoint::close_now() {
  stop();
  for (ClientConnection* client : clients_.snapshot()) client->close_now();
}

void Endpoint::open() {
  if (wanted_port_ == 0 || open_port_ != 0) return;
  if (tls_.is_wanted() && !tls_.is_ready()) {
    if (std::exchange(reported_problem_, tls_.problem()) != tls_.problem()) report_problem();
    return;
  }
  const int status = listen_on(wanted_port_);
  if (status == 0) {
    open_port_ = wanted_port_;
  } else {
    listener_.reset();
    if (status == reported_failure_) return;
  }
  reported_failure_ = status;
  report_state(status);
}

int Endpoint::listen_on(std::uint16_t port) {
  const std::optional<sockaddr_storage> address = numeric_address(bind_host_, port);
  if (!address) return UV_EINVAL;
  listener_.emplace();
  if (const int status = uv_tcp_init(worker_.loop(), listener_->get()); status != 0) return status;
  listener_->get()->data = this;
  const auto* name = reinterpret_cast<const sockaddr*>(&*address);
  if (const int status = uv_tcp_bind(listener_->get(), name, 0); status != 0) return status;
  return uv_listen(listener_->stream(), listen_backlog, [](uv_stream_t* stream, int status) {
    auto* self = static_cast<Endpoint*>(stream->data);
    if (self != nullptr && status == 0) self->accept_one();
  });
}

void Endpoint::accept_one() {
  accept_paused_ = worker_.client_connections >= worker_.limits.max_connections ||
                   clients_.size() >= service_.spec().limits.max_connections;
  if (accept_paused_) return;  // libuv listens on only after the accept
  auto client = std::make_unique<ClientConnection>(worker_, service_, *this);
  auto session = tls_.is_ready() ? tls_.make_session() : nullptr;
  if (client->accept(listener_->stream(), std::move(session)) != 0) return;
  clients_.add(std::move(client)).start();
}

std::unique_ptr<Mortal> Endpoint::on_client_closed(ClientConnection& client) {
  std::unique_ptr<Mortal> body = clients_.take(client);
  if (accept_paused_) accept_one();
  return body;
}

void Endpoint::report_problem() {
  report_(core::EndpointReported{.service = service_.name(),
                                 .host = bind_host_,
                                 .port = wanted_port_,
                                 .in_use = false,
                                 .text = "TLS: " + tls_.problem()});
}

void Endpoint::report_state(int status) {
  report_(core::EndpointReported{.service = service_.name(),
                                 .host = bind_host_,
                                 .port = wanted_port_,
                                 .in_use = status == UV_EADDRINUSE,
                                 .text = status == 0 ? "" : uv_strerror(status)});
}

void Endpoint::on_second(core::Duration period) {
  tls_.look();
  open();
  if (accept_paused_) accept_one();
  service_.on_second(period);
}

void Endpoint::report_again() {
  if (open_port_ != 0 || reported_failure_ != 0) report_state(reported_failure_);
  if (wanted_port_ != 0 && tls_.is_wanted() && !tls_.is_ready()) report_problem();
  service_.report_again();
}

}  // namespace sky::lb
