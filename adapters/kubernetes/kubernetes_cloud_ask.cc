// Questions of a person: is it set up right, and what does a replica print?

#include <algorithm>
#include <utility>

#include "adapters/json.h"
#include "adapters/kubernetes/kubernetes_cloud.h"
#include "adapters/kubernetes/node_offers.h"
#include "adapters/kubernetes/permissions.h"
#include "adapters/kubernetes/pod_maker.h"
#include "adapters/kubernetes/stamped_lines.h"
#include "adapters/kubernetes/tracked_pod.h"
#include "adapters/percent_code.h"

namespace sky::adapters::kubernetes {
namespace {

using Grade = Finding::Grade;

constexpr std::size_t longest_output = std::size_t{4} << 20;

struct Review {
  std::vector<Permission> missing;
  std::size_t open = 0;
  std::vector<Finding> findings;
  CheckDone done;
};

const char* who_am_i =
    "- {apiGroup: rbac.authorization.k8s.io, kind: User, name: WHOEVER-THE-KUBECONFIG-NAMES}\n";

void finish(Review& review, const std::string& name_space) {
  const bool is_needed = std::any_of(review.missing.begin(), review.missing.end(),
                                     [](const Permission& one) { return one.is_needed; });
  if (review.missing.empty()) {
    review.findings.push_back(
        {Grade::good, "may do all that is needed in namespace " + name_space, {}});
  } else {
    std::string text = "may not:";
    for (const Permission& one : review.missing)
      text += (&one == review.missing.data() ? " " : ", ") + one.verb + " " + one.resource;
    review.findings.push_back({is_needed ? Grade::missing : Grade::advice, text,
                               "grant it, as somebody who may (`kubectl apply -f -`):\n" +
                                   role_yaml(review.missing, name_space, who_am_i)});
  }
  review.done(std::move(review.findings));
}

void add_node_advice(const Listed& listed, std::vector<Finding>& findings) {
  if (listed.failure) return;  // the reviews say why
  std::vector<Node> nodes;
  for (const JsonValue& item : listed.items)
    if (auto node = read_node(JsonView(item))) nodes.push_back(std::move(*node));
  const auto unnamed = unnamed_accelerators(nodes);
  findings.push_back({nodes.empty() ? Grade::advice : Grade::good,
                      std::to_string(nodes.size()) + " node(s)" +
                          (nodes.empty() ? ": nothing can be offered before there is one" : ""),
                      {}});
  if (unnamed.empty()) return;
  std::string text = "accelerators that no label names, so they cannot be offered:";
  for (const std::string& name : unnamed) text += " " + name;
  findings.push_back({Grade::advice, text,
                      "kubectl label node " + unnamed.front() + " skypilot.co/accelerator=t4"});
}

}  // namespace

void KubernetesCloud::check(CheckDone done) {
  const auto review = std::make_shared<Review>();
  review->done = std::move(done);
  client_.send({.path = "/version"}, [this, alive = is_alive_, review](const ApiAnswer& answer) {
    if (!*alive) return;
    const Access& access = client_.access();
    const std::string where = "context " + access.context + ", " + access.cluster.server;
    if (answer.failure) {
      review->findings.push_back({Grade::missing, where + ": " + answer.failure->text,
                                  "kubectl --context " + access.context + " version"});
      return review->done(std::move(review->findings));
    }
    const auto document = parse_json(answer.body);
    const std::string version =
        document ? JsonView(*document).at("gitVersion").text_or("") : std::string();
    review->findings.push_back({Grade::good, where + ": version " + version, {}});
    if (edges_.settings.controller_in_cluster && !is_in_cluster(edges_.environment))
      review->findings.push_back(
          {Grade::advice, "config.yaml wants the control plane in the cluster; this one is not",
           "skyctl daemon manifest | kubectl apply -f -"});
    list_all(client_, {"/api/v1/nodes", {}}, [this, alive, review](const Listed& listed) {
      if (!*alive) return;
      add_node_advice(listed, review->findings);
      const bool with_services = chosen_expose(edges_.settings.expose,
                                               is_in_cluster(edges_.environment)) != Expose::pod_ip;
      const auto wanted = permissions(with_services);
      review->open = wanted.size();
      for (const Permission& one : wanted)
        client_.send({.method = "POST",
                      .path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                      .body = access_review_json(one, client_.access().name_space)},
                     [this, alive, review, one](const ApiAnswer& verdict) {
                       if (!*alive) return;
                       const auto text = parse_json(verdict.body);
                       const bool is_allowed =
                           !verdict.failure && text &&
                           JsonView(*text).at("status").at("allowed").boolean_or(false);
                       if (!is_allowed) review->missing.push_back(one);
                       if (--review->open == 0) finish(*review, client_.access().name_space);
                     });
    });
  });
}

void KubernetesCloud::output(const OutputWanted& wanted, OutputDone done) {
  const std::string pod = pod_name(wanted.service, wanted.replica, wanted.attempt, wanted.token);
  std::string path = namespaced(client_, "pods") + "/" + pod + "/log?container=" + main_container +
                     "&timestamps=true&limitBytes=" + std::to_string(longest_output);
  if (!wanted.cursor.empty())
    path += "&sinceTime=" + percent_encoded(wanted.cursor);
  else if (wanted.tail_lines > 0)
    path += "&tailLines=" + std::to_string(wanted.tail_lines);
  client_.send({.path = path}, [alive = is_alive_, cursor = wanted.cursor,
                                done = std::move(done)](const ApiAnswer& answer) {
    if (!*alive) return;
    if (answer.failure) return done(*answer.failure);
    done(lines_after(answer.body, cursor));
  });
}

}  // namespace sky::adapters::kubernetes
