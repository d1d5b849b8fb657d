#include "adapters/kubernetes/kubernetes_cloud.h"

#include <utility>

#include "adapters/json.h"
#include "adapters/kubernetes/node_offers.h"
#include "adapters/kubernetes/pod_maker.h"
#include "adapters/kubernetes/tracked_pod.h"
#include "adapters/percent_code.h"

namespace sky::adapters::kubernetes {
namespace {

using core::Failure;
using core::InstanceChange;

std::string ours(const core::LogId& log_id) {
  return percent_encoded(std::string(label_log) + "=" + log_id);
}

// "default/web-1-1-0a1b2c3d"
std::string id_of(const Pod& pod) { return pod.name_space + "/" + pod.name; }

}  // namespace

KubernetesCloud::KubernetesCloud(CloudEdges edges, Access access)
    : edges_(std::move(edges)),
      client_(edges_.reactor, edges_.http, access,
              [environment = edges_.environment, context = edges_.settings.context] {
                return find_access(environment, context);
              }),
      is_alive_(std::make_shared<bool>(true)) {}

KubernetesCloud::~KubernetesCloud() { *is_alive_ = false; }

KubernetesCloud::Tracked& KubernetesCloud::tracked_of(const std::string& pod) {
  auto& tracked = pods_[pod];
  if (!tracked) tracked = std::make_unique<Tracked>(edges_.reactor);
  return *tracked;
}

// ---- what the cluster tells

void KubernetesCloud::start_watches() {
  if (pod_watch_) return;
  pod_watch_.emplace(edges_.reactor, client_,
                     ListQuery{namespaced(client_, "pods"), ours(edges_.log_id)},
                     Watch::Told{[this](const JsonView& object) { on_pod(object); },
                                 [this](const std::string& pod) { on_pod_gone(pod); }, [] {},
                                 [](const Failure&) {}});
  pod_watch_->start();
  node_watch_.emplace(edges_.reactor, client_, ListQuery{"/api/v1/nodes", {}},
                      Watch::Told{[this](const JsonView& object) { on_node(object); },
                                  [this](const std::string& node) { nodes_.erase(node); }, [] {},
                                  [this](const Failure& failure) {
                                    nodes_forbidden_ = failure.kind == core::FailureKind::forbidden;
                                  }});
  node_watch_->start();
}

void KubernetesCloud::on_pod(const JsonView& object) {
  auto pod = read_pod(object);
  if (pod) take(std::move(*pod));
}

void KubernetesCloud::take(Pod pod) {
  const std::string name = pod.name;
  Tracked& tracked = tracked_of(name);
  // The answer to a delete or an apply may be older than what the watch showed: of one that goes
  // away nothing newer is to be heard.
  tracked.pod = std::move(pod);
  tracked.is_made = true;
  evaluate(name);
}

void KubernetesCloud::on_pod_gone(const std::string& pod) { pod_ended(pod); }

void KubernetesCloud::on_node(const JsonView& object) {
  auto node = read_node(object);
  if (!node) return;
  const auto before = nodes_.find(node->name);
  // Heartbeats change a node every few seconds; what we look at seldom changes.
  node->version.clear();
  if (before != nodes_.end() && before->second == *node) return;
  const std::string name = node->name;
  nodes_[name] = std::move(*node);
  std::vector<std::string> there;
  for (const auto& [pod, tracked] : pods_)
    if (tracked->pod.node == name) there.push_back(pod);
  for (const std::string& pod : there) evaluate(pod);
}

const Node* KubernetesCloud::node_of(const Pod& pod) const {
  const auto found = nodes_.find(pod.node);
  return found == nodes_.end() ? nullptr : &found->second;
}

void KubernetesCloud::tell(const Tracked& tracked, InstanceChange change, const Fate& fate) {
  const Pod& pod = tracked.pod;
  edges_.reactor.post([this, alive = is_alive_,
                       told = core::InstanceChanged{pod.service, pod.replica, pod.attempt, change,
                                                    fate.left, fate.text}] {
    if (*alive) edges_.on_change(told);
  });
}

// What the fold knows already it ignores; what is no news is not told.
void KubernetesCloud::report(Tracked& tracked, const Fate& fate) {
  if (tracked.is_asked_to_end || (tracked.told && tracked.told->kind == fate.kind)) return;
  tracked.told = fate;
  switch (fate.kind) {
    case FateKind::waiting:
    case FateKind::unschedulable: return;
    case FateKind::running: return tell(tracked, InstanceChange::started, fate);
    case FateKind::silent: return tell(tracked, InstanceChange::suspected, fate);
    case FateKind::noticed: return tell(tracked, InstanceChange::noticed, fate);
    case FateKind::preempted: tell(tracked, InstanceChange::preempted, fate); break;
    case FateKind::lost:
    case FateKind::misfit: tell(tracked, InstanceChange::lost, fate); break;
    case FateKind::crashing:
    case FateKind::broken_image:
    case FateKind::broken_spec: tell(tracked, InstanceChange::user_code_ended, fate); return;
  }
  end_pod(tracked.pod.name, 0);  // a pod that has failed stays in the books until it is deleted
}

// ---- what is held and sold

void KubernetesCloud::list(ListDone done) {
  list_all(client_, {namespaced(client_, "pods"), ours(edges_.log_id)},
           [this, alive = is_alive_, done = std::move(done)](Listed listed) {
             if (!*alive) return;
             if (listed.failure) return done(std::move(*listed.failure));
             std::vector<core::ListedInstance> found;
             for (const JsonValue& item : listed.items)
               if (const auto pod = read_pod(JsonView(item)))
                 found.push_back({id_of(*pod), place(), pod->service, pod->replica, pod->attempt});
             if (!found.empty()) start_watches();
             done(std::move(found));
           });
}

void KubernetesCloud::offers(OffersDone done) {
  list_all(client_, {"/api/v1/nodes", {}},
           [this, alive = is_alive_, done = std::move(done)](Listed listed) {
             if (!*alive) return;
             if (listed.failure) return done(std::move(*listed.failure));
             std::vector<Node> nodes;
             for (const JsonValue& item : listed.items)
               if (auto node = read_node(JsonView(item))) nodes.push_back(std::move(*node));
             done(node_offers(client_.access().context, nodes));
           });
}

}  // namespace sky::adapters::kubernetes
