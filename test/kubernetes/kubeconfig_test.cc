// Kubeconfig files as people have them: merged, relative, inline, and wrong.
#include "adapters/kubernetes/kubeconfig.h"

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "test/events/temporary_directory.h"

namespace sky::adapters::kubernetes {
namespace {

const char* usual = R"(apiVersion: v1
kind: Config
current-context: prod
clusters:
- name: c1
  cluster:
    server: https://10.0.0.1:6443
    certificate-authority-data: Q0EK
    tls-server-name: kube.example
    proxy-url: http://proxy:3128
users:
- name: u1
  user: {client-certificate: certs/me.crt, client-key: certs/me.key, tokenFile: /run/token, token: old,
         as: robot, as-groups: [a, b], as-uid: "7"}
- name: u2
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: ./plugin
      args: [get-token, --cluster, x]
      env: [{name: AWS_PROFILE, value: prod}]
      installHint: install it
      interactiveMode: Never
      provideClusterInfo: true
contexts:
- {name: prod, context: {cluster: c1, user: u1, namespace: serving}}
- {name: dev, context: {cluster: c1, user: u2}}
- {name: broken, context: {cluster: nowhere, user: u1}}
)";

Kubeconfig parsed(const std::string& text) {
  const auto config = parse_kubeconfig(text, "/etc/kube/me/.kube/config");
  BOOST_REQUIRE_MESSAGE(config.has_value(), (config ? "" : config.error().text));
  return *config;
}

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path) << text;
}

std::string small(const std::string& name, const std::string& server) {
  return "current-context: " + name + "\nclusters:\n- {name: c, cluster: {server: \"" + server +
         "\"}}\ncontexts:\n- {name: " + name + ", context: {cluster: c}}\n";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(kubernetes_kubeconfig)

BOOST_AUTO_TEST_CASE(everything_a_context_says_is_read_and_paths_are_beside_the_file) {
  const auto access = choose_access(parsed(usual), "");
  BOOST_REQUIRE(access);
  BOOST_TEST(access->context == "prod");
  BOOST_TEST(access->name_space == "serving");
  BOOST_TEST(access->cluster.server == "https://10.0.0.1:6443");
  BOOST_TEST(access->cluster.authority.text == "CA\n");
  BOOST_TEST(access->cluster.tls_server_name == "kube.example");
  BOOST_TEST(access->cluster.proxy_url == "http://proxy:3128");
  BOOST_TEST(access->user.certificate.file.string() == "/etc/kube/me/.kube/certs/me.crt");
  BOOST_TEST(access->user.token_file.string() == "/run/token");
  BOOST_TEST(access->user.act_as == "robot");
  BOOST_TEST(access->user.act_as_groups.size() == 2u);
  BOOST_TEST(access->user.act_as_uid == "7");
}

BOOST_AUTO_TEST_CASE(a_plugin_is_read_whole_and_its_path_is_beside_the_file) {
  const auto access = choose_access(parsed(usual), "dev");
  BOOST_REQUIRE(access);
  BOOST_TEST(access->name_space == "default");
  BOOST_REQUIRE(access->user.exec);
  const ExecPlugin& plugin = *access->user.exec;
  BOOST_TEST(plugin.command == "/etc/kube/me/.kube/./plugin");
  BOOST_TEST(plugin.arguments.size() == 3u);
  BOOST_TEST(
      (plugin.environment.front() == std::pair<std::string, std::string>("AWS_PROFILE", "prod")));
  BOOST_TEST(plugin.install_hint == "install it");
  BOOST_TEST(plugin.wants_cluster_info);
}

BOOST_AUTO_TEST_CASE(of_two_files_the_first_to_define_a_name_wins) {
  Kubeconfig merged = parsed(small("a", "https://first"));
  merge_kubeconfig(merged, parsed(small("b", "https://second")));
  BOOST_TEST(merged.current_context == "a");
  BOOST_TEST(merged.clusters.at("c").server == "https://first");
  BOOST_TEST(merged.contexts.size() == 2u);
}

BOOST_AUTO_TEST_CASE(errors_name_what_is_missing_and_what_there_is) {
  const auto text_of = [](const std::string& context) {
    const auto access = choose_access(parsed(usual), context);
    return access ? std::string() : access.error().text;
  };
  BOOST_TEST(text_of("staging") ==
             "the kubeconfig has no context 'staging'; there is: broken, dev, prod");
  BOOST_TEST(text_of("broken").find("'nowhere', which the kubeconfig does not define") !=
             std::string::npos);
  const auto nothing = choose_access(Kubeconfig{}, "");
  BOOST_REQUIRE(!nothing);
  BOOST_TEST(nothing.error().text.find("no current-context") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_password_is_refused_by_name_and_bad_data_with_its_line) {
  const auto with_password = choose_access(
      parsed("current-context: a\nclusters:\n- {name: c, cluster: {server: \"https://x\"}}\n"
             "users:\n- {name: u, user: {username: me, password: secret}}\n"
             "contexts:\n- {name: a, context: {cluster: c, user: u}}\n"),
      "");
  BOOST_REQUIRE(!with_password);
  BOOST_TEST((with_password.error().code == core::ErrorCode::unsupported));
  BOOST_TEST(with_password.error().text.find("secret") == std::string::npos);

  const auto bad = parse_kubeconfig(
      "clusters:\n- name: c\n  cluster:\n    certificate-authority-data: '***'\n", "/k");
  BOOST_REQUIRE(!bad);
  BOOST_TEST(bad.error().text == "/k:4: certificate-authority-data is not base64");
  BOOST_TEST(!parse_kubeconfig("clusters: 7\n", "/k"));
}

BOOST_AUTO_TEST_CASE(kubeconfig_is_a_list_then_the_home_s_file_then_the_pod) {
  const events::TemporaryDirectory folder;
  write(folder / "one", small("a", "https://first"));
  write(folder / "two", small("b", "https://second"));
  KubeEnvironment environment;
  environment.home = folder.path();
  environment.service_account = folder / "account";
  BOOST_TEST(!find_access(environment, ""));

  environment.kubeconfig = (folder / "absent").string() + ":" + (folder / "one").string() +
                           "::" + (folder / "two").string();
  auto access = find_access(environment, "b");
  BOOST_REQUIRE(access);
  BOOST_TEST(access->cluster.server == "https://first");

  environment.kubeconfig = "";
  std::filesystem::create_directories(folder / ".kube");
  write(folder / ".kube/config", small("home", "https://home"));
  access = find_access(environment, "");
  BOOST_REQUIRE(access);
  BOOST_TEST(access->context == "home");
  std::filesystem::remove(folder / ".kube/config");

  std::filesystem::create_directories(folder / "account");
  write(folder / "account/token", "t");
  write(folder / "account/namespace", "serving");
  environment.service_host = "10.0.0.1";
  environment.service_port = "443";
  access = find_access(environment, "");
  BOOST_REQUIRE(access);
  BOOST_TEST(access->context == "in-cluster");
  BOOST_TEST(access->cluster.server == "https://10.0.0.1:443");
  BOOST_TEST(access->name_space == "serving");
  BOOST_TEST(is_in_cluster(environment));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters::kubernetes
