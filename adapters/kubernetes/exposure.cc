#include "adapters/kubernetes/exposure.h"

#include <utility>

#include "adapters/json.h"
#include "adapters/kubernetes/pod_maker.h"

namespace sky::adapters::kubernetes {
namespace {

using core::Failure;
using core::FailureKind;
using core::FailureScope;

constexpr core::Duration ask_every = core::seconds(1);
constexpr int most_asks = 300;  // clouds take 30 to 120 s for a load balancer

struct Finding : std::enable_shared_from_this<Finding> {
  ApiClient& client;
  const Pod pod;
  const std::uint16_t port;
  const Expose expose;
  const std::string node_address;
  AddressDone done;
  Timer timer;
  int asks = 0;

  Finding(Reactor& loop, ApiClient& to, Pod of, std::uint16_t at, Expose how, std::string node,
          AddressDone then)
      : client(to),
        pod(std::move(of)),
        port(at),
        expose(how),
        node_address(std::move(node)),
        done(std::move(then)),
        timer(loop) {}

  std::string path() const { return namespaced(client, "services") + "/" + pod.name; }

  void make() {
    client.apply(path(), service_json(pod, port, expose),
                 [weak = weak_from_this()](ApiAnswer answer) {
                   if (const auto self = weak.lock()) self->take(std::move(answer));
                 });
  }

  void take(ApiAnswer answer) {
    if (answer.failure) return done(std::move(*answer.failure));
    const auto document = parse_json(answer.body);
    const JsonValue nothing;
    const JsonView service(document ? *document : nothing);
    if (expose == Expose::node_port) return take_node_port(service);
    const JsonView entry = service.at("status").at("loadBalancer").at("ingress").at(0);
    const std::string ip = entry.at("ip").text_or("");
    const std::string host = ip.empty() ? entry.at("hostname").text_or("") : ip;
    if (!host.empty()) return done(ReplicaAddress{host, port});
    if (++asks >= most_asks)
      return done(Failure{FailureKind::quota, FailureScope::region,
                          "the cluster gave the replica's load balancer no address within five "
                          "minutes; `skyctl: {kubernetes: {expose: ...}}` knows other ways",
                          core::Duration{0}});
    timer.start(ask_every, [this] { ask(); });
  }

  void ask() {
    client.send({.path = path()}, [weak = weak_from_this()](ApiAnswer answer) {
      if (const auto self = weak.lock()) self->take(std::move(answer));
    });
  }

  void take_node_port(const JsonView& service) {
    const auto number = service.at("spec").at("ports").at(0).at("nodePort").integer_or(0);
    const std::string host = node_address.empty() ? pod.host_ip : node_address;
    if (number > 0 && !host.empty())
      return done(ReplicaAddress{host, static_cast<std::uint16_t>(number)});
    done(Failure{FailureKind::unsupported, FailureScope::region,
                 "the cluster gave no node port, or its node has no address", core::Duration{0}});
  }
};

}  // namespace

Expose chosen_expose(Expose wanted, bool in_cluster) {
  if (wanted != Expose::automatic) return wanted;
  return in_cluster ? Expose::pod_ip : Expose::load_balancer;
}

std::shared_ptr<void> find_address(Reactor& reactor, ApiClient& client, const Pod& pod,
                                   std::uint16_t port, Expose expose,
                                   const std::string& node_address, AddressDone done) {
  auto finding =
      std::make_shared<Finding>(reactor, client, pod, port, expose, node_address, std::move(done));
  if (expose == Expose::pod_ip)
    finding->timer.start(core::Duration{0}, [one = finding.get()] {
      one->done(ReplicaAddress{one->pod.ip, one->port});
    });
  else
    finding->make();
  return finding;
}

}  // namespace sky::adapters::kubernetes
