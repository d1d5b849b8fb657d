// A Kubernetes cluster as a cloud: replicas are bare pods, one each, that we made and follow.
//
// One watch on our pods (and one on nodes, where we may) tells everything; a watch that breaks
// says nothing about any replica. The same launch token is the same pod name. What was reported
// may be reported again after a restart and after each answer to a launch. Loop thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/cloud.h"
#include "adapters/kubernetes/api_client.h"
#include "adapters/kubernetes/exposure.h"
#include "adapters/kubernetes/pod.h"
#include "adapters/kubernetes/pod_fate.h"
#include "adapters/kubernetes/settings.h"
#include "adapters/kubernetes/watch.h"
#include "adapters/reactor.h"

namespace sky::adapters::kubernetes {

struct CloudEdges {
  Reactor& reactor;
  HttpSender& http;
  core::LogId log_id;
  Settings settings;
  KubeEnvironment environment;
  OnChange on_change;
};

class KubernetesCloud final : public RealCloud {
 public:
  // `edges` outlive it. Reports through on_change, never from inside a call.
  KubernetesCloud(CloudEdges edges, Access access);
  ~KubernetesCloud() override;

  std::string name() const override { return "kubernetes"; }
  void launch(const core::LaunchInstance& order, const Secrets& secrets, LaunchDone done) override;
  void terminate(const core::TerminateInstance& order, TerminateDone done) override;
  void terminate_orphan(const core::TerminateOrphan& order, TerminateDone done) override;
  void list(ListDone done) override;
  void offers(OffersDone done) override;
  void check(CheckDone done) override;
  void output(const OutputWanted& wanted, OutputDone done) override;

 private:
  struct Tracked;  // a pod, who waits for it, and what was reported of it

  core::Place place() const { return {name(), client_.access().context, ""}; }
  void start_watches();
  void on_pod(const JsonView& object);
  void on_pod_gone(const std::string& pod);
  void on_node(const JsonView& object);
  void take(Pod pod);
  const Node* node_of(const Pod& pod) const;

  void evaluate(const std::string& pod);
  void follow_launch(const std::string& pod, const Fate& fate);
  void wait_for_node(const std::string& pod, const Fate& fate);
  void look_for_hints(const std::string& pod);
  void take_hints(const std::string& pod, const ApiAnswer& answer);
  void expose(const std::string& pod);
  void launch_succeeded(const std::string& pod, const ReplicaAddress& address);
  void launch_failed(const std::string& pod, core::Failure failure);
  void report(Tracked& tracked, const Fate& fate);
  void tell(const Tracked& tracked, core::InstanceChange change, const Fate& fate);

  void end_pod(const std::string& pod, std::int64_t grace_seconds);
  void look_after_end(const std::string& pod);
  void pod_ended(const std::string& pod);
  void sweep_anchor(const core::ServiceName& service);
  Tracked& tracked_of(const std::string& pod);

  CloudEdges edges_;
  ApiClient client_;
  std::map<std::string, std::unique_ptr<Tracked>> pods_;  // by name
  std::map<std::string, Node> nodes_;
  std::optional<Watch> pod_watch_;
  std::optional<Watch> node_watch_;
  bool nodes_forbidden_ = false;
  std::shared_ptr<bool> is_alive_;
};

}  // namespace sky::adapters::kubernetes
