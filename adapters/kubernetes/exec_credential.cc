#include "adapters/kubernetes/exec_credential.h"

#include "adapters/digest.h"
#include "adapters/json.h"
#include "adapters/utc_time.h"

namespace sky::adapters::kubernetes {

std::string exec_info(const ExecPlugin& plugin, const KubeCluster& cluster,
                      const std::string& authority) {
  JsonWriter json;
  json.begin_object().member("apiVersion", plugin.api_version).member("kind", "ExecCredential");
  json.key("spec").begin_object().member("interactive", false);
  if (plugin.wants_cluster_info) {
    json.key("cluster").begin_object().member("server", cluster.server);
    if (!authority.empty()) json.member("certificate-authority-data", base64(authority));
    if (cluster.skip_verification) json.member("insecure-skip-tls-verify", true);
    if (!cluster.tls_server_name.empty()) json.member("tls-server-name", cluster.tls_server_name);
    if (!cluster.proxy_url.empty()) json.member("proxy-url", cluster.proxy_url);
    json.end_object();
  }
  json.end_object().end_object();
  return json.take();
}

core::Result<ExecCredential> read_exec_credential(std::string_view text, const ExecPlugin& plugin) {
  const auto wrong = [&](const std::string& what) {
    return core::Error{core::ErrorCode::invalid_input,
                       "the credential plugin " + plugin.command + " " + what};
  };
  const auto document = parse_json(text);
  if (!document) return wrong("did not print JSON");
  const JsonView root(*document);
  if (root.at("kind").text_or("") != "ExecCredential") return wrong("printed no ExecCredential");
  if (const std::string version = root.at("apiVersion").text_or(""); version != plugin.api_version)
    return wrong("answered in " + version + ", asked for was " + plugin.api_version);
  const JsonView status = root.at("status");
  ExecCredential credential{.token = status.at("token").text_or(""),
                            .certificate = status.at("clientCertificateData").text_or(""),
                            .key = status.at("clientKeyData").text_or(""),
                            .expires = {}};
  if (credential.token.empty() && (credential.certificate.empty() || credential.key.empty()))
    return wrong("gave neither a token nor a certificate with its key");
  const std::string expires = status.at("expirationTimestamp").text_or("");
  if (expires.empty()) return credential;
  credential.expires = read_iso_time(expires);
  if (!credential.expires) return wrong("gave an expirationTimestamp that is no time");
  return credential;
}

}  // namespace sky::adapters::kubernetes
