#include "cli/daemon.h"

#include <sys/stat.h>

#include <functional>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

#include "adapters/clock.h"
#include "adapters/effect_runner.h"
#include "adapters/follow_server.h"
#include "adapters/http_client.h"
#include "adapters/prober.h"
#include "adapters/reactor.h"
#include "adapters/sandbox/sandbox_cloud.h"
#include "adapters/secret_store.h"
#include "cli/api.h"
#include "cli/command.h"
#include "cli/controller.h"
#include "cli/history.h"
#include "cli/http_server.h"
#include "cli/lb_supervisor.h"
#include "cli/log_api.h"
#include "cli/log_identity.h"
#include "cli/log_tender.h"
#include "cli/probe_tasks.h"
#include "cli/sandbox_market.h"
#include "cli/stop_signals.h"
#include "events/commit_queue.h"
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
        prober_(reactor_,
                [this](core::ProbeReturned answer) { controller_.submit(std::move(answer)); }),
        runner_({reactor_, secrets_, prober_, [this] { return clock_.now().at; },
                 [this](core::InputBody body) { controller_.submit(std::move(body)); }}),
        queue_(
            *log_, [this](std::function<void()> task) { reactor_.post(std::move(task)); },
            [this](core::Seq last, const std::string& bytes) {
              followers_.publish(last, bytes);
              tender_.note_commit(last);
            },
            [this](const core::Error& error) { die(error); }),
        balancer_(reactor_, home_, options.bind_host),
        controller_(reactor_, queue_, std::move(folded.model), edges()),
        tender_(
            reactor_, *log_, controller_, [this] { return clock_.now(); }, say, folded.snapshot),
        rejected_snapshots_(std::move(folded.rejected)),
        followers_(reactor_, *log_, [this] { return controller_.durable_routes(); }),
        api_context_{home_,
                     controller_,
                     secrets_,
                     http_,
                     [this] { return clock_.now(); },
                     [this] { return queue_.backlog(); },
                     [this] { stop("asked to by `daemon stop`"); }},
        server_(reactor_, [this](const HttpRequest& request, Responder responder) {
          router_.handle(request, responder);
        }) {
    add_sandbox(market, market_speed);
    add_api_routes(router_, api_context_);
    add_log_routes(router_, *log_, tender_);
  }

  int run() {
    followers_.on_report([this](core::InputBody report) {
      if (std::holds_alternative<core::BalancerHello>(report)) balancer_.note_connected();
      controller_.submit(std::move(report));
    });
    followers_.on_balancer_gone([this](std::string reason) {
      if (stopping_) return;  // with us, as we asked it to
      controller_.submit(core::BalancerGone{std::move(reason)});
      balancer_.check();
    });
    controller_.submit(
        core::Started{log_->id(), SKY_VERSION, log_->epoch(), log_->repaired_after()},
        [this](core::Result<void>) { open_doors(); });
    tender_.report(rejected_snapshots_);
    reactor_.run();
    return exit_status_;
  }

 private:
  ControllerEdges edges() {
    return {[this] { return clock_.now(); },
            [this](const core::Effect& effect) { runner_.run(effect); },
            [this](const std::vector<projections::ProbeTarget>& targets) {
              prober_.set_tasks(probe_tasks(targets, secrets_));
            },
            [this](bool needed) { balancer_.set_needed(needed); },
            [this](const core::ServiceName& service) {
              if (auto removed = secrets_.remove(service); !removed) say(removed.error().text);
            }};
  }

  void add_sandbox(const adapters::sandbox::Market& market, std::uint32_t market_speed) {
    clouds_ = adapters::sandbox::make_sandbox_clouds(
        reactor_,
        {.home = home_.root,
         .log_id = log_->id(),
         .program = {},
         .market = market,
         .market_speed_percent = market_speed},
        [this](core::InstanceChanged change) { controller_.submit(std::move(change)); });
    for (const auto& cloud : clouds_) runner_.add_cloud(*cloud, true);
  }

  // Only when the start itself is durable: nobody is answered by a daemon that may not write.
  void open_doors() {
    auto following = followers_.listen(home_.root);
    if (!following) return die(following.error());
    auto listening = server_.listen_unix(home_.api_socket());
    if (!listening) return die(listening.error());
    say("started, version " SKY_VERSION ", log " + log_->id() + " at #" +
        std::to_string(log_->position().durable.value) + ", API on " + home_.api_socket().string());
  }

  void stop(const std::string& reason) {
    if (std::exchange(stopping_, true)) return;
    if (controller_.model().services.empty()) balancer_.stop_process();
    balancer_.set_needed(false);
    controller_.submit(core::Stopping{reason}, [this, reason](core::Result<void>) {
      say("stopped: " + reason);
      tender_.take_last();
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
  adapters::Prober prober_;
  adapters::EffectRunner runner_;
  events::CommitQueue queue_;
  LbSupervisor balancer_;
  Controller controller_;
  LogTender tender_;
  const std::vector<core::SnapshotRejected> rejected_snapshots_;
  adapters::FollowServer followers_;
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
