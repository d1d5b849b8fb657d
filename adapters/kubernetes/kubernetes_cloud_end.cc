// Ends: a pod is reported gone only when the API does not show it any more.

#include <algorithm>
#include <utility>

#include "adapters/json.h"
#include "adapters/kubernetes/kubernetes_cloud.h"
#include "adapters/kubernetes/pod_maker.h"
#include "adapters/kubernetes/tracked_pod.h"

namespace sky::adapters::kubernetes {

using core::Failure;
using core::FailureKind;
using core::FailureScope;

void KubernetesCloud::terminate(const core::TerminateInstance& order, TerminateDone done) {
  start_watches();
  const std::string pod = pod_name(order.service, order.replica, order.attempt, order.token);
  Tracked& tracked = tracked_of(pod);
  tracked.expect(order.service, order.replica, order.attempt);
  tracked.ending.push_back(std::move(done));
  if (std::exchange(tracked.is_asked_to_end, true) && tracked.ending.size() > 1) return;
  tracked.ended_for = core::Duration{0};
  end_pod(pod, our_grace_seconds);
}

void KubernetesCloud::terminate_orphan(const core::TerminateOrphan& order, TerminateDone done) {
  const std::size_t slash = order.instance_id.find('/');
  const std::string pod = order.instance_id.substr(slash == std::string::npos ? 0 : slash + 1);
  if (order.place.region != client_.access().context ||
      !order.instance_id.starts_with(client_.access().name_space + "/"))
    return edges_.reactor.post([done = std::move(done), order] {
      done(Failure{FailureKind::unsupported, FailureScope::cloud,
                   order.instance_id + " is in another cluster or namespace than ours now",
                   core::Duration{0}});
    });
  Tracked& tracked = tracked_of(pod);
  tracked.ending.push_back(std::move(done));
  if (std::exchange(tracked.is_asked_to_end, true) && tracked.ending.size() > 1) return;
  end_pod(pod, our_grace_seconds);
}

// Its Service goes with it by its owner reference; where nobody collects, by our own hand.
void KubernetesCloud::end_pod(const std::string& pod, std::int64_t grace_seconds) {
  if (edges_.settings.expose != Expose::pod_ip)
    client_.send({.method = "DELETE", .path = namespaced(client_, "services") + "/" + pod},
                 [](const ApiAnswer&) {});
  client_.send({.method = "DELETE",
                .path = namespaced(client_, "pods") + "/" + pod,
                .body = "{\"gracePeriodSeconds\":" + std::to_string(grace_seconds) + "}"},
               [this, alive = is_alive_, pod](const ApiAnswer& answer) {
                 if (!*alive || !pods_.contains(pod)) return;
                 Tracked& tracked = *pods_.at(pod);
                 if (answer.failure && answer.failure->kind == FailureKind::not_found) {
                   if (!tracked.launching || tracked.is_made) return pod_ended(pod);
                   // It is being made this moment: who launches it will ask again.
                   tracked.is_asked_to_end = false;
                   for (const TerminateDone& done : std::exchange(tracked.ending, {}))
                     done(std::monostate{});
                   return;
                 }
                 if (!answer.failure) {
                   if (!tracked.ending.empty() && !tracked.look.is_active())
                     tracked.look.start(look_every, [this, pod] { look_after_end(pod); });
                   return;
                 }
                 for (const TerminateDone& done : std::exchange(tracked.ending, {}))
                   done(*answer.failure);
               });
}

// The watch usually tells first; this is for when it is broken, and for nodes that are dead.
void KubernetesCloud::look_after_end(const std::string& pod) {
  client_.send({.path = namespaced(client_, "pods") + "/" + pod},
               [this, alive = is_alive_, pod](const ApiAnswer& answer) {
                 if (!*alive || !pods_.contains(pod)) return;
                 if (answer.failure && answer.failure->kind == FailureKind::not_found)
                   return pod_ended(pod);
                 Tracked& tracked = *pods_.at(pod);
                 tracked.ended_for += look_every;
                 if (tracked.ended_for >= force_after) {
                   tracked.ended_for = core::Duration{0};
                   end_pod(pod, 0);
                 }
                 tracked.look.start(look_every, [this, pod] { look_after_end(pod); });
               });
}

void KubernetesCloud::pod_ended(const std::string& pod) {
  const auto node = pods_.extract(pod);
  if (node.empty()) return;
  Tracked& tracked = *node.mapped();
  if (const LaunchDone answer = std::exchange(tracked.launching, nullptr))
    answer(
        tracked.verdict.value_or(Failure{FailureKind::capacity, FailureScope::region,
                                         "the pod was deleted before it ran", core::Duration{0}}));
  else if (!tracked.is_asked_to_end)
    tell(tracked, core::InstanceChange::lost, {FateKind::lost, "the pod was deleted", {}, {}});
  for (const TerminateDone& done : std::exchange(tracked.ending, {})) done(std::monostate{});
  sweep_anchor(tracked.pod.service);
}

// The last pod of a service is gone: so are its secret and its workdir.
void KubernetesCloud::sweep_anchor(const core::ServiceName& service) {
  if (service.empty()) return;
  const bool is_needed = std::any_of(pods_.begin(), pods_.end(), [&](const auto& entry) {
    return entry.second->pod.service == service;
  });
  if (is_needed) return;
  client_.send(
      {.method = "DELETE",
       .path = namespaced(client_, "configmaps") + "/" + anchor_name({edges_.log_id, service}),
       .body = R"({"propagationPolicy":"Background"})"},
      [](const ApiAnswer&) {});
}

}  // namespace sky::adapters::kubernetes
