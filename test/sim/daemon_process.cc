#include "test/sim/daemon_process.h"

namespace sky::sim {

DaemonProcess::DaemonProcess(Process& process, DaemonEdges edges)
    : process_(process), edges_(std::move(edges)), probes_(process, edges_.clouds) {}

cli::ControlPlaneEdges DaemonProcess::control_edges() {
  return {
      .scheduler = process_,
      .log = *log_,
      .probe_sender = probes_,
      .retention = edges_.retention,
      .now =
          [this] {
            process_.edge();
            return clock_->now();
          },
      .secrets = [this](const core::ServiceName& service,
                        core::Version) -> core::Result<adapters::Secrets> {
        const auto found = edges_.secrets.find(service);
        return found == edges_.secrets.end() ? adapters::Secrets{} : found->second;
      },
      .forget_service = [this](const core::ServiceName& service) { edges_.secrets.erase(service); },
      .set_balancer_needed = edges_.set_balancer_needed,
      .balancer_connected = [] {},
      .balancer_gone = edges_.balancer_gone,
      .say = [](const std::string&) {},
      .on_failure = [this](const core::Error&) { process_.kill(); }};
}

void DaemonProcess::start() {
  auto log = edges_.disk.open(
      process_, [this](std::span<const core::Event> events, const std::string& bytes) {
        edges_.witness.acknowledged(events, bytes);
      });
  if (!log) return edges_.witness.could_not_open(log.error());
  log_ = std::move(*log);
  edges_.witness.opened(*log_);
  auto folded = cli::fold_history(*log_);
  if (!folded) return edges_.witness.could_not_open(folded.error());
  edges_.witness.folded(folded->model);
  clock_ = std::make_unique<adapters::Clock>(folded->model.now, edges_.read_clocks);
  control_ = std::make_unique<cli::ControlPlane>(control_edges(), std::move(*folded));
  for (const char* name : {"kubernetes", "aws", "gcp"}) {
    clouds_.push_back(std::make_unique<CloudAdapter>(
        process_, edges_.clouds, edges_.witness, name, edges_.mutations,
        [this](core::InputBody body) { control_->controller().submit(std::move(body)); }));
    control_->add_cloud(*clouds_.back(), true);
  }
  control_->start([this] { is_open_ = true; });
}

void DaemonProcess::hear(const std::string& cloud, const core::InstanceChanged& news) {
  for (const auto& adapter : clouds_)
    if (adapter->name() == cloud) adapter->hear(news);
}

void DaemonProcess::compare() {
  if (control_ && control_->backlog() == 0) edges_.witness.shown(control_->controller().model());
}

}  // namespace sky::sim
