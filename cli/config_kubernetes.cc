#include "cli/config_kubernetes.h"

#include <fmt/format.h>

#include "cli/moment.h"

namespace sky::cli {
namespace {

using adapters::Field;
using adapters::MapReader;
using adapters::kubernetes::Autoscaler;
using adapters::kubernetes::Expose;
using adapters::kubernetes::Settings;

// A key of SkyPilot's map, without judging its neighbours.
std::optional<Field> member(const Field& map, const char* key) {
  if (map.node->kind != adapters::YamlNode::Kind::map) {
    map.wrong("must be a map");
    return {};
  }
  const adapters::YamlNode* node = map.node->find(key);
  if (node == nullptr || node->kind == adapters::YamlNode::Kind::null) return {};
  return Field{node, node->line, map.path.empty() ? key : map.path + "." + key, map.problems};
}

// SkyPilot uploads a kubeconfig where it has none of these; nothing of ours ever enters a pod.
void read_remote_identity(const Field& field, Settings& settings) {
  if (field.node->kind == adapters::YamlNode::Kind::map || field.node->items.size() > 0)
    return field.unsupported("one identity per context is not supported; name one for all");
  const auto text = field.text();
  if (!text) return;
  const std::string word = adapters::to_upper(*text);
  if (word == "LOCAL_CREDENTIALS")
    return field.unsupported(
        "no credential of yours is ever put into a pod; SERVICE_ACCOUNT, NO_UPLOAD, or the name of "
        "a service account for replicas");
  settings.service_account = word == "SERVICE_ACCOUNT" || word == "NO_UPLOAD" ? "" : *text;
}

void read_autoscaler(const Field& field, Settings& settings) {
  constexpr Autoscaler kinds[] = {Autoscaler::cluster_autoscaler, Autoscaler::karpenter,
                                  Autoscaler::cluster_autoscaler};
  if (const auto word = adapters::choose(field, {"gke", "karpenter", "generic"}))
    settings.autoscaler = kinds[*word];
}

void read_ports(const Field& field, Settings& settings) {
  const auto word = adapters::choose(field, {"loadbalancer", "podip", "ingress"});
  if (!word) return;
  if (*word == 2)
    return field.unsupported(
        "replicas behind one ingress are not supported; loadbalancer or podip");
  settings.expose = *word == 0 ? Expose::load_balancer : Expose::pod_ip;
}

void read_contexts(const Field& field, Settings& settings) {
  const auto& items = field.node->items;
  if (field.node->kind != adapters::YamlNode::Kind::list || items.size() > 1)
    return field.unsupported("must be a list of one context: one cluster is used at a time");
  if (!items.empty()) settings.context = items.front().text;
}

void read_patience(const Field& field, Settings& settings) {
  const auto text = field.text();
  if (!text) return;
  const auto span = parse_span(*text);
  if (!span || *span < core::seconds(1) || *span > core::seconds(86'400))
    return field.wrong(fmt::format("must be from 1s to 1d, like 15m, is `{}`", *text));
  settings.node_patience = *span;
}

}  // namespace

void read_skypilot_kubernetes(const Field& field, Settings& settings) {
  if (const auto value = member(field, "remote_identity")) read_remote_identity(*value, settings);
  if (const auto value = member(field, "autoscaler")) read_autoscaler(*value, settings);
  if (const auto value = member(field, "ports")) read_ports(*value, settings);
  if (const auto value = member(field, "allowed_contexts")) read_contexts(*value, settings);
}

void read_skypilot_serve(const Field& field, Settings& settings) {
  const auto controller = member(field, "controller");
  const auto resources = controller ? member(*controller, "resources") : std::nullopt;
  const auto cloud = resources ? member(*resources, "cloud") : std::nullopt;
  const auto name = cloud ? cloud->text() : std::nullopt;
  if (!name) return;
  if (adapters::to_lower(*name) != "kubernetes")
    return cloud->unsupported(
        "the control plane runs where `skyctl` is typed, or in a cluster: kubernetes");
  settings.controller_in_cluster = true;
}

void read_our_kubernetes(const Field& field, Settings& settings) {
  MapReader map(field);
  if (const auto value = map.value("context"))
    if (const auto text = value->text()) settings.context = *text;
  if (const auto value = map.value("expose")) {
    constexpr Expose ways[] = {Expose::automatic, Expose::pod_ip, Expose::node_port,
                               Expose::load_balancer};
    if (const auto word = adapters::choose(*value, {"auto", "podip", "nodeport", "loadbalancer"}))
      settings.expose = ways[*word];
  }
  if (const auto value = map.value("image"))
    if (const auto text = value->text()) settings.image = *text;
  if (const auto value = map.value("node_patience")) read_patience(*value, settings);
  map.finish();
}

}  // namespace sky::cli
