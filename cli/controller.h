// The loop around `step`: inputs in, events to the log, and effects out once they are durable.
//
// Loop thread. The model runs ahead of the disk by at most one commit; nothing of it is shown or
// acted on before the gate of the CommitQueue opens. A failed commit is fatal by design.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/effect.h"
#include "core/input.h"
#include "core/result.h"
#include "core/routing.h"
#include "core/scheduler.h"
#include "events/commit_queue.h"
#include "projections/model.h"
#include "projections/probe_targets.h"

namespace sky::cli {

// What the controller needs from the outside world.
struct ControllerEdges {
  std::function<core::Stamp()> now;
  std::function<void(const core::Effect&)> run_effect;
  std::function<void(const std::vector<projections::ProbeTarget>&)> set_probe_targets;
  std::function<void(bool)> set_balancer_needed;  // there are services with an endpoint
  std::function<void(const core::ServiceName&)> forget_service;  // it is gone: so are its secrets
};

class Controller {
 public:
  using Reply = std::function<void(core::Result<void>)>;

  // `model` is the fold of everything in the queue's log. All references outlive the controller.
  Controller(core::Scheduler& scheduler, events::CommitQueue& queue, projections::Model model,
             ControllerEdges edges);

  // Takes one observation in. `reply` is called when its events are durable, or with a rejection.
  void submit(core::InputBody body, Reply reply = {});
  // Calls back when everything the model shows now is durable: before a reply that shows it.
  void when_durable(std::function<void()> task);

  const projections::Model& model() const { return model_; }
  // The balancer's table as of the newest durable event.
  const core::RoutingSnapshot& durable_routes() const { return durable_routes_; }

 private:
  void open_gate(const std::vector<core::Event>& events, const std::vector<core::Effect>& effects);
  void follow_targets(const std::vector<core::Event>& events);
  void arm(std::optional<core::Instant> wake_at);

  events::CommitQueue& queue_;
  projections::Model model_;
  core::RoutingSnapshot durable_routes_;
  ControllerEdges edges_;
  std::unique_ptr<core::Alarm> wake_;
};

}  // namespace sky::cli
