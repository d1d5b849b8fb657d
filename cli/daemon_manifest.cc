#include "cli/daemon_manifest.h"

#include <fmt/format.h>

#include <sstream>

#include "adapters/kubernetes/permissions.h"
#include "projections/ingest.h"

namespace sky::cli {
namespace {

constexpr const char* stateful_set = R"(apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: skyctl, namespace: {space}, labels: {{app: skyctl}}}}
spec:
  serviceName: skyctl-pod
  replicas: 1                       # one writer; the log is its alone
  selector: {{matchLabels: {{app: skyctl}}}}
  template:
    metadata: {{labels: {{app: skyctl}}}}
    spec:
      serviceAccountName: skyctl
      terminationGracePeriodSeconds: 30
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        runAsGroup: 10001
        fsGroup: 10001
        seccompProfile: {{type: RuntimeDefault}}
      containers:
      - name: skyctl
        image: {image}
        args: [daemon, --bind, 0.0.0.0]
        env:
        - {{name: SKYCTL_HOME, value: /data}}
        - {{name: HOME, value: /tmp}}
        ports:
{ports}        resources:
          requests: {{cpu: 500m, memory: 512Mi}}
          limits: {{memory: 2Gi}}
        securityContext:
          allowPrivilegeEscalation: false
          readOnlyRootFilesystem: true
          capabilities: {{drop: [ALL]}}
        readinessProbe:
          exec: {{command: [curl, -sf, --unix-socket, /data/api.sock, "http://daemon/v1/health"]}}
          periodSeconds: 5
          timeoutSeconds: 3
        livenessProbe:
          exec: {{command: [curl, -sf, --unix-socket, /data/api.sock, "http://daemon/v1/health"]}}
          initialDelaySeconds: 60
          periodSeconds: 20
          timeoutSeconds: 5
          failureThreshold: 6
        volumeMounts:
        - {{name: data, mountPath: /data}}
        - {{name: scratch, mountPath: /tmp}}
{config_mount}      volumes:
      - {{name: scratch, emptyDir: {{}}}}
{config_volume}  volumeClaimTemplates:
  - metadata: {{name: data}}
    spec:
      accessModes: [ReadWriteOnce]
      resources: {{requests: {{storage: {storage}}}}}
)";

std::string account(const ManifestOptions& options) {
  const std::string subject =
      "- {kind: ServiceAccount, name: skyctl, namespace: " + options.name_space + "}\n";
  return fmt::format(
             "apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: skyctl, namespace: "
             "{}}}\n---\n",
             options.name_space) +
         adapters::kubernetes::role_yaml(adapters::kubernetes::permissions(true),
                                         options.name_space, subject);
}

std::string ports(const ManifestOptions& options, const char* key, std::size_t indent) {
  std::string text;
  for (std::uint16_t i = 0; i < options.endpoints; ++i) {
    const int port = projections::first_port + i;
    text += fmt::format("{}- {{name: service-{}, {}: {}}}\n", std::string(indent, ' '), i + 1, key,
                        port);
  }
  return text;
}

std::string services(const ManifestOptions& options) {
  return fmt::format(
      "apiVersion: v1\nkind: Service\nmetadata: {{name: skyctl-pod, namespace: {0}}}\n"
      "spec: {{clusterIP: None, selector: {{app: skyctl}}, ports: [{{name: service-1, port: "
      "{3}}}]}}\n"
      "---\napiVersion: v1\nkind: Service\nmetadata: {{name: skyctl, namespace: {0}}}\n"
      "spec:\n  type: {1}\n  selector: {{app: skyctl}}\n  ports:\n{2}",
      options.name_space, options.service_type, ports(options, "port", 2), projections::first_port);
}

std::string config_map(const ManifestOptions& options) {
  std::string text = fmt::format(
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: skyctl-config, namespace: {}}}\ndata:\n"
      "  config.yaml: |\n",
      options.name_space);
  std::istringstream lines(options.config);
  for (std::string line; std::getline(lines, line);) text += "    " + line + '\n';
  return text + "---\n";
}

}  // namespace

std::string daemon_manifest(const ManifestOptions& options) {
  const bool has_config = !options.config.empty();
  std::string text =
      "# skyctl's control plane in a cluster: `skyctl daemon manifest | kubectl apply -f -`, then\n"
      "# `kubectl exec -it skyctl-0 -- skyctl status`, `kubectl cp FILE skyctl-0:/tmp/` and so "
      "on.\n";
  text += account(options) + "---\n";
  if (has_config) text += config_map(options);
  text += services(options) + "---\n";
  std::string set = fmt::format(
      stateful_set, fmt::arg("space", options.name_space), fmt::arg("image", options.image),
      fmt::arg("storage", options.storage), fmt::arg("ports", ports(options, "containerPort", 8)),
      fmt::arg("config_mount",
               has_config ? "        - {name: config, mountPath: /data/config.yaml, subPath: "
                            "config.yaml, readOnly: true}\n"
                          : ""),
      fmt::arg("config_volume",
               has_config ? "      - {name: config, configMap: {name: skyctl-config}}\n" : ""));
  return text + set;
}

}  // namespace sky::cli
