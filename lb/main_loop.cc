#include "lb/main_loop.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "adapters/follow_client.h"
#include "adapters/unix_socket.h"
#include "events/follow_protocol.h"
#include "lb/metrics_socket.h"
#include "lb/process_lock.h"
#include "lb/report_queue.h"
#include "lb/table_cache.h"

namespace sky::lb {
namespace {

constexpr core::Duration look_every = core::milliseconds(200);
constexpr core::Duration alone_for_at_most = core::seconds(60);  // with nothing to serve
constexpr core::Duration finish_for_at_most = core::seconds(30);

events::BalancerReport to_wire(const core::InputBody& body) {
  return std::visit(
      [](const auto& report) -> events::BalancerReport {
        using Type = std::decay_t<decltype(report)>;
        if constexpr (std::is_constructible_v<events::BalancerReport, const Type&>) {
          return report;
        } else {
          SKY_CHECK(false, "a balancer reports only what the protocol carries");
        }
      },
      body);
}

class Process {
 public:
  Process(const std::filesystem::path& home, BalancerOptions options, ProcessLock lock)
      : lock_(std::move(lock)),
        cache_(home / "lb.table"),
        queue_([this](const core::InputBody& body) { return follow_->send(to_wire(body)); }),
        balancer_(reactor_, std::move(options),
                  [this](core::InputBody body) { queue_.add(std::move(body)); }),
        metrics_(reactor_, [this] { return balancer_.metrics(); }),
        look_(reactor_) {
    follow_.emplace(reactor_, adapters::dial_unix(reactor_, home / events::follow_socket_name),
                    events::FollowRequest{.from = {}, .routing_snapshot_first = true}, callbacks());
    listen_to(terminate_, SIGTERM);
    listen_to(interrupt_, SIGINT);
    if (auto listening = metrics_.listen(home / "lb.sock"); !listening) {
      std::cerr << "skyctl lb: " << listening.error().text << '\n';  // it serves all the same
    }
  }

  void run() {
    auto cached = cache_.load();
    if (!cached) {
      std::cerr << "skyctl lb: " << cached.error().text << '\n';
    } else if (*cached) {
      balancer_.apply(**cached);
    }
    alone_since_ = now();
    follow_->start();
    look_.start_repeating(look_every, [this] { look(); });
    reactor_.run();
  }

 private:
  core::Duration now() const {
    return core::Duration(static_cast<std::int64_t>(uv_hrtime() / 1000));
  }

  adapters::FollowCallbacks callbacks() {
    return {.on_snapshot =
                [this](const core::RoutingSnapshot& table) {
                  balancer_.apply(table);
                  knows_table_ = table_changed_ = true;
                },
            .on_event =
                [this](const core::Event& event) {
                  if (balancer_.apply(event)) table_changed_ = true;
                  if (std::holds_alternative<core::ServiceRemoved>(event.body)) {
                    queue_.forget(event.service);
                  }
                },
            .on_caught_up =
                [this](core::Seq) {
                  if (queue_.is_live()) return;
                  queue_.set_live(true);
                  balancer_.report_again();
                },
            .on_connected =
                [this] {
                  alone_since_.reset();
                  follow_->send(core::BalancerHello{::getpid()});
                },
            .on_disconnected =
                [this](const std::string&) {
                  queue_.set_live(false);
                  if (!alone_since_) alone_since_ = now();
                }};
  }

  void listen_to(adapters::UvHandle<uv_signal_t>& handle, int number) {
    uv_signal_init(reactor_.loop(), handle.get());
    handle->data = this;
    uv_signal_start(
        handle.get(),
        [](uv_signal_t* signal, int) {
          if (signal->data != nullptr) static_cast<Process*>(signal->data)->on_signal();
        },
        number);
  }

  void on_signal() {
    if (stopping_since_) {
      reactor_.stop();
    } else {
      stop();
    }
  }

  // Leaves the ports, the socket and the lock to a successor at once.
  void stop() {
    stopping_since_ = now();
    store_table();
    balancer_.stop();
    metrics_.close();
    follow_.reset();
    queue_.set_live(false);
    lock_.release();
    look();
  }

  void look() {
    if (stopping_since_) {
      const bool enough = now() - *stopping_since_ > finish_for_at_most;
      if (balancer_.is_quiet() || enough) reactor_.stop();
      return;
    }
    store_table();
    const bool has_nothing =
        knows_table_ ? balancer_.table().services.empty() : balancer_.table().seq == core::Seq{};
    const bool is_alone = alone_since_ && now() - *alone_since_ > alone_for_at_most;
    if ((has_nothing && is_alone) || (alone_since_ && !lock_.is_still_there())) stop();
  }

  void store_table() {
    if (!std::exchange(table_changed_, false)) return;
    if (auto stored = cache_.store(balancer_.table()); !stored) {
      std::cerr << "skyctl lb: " << stored.error().text << '\n';
    }
  }

  adapters::Reactor reactor_;  // first: everything below lives on it
  ProcessLock lock_;
  TableCache cache_;
  ReportQueue queue_;
  Balancer balancer_;
  MetricsSocket metrics_;
  std::optional<adapters::FollowClient> follow_;
  adapters::Timer look_;
  adapters::UvHandle<uv_signal_t> terminate_;
  adapters::UvHandle<uv_signal_t> interrupt_;
  bool knows_table_ = false;  // from a daemon, not only from the cache
  bool table_changed_ = false;  // since it was stored
  std::optional<core::Duration> alone_since_;  // no daemon; none: one is there
  std::optional<core::Duration> stopping_since_;
};

// A client needs two descriptors, its own and its replica's; some are kept for
// everything else.
void allow_many_descriptors(Limits& limits) {
  constexpr rlim_t most_reserve = 128;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::getrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t reserve = std::min(most_reserve, limit.rlim_cur / 4);
  const rlim_t clients = (limit.rlim_cur - reserve) / 2;
  limits.max_connections = std::min<std::size_t>(limits.max_connections, clients);
}

}  // namespace

int run_balancer(const std::filesystem::path& home, BalancerOptions options) {
  auto lock = ProcessLock::take(home / "lb.lock");
  if (!lock) {
    if (lock.error().code == core::ErrorCode::locked) return 0;
    std::cerr << "skyctl lb: " << lock.error().text << '\n';
    return 1;
  }
  ::signal(SIGPIPE, SIG_IGN);
  allow_many_descriptors(options.limits);
  options.access_log = home / "lb.log";
  Process process(home, std::move(options), std::move(*lock));
  process.run();
  return 0;
}

}  // namespace sky::lb
