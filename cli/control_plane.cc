#include "cli/control_plane.h"

#include <utility>

#include "cli/probe_tasks.h"

namespace sky::cli {

ControlPlane::ControlPlane(ControlPlaneEdges edges, FoldedLog folded)
    : edges_(std::move(edges)),
      prober_(edges_.scheduler, edges_.probe_sender,
              [this](core::ProbeReturned answer) { controller_.submit(std::move(answer)); }),
      runner_({edges_.scheduler, edges_.secrets,
               [this](const core::ServiceName& service, core::ReplicaId replica) {
                 prober_.probe_now(service, replica);
               },
               [this] { return edges_.now().at; },
               [this](core::InputBody body) { controller_.submit(std::move(body)); }}),
      queue_(
          edges_.log, edges_.scheduler,
          [this](core::Seq last, const std::string& bytes) {
            followers_.publish(last, bytes);
            tender_.note_commit(last);
          },
          edges_.on_failure),
      controller_(edges_.scheduler, queue_, std::move(folded.model), controller_edges()),
      tender_(edges_.scheduler, edges_.log, controller_, edges_.now, edges_.say, folded.snapshot),
      rejected_snapshots_(std::move(folded.rejected)),
      followers_(edges_.scheduler, edges_.log, [this] { return controller_.durable_routes(); }),
      retention_(edges_.scheduler, tender_, edges_.log, edges_.retention, retention_edges()) {
  followers_.on_report([this](core::InputBody report) {
    if (std::holds_alternative<core::BalancerHello>(report)) edges_.balancer_connected();
    controller_.submit(std::move(report));
  });
  followers_.on_balancer_gone([this](std::string reason) {
    if (is_stopping_) return;  // with us, as we asked it to
    controller_.submit(core::BalancerGone{std::move(reason)});
    edges_.balancer_gone();
  });
}

ControllerEdges ControlPlane::controller_edges() {
  return {edges_.now, [this](const core::Effect& effect) { runner_.run(effect); },
          [this](const std::vector<projections::ProbeTarget>& targets) {
            prober_.set_tasks(probe_tasks(targets, edges_.secrets));
          },
          edges_.set_balancer_needed, edges_.forget_service};
}

Retention::Edges ControlPlane::retention_edges() {
  return {[this] { return edges_.now().at; },
          [this](core::Seq wanted) { return before_open_intents(controller_.model(), wanted); },
          [this] { return followers_.slowest_position(); }, edges_.say};
}

void ControlPlane::start(std::function<void()> started) {
  const events::Log& log = edges_.log;
  controller_.submit(core::Started{log.id(), SKY_VERSION, log.epoch(), log.repaired_after()},
                     [this, started = std::move(started)](core::Result<void>) {
                       started();
                       retention_.start();
                     });
  tender_.report(rejected_snapshots_);
}

void ControlPlane::stop(const std::string& reason, std::function<void()> stopped) {
  is_stopping_ = true;
  controller_.submit(core::Stopping{reason},
                     [stopped = std::move(stopped)](core::Result<void>) { stopped(); });
}

}  // namespace sky::cli
