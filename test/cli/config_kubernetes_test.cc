// What config.yaml says of the cluster: SkyPilot's words, ours, and what is refused by name.
#include <boost/test/unit_test.hpp>

#include "cli/config.h"

namespace sky::cli {
namespace {

using adapters::kubernetes::Autoscaler;
using adapters::kubernetes::Expose;
using adapters::kubernetes::Settings;

Settings settings_of(const std::string& text) {
  const auto config = parse_config(text, "config.yaml");
  BOOST_REQUIRE_MESSAGE(config.has_value(), (config ? "" : config.error().text));
  return config->kubernetes;
}

std::string error_of(const std::string& text) {
  const auto config = parse_config(text, "config.yaml");
  return config ? "no error" : config.error().text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cli_config_kubernetes)

BOOST_AUTO_TEST_CASE(the_example_s_own_file_means_what_it_says) {
  const Settings settings = settings_of(
      "kubernetes:\n  remote_identity: SERVICE_ACCOUNT\n"
      "serve:\n  controller:\n    resources:\n      cloud: kubernetes\n");
  BOOST_TEST(settings.service_account.empty());  // no credential of a person in a pod: as always
  BOOST_TEST(settings.controller_in_cluster);
  BOOST_TEST(!settings_of("").controller_in_cluster);
}

BOOST_AUTO_TEST_CASE(skypilot_s_words_are_read_and_its_other_keys_are_left_alone) {
  const Settings settings = settings_of(
      "kubernetes: {remote_identity: replicas, autoscaler: karpenter, ports: podip, "
      "allowed_contexts: [prod], networking: portforward, pod_config: {spec: {}}}\n"
      "serve: {bucket: s3://x}\n");
  BOOST_TEST(settings.service_account == "replicas");
  BOOST_TEST((settings.autoscaler == Autoscaler::karpenter));
  BOOST_TEST((settings.expose == Expose::pod_ip));
  BOOST_TEST(settings.context == "prod");
}

BOOST_AUTO_TEST_CASE(our_words_win_over_skypilot_s) {
  const Settings settings = settings_of(
      "kubernetes: {ports: loadbalancer, allowed_contexts: [prod]}\n"
      "skyctl: {kubernetes: {expose: nodeport, context: dev, image: \"x:1\", node_patience: "
      "5m}}\n");
  BOOST_TEST((settings.expose == Expose::node_port));
  BOOST_TEST(settings.context == "dev");
  BOOST_TEST(settings.image == "x:1");
  BOOST_TEST((settings.node_patience == core::seconds(300)));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_is_refused_with_its_line_and_the_way_out) {
  BOOST_TEST(error_of("kubernetes:\n  remote_identity: LOCAL_CREDENTIALS\n")
                 .find("config.yaml:2: kubernetes.remote_identity: ") == 0u);
  BOOST_TEST(error_of("kubernetes: {ports: ingress}\n").find("loadbalancer or podip") !=
             std::string::npos);
  BOOST_TEST(error_of("kubernetes: {allowed_contexts: [a, b]}\n").find("one cluster") !=
             std::string::npos);
  BOOST_TEST(error_of("serve: {controller: {resources: {cloud: aws}}}\n").find("kubernetes") !=
             std::string::npos);
  BOOST_TEST(error_of("skyctl: {kubernetes: {expose: magic}}\n") != "no error");
  BOOST_TEST(error_of("skyctl: {kubernetes: {node_patience: soon}}\n").find("like 15m") !=
             std::string::npos);
  BOOST_TEST(error_of("skyctl: {kubernetes: {typo: 1}}\n").find("typo") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::cli
