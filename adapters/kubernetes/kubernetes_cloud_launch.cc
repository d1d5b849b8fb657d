// Launches: from the order to a running pod with an address, or to a verdict and no pod.

#include <utility>

#include "adapters/json.h"
#include "adapters/kubernetes/kubernetes_cloud.h"
#include "adapters/kubernetes/pod_maker.h"
#include "adapters/kubernetes/tracked_pod.h"
#include "adapters/percent_code.h"

namespace sky::adapters::kubernetes {

using core::Failure;
using core::FailureKind;

void KubernetesCloud::launch(const core::LaunchInstance& order, const Secrets& secrets,
                             LaunchDone done) {
  start_watches();
  const std::string pod = pod_name(order.service, order.replica, order.attempt, order.token);
  Tracked& tracked = tracked_of(pod);
  tracked.expect(order.service, order.replica, order.attempt);
  tracked.launching = std::move(done);
  tracked.port = order.spec.resources.port;
  tracked.told.reset();
  // Which labels mean the accelerator the nodes tell; without leave to look the usual ones serve.
  std::vector<Node> nodes;
  for (const auto& [name, node] : nodes_) nodes.push_back(node);
  const auto make = [this, alive = is_alive_, pod, order, secrets](std::vector<Node> known) {
    make_pod(client_, edges_.settings, edges_.log_id, order, secrets, known,
             [this, alive, pod](std::variant<Pod, Failure> made) {
               if (!*alive || !pods_.contains(pod)) return;
               Tracked& one = *pods_.at(pod);
               if (auto* made_pod = std::get_if<Pod>(&made)) {
                 // The watch may have told more by now.
                 if (!one.is_made || one.pod.uid != made_pod->uid) return take(*made_pod);
                 return evaluate(pod);
               }
               if (!one.launching) return;
               const LaunchDone answer = std::exchange(one.launching, nullptr);
               if (!one.is_made && one.ending.empty()) pods_.erase(pod);
               answer(std::get<Failure>(std::move(made)));
             });
  };
  if (!nodes.empty() || nodes_forbidden_) return make(std::move(nodes));
  list_all(client_, {"/api/v1/nodes", {}}, [alive = is_alive_, make](const Listed& listed) {
    if (!*alive) return;
    std::vector<Node> found;
    for (const JsonValue& item : listed.items)
      if (auto node = read_node(JsonView(item))) found.push_back(std::move(*node));
    make(std::move(found));
  });
}

void KubernetesCloud::evaluate(const std::string& pod) {
  const auto found = pods_.find(pod);
  if (found == pods_.end() || !found->second->is_made) return;
  Tracked& tracked = *found->second;
  const Fate fate = judge_pod(tracked.pod, node_of(tracked.pod));
  if (tracked.doubted != fate.kind) {
    tracked.doubted.reset();
    tracked.is_believed = false;
    tracked.patience.stop();
  }
  if (fate.patience > core::Duration{0} && !tracked.is_believed) {
    if (!std::exchange(tracked.doubted, fate.kind))
      tracked.patience.start(fate.patience, [this, pod] {
        pods_.at(pod)->is_believed = true;
        evaluate(pod);
      });
    return;
  }
  if (tracked.launching) return follow_launch(pod, fate);
  report(tracked, fate);
}

void KubernetesCloud::follow_launch(const std::string& pod, const Fate& fate) {
  Tracked& tracked = *pods_.at(pod);
  if (tracked.verdict || tracked.is_asked_to_end) return;
  switch (fate.kind) {
    case FateKind::waiting:
    case FateKind::silent: return;
    case FateKind::running: return expose(pod);
    case FateKind::unschedulable: return wait_for_node(pod, fate);
    default: return launch_failed(pod, launch_failure(fate));
  }
}

// Nobody adds nodes: the next offer is tried at once. Otherwise it is a matter of what the
// autoscaler says of this very pod.
void KubernetesCloud::wait_for_node(const std::string& pod, const Fate& fate) {
  const Failure verdict = launch_failure(fate);
  if (edges_.settings.autoscaler == Autoscaler::none || verdict.kind == FailureKind::invalid)
    return launch_failed(pod, verdict);
  Tracked& tracked = *pods_.at(pod);
  if (!tracked.look.is_active())
    tracked.look.start(look_every, [this, pod] { look_for_hints(pod); });
}

void KubernetesCloud::look_for_hints(const std::string& pod) {
  Tracked& tracked = *pods_.at(pod);
  tracked.waited += look_every;
  const std::string selector =
      percent_encoded("involvedObject.kind=Pod,involvedObject.name=" + pod);
  client_.send({.path = namespaced(client_, "events") + "?fieldSelector=" + selector},
               [this, alive = is_alive_, pod](const ApiAnswer& answer) {
                 if (*alive && pods_.contains(pod)) take_hints(pod, answer);
               });
}

void KubernetesCloud::take_hints(const std::string& pod, const ApiAnswer& answer) {
  Tracked& tracked = *pods_.at(pod);
  const Fate fate = judge_pod(tracked.pod, node_of(tracked.pod));
  if (!tracked.launching || tracked.verdict || fate.kind != FateKind::unschedulable) return;
  Failure verdict = launch_failure(fate);
  verdict.kind = FailureKind::capacity;  // an autoscaler may bring such a node another time
  if (const auto document = parse_json(answer.body); document && !answer.failure) {
    const JsonView items = JsonView(*document).at("items");
    for (std::size_t i = 0; i < items.size(); ++i) {
      const JsonView event = items.at(i);
      const std::string component = event.at("source").at("component").text_or("") +
                                    event.at("reportingComponent").text_or("");
      const ScaleHint hint = scale_hint(event.at("reason").text_or(""), component);
      if (hint == ScaleHint::none) continue;
      tracked.hint = hint;
      if (hint == ScaleHint::refused)
        verdict.text += "; the autoscaler: " + event.at("message").text_or("");
    }
  }
  const core::Duration patience =
      tracked.hint == ScaleHint::coming ? edges_.settings.node_patience : hint_patience;
  if (tracked.hint == ScaleHint::refused || tracked.waited >= patience)
    return launch_failed(pod, verdict);
  tracked.look.start(look_every, [this, pod] { look_for_hints(pod); });
}

void KubernetesCloud::expose(const std::string& pod) {
  Tracked& tracked = *pods_.at(pod);
  if (std::exchange(tracked.is_exposing, true)) return;
  const Node* node = node_of(tracked.pod);
  tracked.address = find_address(
      edges_.reactor, client_, tracked.pod, tracked.port,
      chosen_expose(edges_.settings.expose, is_in_cluster(edges_.environment)),
      node != nullptr ? node->address : std::string(), [this, alive = is_alive_, pod](auto found) {
        if (!*alive || !pods_.contains(pod) || !pods_.at(pod)->launching) return;
        if (const auto* address = std::get_if<ReplicaAddress>(&found))
          launch_succeeded(pod, *address);
        else
          launch_failed(pod, std::get<Failure>(std::move(found)));
      });
}

void KubernetesCloud::launch_succeeded(const std::string& pod, const ReplicaAddress& address) {
  Tracked& tracked = *pods_.at(pod);
  const LaunchDone answer = std::exchange(tracked.launching, nullptr);
  tracked.is_exposing = false;
  answer(core::ProvisionSucceeded{tracked.pod.attempt,
                                  tracked.pod.name_space + "/" + tracked.pod.name, address.host,
                                  address.port});
  evaluate(pod);
}

// The pod must be gone before the next offer is tried: it might find its node after all.
void KubernetesCloud::launch_failed(const std::string& pod, Failure failure) {
  Tracked& tracked = *pods_.at(pod);
  tracked.verdict = std::move(failure);
  tracked.look.stop();
  client_.send({.method = "DELETE",
                .path = namespaced(client_, "pods") + "/" + pod,
                .body = R"({"gracePeriodSeconds":0})"},
               [this, alive = is_alive_, pod](const ApiAnswer& answer) {
                 if (!*alive || !pods_.contains(pod) || !pods_.at(pod)->launching) return;
                 Tracked& one = *pods_.at(pod);
                 const LaunchDone done = std::exchange(one.launching, nullptr);
                 Failure verdict = *std::exchange(one.verdict, std::nullopt);
                 if (!answer.failure || answer.failure->kind == FailureKind::not_found) {
                   one.is_asked_to_end = true;
                   if (answer.failure) pods_.erase(pod);
                   return done(verdict);
                 }
                 // It may still be there: the same launch is asked again, and ends it then.
                 verdict.kind = FailureKind::indeterminate;
                 verdict.text += "; and its pod could not be deleted: " + answer.failure->text;
                 done(verdict);
               });
}

}  // namespace sky::adapters::kubernetes
