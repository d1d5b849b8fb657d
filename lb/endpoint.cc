#include "lb/endpoint.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace sky::lb {
namespace {

constexpr int listen_backlog = 1024;  // the kernel cuts it to net.core.somaxconn

socklen_t size_of(const sockaddr& address) {
  return address.sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

// Whether nobody listens there, sharing or not.
bool is_free(const sockaddr& address) {
  const int fd = socket(address.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return true;  // bind() tells what is wrong
  const int on = 1;
  static_cast<void>(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
  const bool in_use = bind(fd, &address, size_of(address)) != 0 && errno == EADDRINUSE;
  close(fd);
  return !in_use;
}

bool share_port(const uv_tcp_t* tcp) {
  uv_os_fd_t fd = -1;
  const int on = 1;
  return uv_fileno(reinterpret_cast<const uv_handle_t*>(tcp), &fd) == 0 &&
         setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0;
}

}  // namespace

Endpoint::Endpoint(Worker& worker, std::string bind_host, core::ServiceName name, Report report,
                   std::shared_ptr<SharedService> shared)
    : worker_(worker),
      bind_host_(std::move(bind_host)),
      report_(report),
      service_(worker, std::move(name), std::move(report), std::move(shared)) {}

Endpoint::~Endpoint() { close_now(); }

void Endpoint::update(const core::RoutedService& routed) {
  service_.update(routed);
  tls_.set_files(routed.balancer.tls);
  if (tls_.is_wanted() && !tls_.is_ready()) close_port();  // never in the clear instead
  if (routed.port == wanted_port_) return;
  wanted_port_ = routed.port;
  close_port();
  open();
}

void Endpoint::close_port() {
  listener_.reset();
  accept_paused_ = false;
  if (open_port_ != 0) shared().release_port(std::exchange(open_port_, 0));
}

void Endpoint::stop() {
  if (std::exchange(stopping_, true)) return;
  close_port();
  wanted_port_ = 0;
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
    const bool is_news = std::exchange(reported_problem_, tls_.problem()) != tls_.problem();
    if (is_news && worker_.index == 0) report_problem();
    return;
  }
  const int status = listen_on(wanted_port_);
  if (status == 0) {
    open_port_ = wanted_port_;
    shared().note_failure(open_port_, 0);
    if (shared().is_held_by_all(open_port_)) report_state(0);
    return;
  }
  listener_.reset();
  if (shared().note_failure(wanted_port_, status)) report_state(status);
}

int Endpoint::listen_on(std::uint16_t port) {
  const std::optional<sockaddr_storage> address = numeric_address(bind_host_, port);
  if (!address) return UV_EINVAL;
  return shared().take_port(port, [&](bool is_first) { return bind_to(*address, is_first); });
}

int Endpoint::bind_to(const sockaddr_storage& address, bool is_first) {
  const bool is_shared = shared().loops() > 1;
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  // Another process of this user that shares its port would share it with us, too.
  if (is_shared && is_first && !is_free(*name)) return UV_EADDRINUSE;
  listener_.emplace();
  uv_tcp_t* tcp = listener_->get();
  if (const int status = uv_tcp_init_ex(worker_.loop(), tcp, name->sa_family); status != 0) {
    return status;
  }
  tcp->data = this;
  if (is_shared && !share_port(tcp)) return UV_ENOTSUP;
  if (const int status = uv_tcp_bind(tcp, name, 0); status != 0) return status;
  return uv_listen(listener_->stream(), listen_backlog, [](uv_stream_t* stream, int status) {
    auto* self = static_cast<Endpoint*>(stream->data);
    if (self != nullptr && status == 0) self->accept_one();
  });
}

bool Endpoint::is_full() {
  return worker_.shared.clients.value() >= worker_.limits.max_connections ||
         shared().clients.value() >= service_.spec().limits.max_connections;
}

void Endpoint::accept_one() {
  accept_paused_ = is_full();
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

MeterPart Endpoint::on_second() {
  tls_.look();
  open();
  if (accept_paused_) accept_one();  // a client of another loop may have left
  return service_.on_second();
}

void Endpoint::report_again() {
  const int failure = shared().failure_of(wanted_port_);
  if (worker_.index == 0 && (open_port_ != 0 || failure != 0)) report_state(failure);
  if (worker_.index == 0 && wanted_port_ != 0 && tls_.is_wanted() && !tls_.is_ready())
    report_problem();
  service_.report_again();
}

}  // namespace sky::lb
