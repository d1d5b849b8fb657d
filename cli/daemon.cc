#include "cli/daemon.h"

#include <sys/stat.h>

#include <functional>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

#include "adapters/clock.h"
#include "adapters/http_client.h"
#include "adapters/reactor.h"
#include "adapters/sandbox/sandbox_cloud.h"
#include "adapters/secret_store.h"
#include "adapters/unix_socket.h"
#include "cli/api.h"
#include "cli/command.h"
#include "cli/control_plane.h"
#include "cli/http_server.h"
#include "cli/join_api.h"
#include "cli/lb_supervisor.h"
#include "cli/log_api.h"
#include "cli/log_identity.h"
#include "cli/real_clouds.h"
#include "cli/sandbox_market.h"
#include "cli/stop_signals.h"
#include "events/follow_protocol.h"
#include "events/log.h"

namespace sky::cli {
namespace {

void say(const std::string& text) { std::cerr << "skyctl daemon: " << text << std::endl; }

std::vector<std::string> spot_zones(const adapters::sandbox::Catalog& catalog) {
  std::vector<std::string> zones;
  for (const core::Offer& offer : catalog.offers())
    if (offer.is_spot()) zones.push_back(offer.place.zone);
  return zones;
}

// The object graph, in the order it is built; destroyed in reverse.
class Daemon {
 public:
  Daemon(Home home, DaemonOptions options, std::unique_ptr<events::Log> log, FoldedLog folded,
         adapters::sandbox::Market market, std::uint32_t market_speed)
      : home_(std::move(home)),
        log_(std::move(log)),
        clock_(folded.model.now),
        secrets_(home_.root / "secrets"),
        http_(reactor_),
        probe_sender_(reactor_, {.max_in_flight = max_probes_in_flight}),
        balancer_(reactor_, home_, options.bind_host),
        control_(edges(options.config.retention), std::move(folded)),
        config_(options.config),
        real_clouds_(make_real_clouds(
            {.reactor = reactor_,
             .http = http_,
             .home = home_,
             .config = config_,
             .log_id = log_->id(),
             .on_change =
                 [this](core::InstanceChanged change) { control_.take(std::move(change)); }})),
        join_api_(
            {.reactor = reactor_,
             .home = home_,
             .secrets = secrets_,
             .model = [this]() -> const projections::Model& {
               return control_.controller().model();
             },
             .take = [this](core::InstanceChanged change) { control_.take(std::move(change)); }},
            config_.machines),
        follow_socket_(reactor_),
        api_context_{home_,
                     control_.controller(),
                     secrets_,
                     http_,
                     real_clouds_,
                     [this] { return clock_.now(); },
                     [this] { return control_.backlog(); },
                     [this] { stop("asked to by `daemon stop`"); }},
        server_(reactor_, [this](const HttpRequest& request, Responder responder) {
          router_.handle(request, responder);
        }) {
    add_sandbox(market, market_speed);
    for (const auto& cloud : real_clouds_.clouds) control_.add_cloud(*cloud, false);
    add_api_routes(router_, api_context_);
    add_log_routes(router_, *log_, control_.tender());
  }

  int run() {
    control_.start([this] { open_doors(); });
    reactor_.run();
    return exit_status_;
  }

 private:
  ControlPlaneEdges edges(const RetentionPolicy& retention) {
    return {.scheduler = reactor_,
            .log = *log_,
            .probe_sender = probe_sender_,
            .retention = retention,
            .now = [this] { return clock_.now(); },
            .secrets = [this](const core::ServiceName& service,
                              core::Version version) { return secrets_.get(service, version); },
            .forget_service =
                [this](const core::ServiceName& service) {
                  if (auto removed = secrets_.remove(service); !removed) say(removed.error().text);
                },
            .set_balancer_needed = [this](bool needed) { balancer_.set_needed(needed); },
            .balancer_connected = [this] { balancer_.note_connected(); },
            .balancer_gone = [this] { balancer_.check(); },
            .say = say,
            .on_failure = [this](const core::Error& error) { die(error); }};
  }

  void add_sandbox(const adapters::sandbox::Market& market, std::uint32_t market_speed) {
    clouds_ = adapters::sandbox::make_sandbox_clouds(
        reactor_,
        {.home = home_.root,
         .log_id = log_->id(),
         .program = {},
         .market = market,
         .market_speed_percent = market_speed},
        [this](core::InstanceChanged change) { control_.take(std::move(change)); });
    for (const auto& cloud : clouds_) control_.add_cloud(*cloud, true);
  }

  // Only when the start itself is durable: nobody is answered by a daemon that may not write.
  void open_doors() {
    auto following = follow_socket_.listen(home_.root / events::follow_socket_name,
                                           [this](std::unique_ptr<adapters::UnixSocket> one) {
                                             control_.followers().accept(std::move(one));
                                           });
    if (!following) return die(following.error());
    auto listening = server_.listen_unix(home_.api_socket());
    if (!listening) return die(listening.error());
    if (auto joined = join_api_.listen(); !joined) return die(joined.error());
    say("started, version " SKY_VERSION ", log " + log_->id() + " at #" +
        std::to_string(log_->position().durable.value) + ", API on " + home_.api_socket().string());
  }

  void stop(const std::string& reason) {
    if (std::exchange(stopping_, true)) return;
    if (control_.controller().model().services.empty()) balancer_.stop_process();
    balancer_.set_needed(false);
    control_.stop(reason, [this, reason] {
      say("stopped: " + reason);
      control_.tender().take_last();
      server_.drain();
      stop_soon_.start(stop_grace, [this] { reactor_.stop(); });
    });
  }

  // The log is the state: without it nothing may be decided. A restart takes milliseconds.
  void die(const core::Error& error) {
    say("cannot go on: " + error.text);
    exit_status_ = exit_failed;
    reactor_.stop();
  }

  // Lets the answer to `daemon stop` out.
  static constexpr core::Duration stop_grace = core::milliseconds(50);
  // A connection each; the others wait their turn. A guess.
  static constexpr std::size_t max_probes_in_flight = 512;

  Home home_;
  int exit_status_ = exit_done;
  bool stopping_ = false;
  adapters::Reactor reactor_;
  StopSignals signals_{reactor_, [this] { stop("signal"); }};
  adapters::Timer stop_soon_{reactor_};
  std::unique_ptr<events::Log> log_;
  adapters::Clock clock_;
  adapters::SecretStore secrets_;
  adapters::HttpClient http_;
  adapters::HttpClient probe_sender_;
  LbSupervisor balancer_;
  ControlPlane control_;
  const Config config_;
  RealClouds real_clouds_;
  JoinApi join_api_;
  adapters::UnixListener follow_socket_;
  std::vector<std::unique_ptr<adapters::sandbox::SandboxCloud>> clouds_;
  ApiContext api_context_;
  HttpRouter router_;
  HttpServer server_;
};

}  // namespace

int run_daemon(const Home& home, const DaemonOptions& options) {
  ::umask(0077);
  if (auto ours = check_log_identity(home); !ours) return fail(ours.error());
  auto log = events::open_log(home.log());
  if (!log) return fail(log.error());
  if (auto kept = keep_log_identity(home, (*log)->id()); !kept) return fail(kept.error());
  auto folded = fold_history(**log);
  if (!folded) return fail(folded.error());
  const auto choice = stored_market(home);
  if (!choice) return fail(choice.error());
  auto market = open_market(*choice, spot_zones(adapters::sandbox::catalog()));
  if (!market) return fail(market.error());
  Daemon daemon(home, options, std::move(*log), std::move(*folded), std::move(*market),
                choice->speed_percent);
  return daemon.run();
}

}  // namespace sky::cli
