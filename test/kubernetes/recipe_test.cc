// What a replica is made of: the objects as the API gets them.
#include "adapters/kubernetes/recipe.h"

#include <boost/test/unit_test.hpp>

#include "adapters/json.h"
#include "adapters/kubernetes/permissions.h"
#include "adapters/kubernetes/recipe_parts.h"

namespace sky::adapters::kubernetes {
namespace {

const Labels labels{"1f2e3d4c5b6a79880011223344556677", "llama3"};

core::LaunchInstance launch() {
  core::LaunchInstance order;
  order.service = "llama3";
  order.replica = {3};
  order.attempt = 2;
  order.version = core::Version{1};
  order.token = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
  order.offer = {.place = {"kubernetes", "prod", ""},
                 .instance_type = "4CPU--16GB--T4:1",
                 .market = core::Market::on_demand,
                 .accelerator = {"T4", 1},
                 .vcpus = 4,
                 .memory_mib = 16384,
                 .price = {},
                 .on_demand_price = {}};
  order.spec.name = "llama3";
  order.spec.resources.port = 8888;
  order.spec.resources.choices.emplace_back();
  order.spec.task.envs = {{"MODEL", "$HOME llama3"}, {"PORT", "9"}};
  order.spec.task.secret_names = {"HF_TOKEN"};
  order.spec.task.setup = "echo $$";
  order.spec.task.run = "serve --port $PORT";
  return order;
}

struct Made {
  JsonValue document;
  JsonView view() const { return JsonView(document); }
};

Made parsed(const core::Result<std::string>& text) {
  BOOST_REQUIRE_MESSAGE(text.has_value(), (text ? "" : text.error().text));
  auto document = parse_json(*text);
  BOOST_REQUIRE(document);
  return {std::move(*document)};
}

Made pod_of(const core::LaunchInstance& order, const NodeKinds& nodes = {},
            const Settings& settings = {}) {
  return parsed(pod_json({order, labels, "uid-1", settings, nodes, true, {}}));
}

std::map<std::string, std::string> environment_of(const JsonView& container) {
  std::map<std::string, std::string> found;
  for (std::size_t i = 0; i < container.at("env").size(); ++i) {
    const JsonView one = container.at("env").at(i);
    BOOST_TEST(
        found.emplace(one.at("name").text_or(""), one.at("value").text_or("(secret)")).second);
  }
  return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(kubernetes_recipe)

BOOST_AUTO_TEST_CASE(names_hold_the_log_and_the_token_so_that_none_is_used_twice) {
  BOOST_TEST(anchor_name(labels) == "llama3-1f2e3d4c");
  BOOST_TEST(version_name(labels, core::Version{4}) == "llama3-1f2e3d4c-v4");
  BOOST_TEST(pod_name("llama3", {3}, 2, launch().token) == "llama3-3-2-0a1b2c3d");
}

BOOST_AUTO_TEST_CASE(a_pod_says_whose_it_is_and_is_owned_by_the_anchor) {
  const Made pod = pod_of(launch());
  const JsonView meta = pod.view().at("metadata");
  BOOST_TEST(meta.at("name").text_or("") == "llama3-3-2-0a1b2c3d");
  BOOST_TEST(meta.at("labels").at(label_log).text_or("") == labels.log_id);
  BOOST_TEST(meta.at("labels").at(label_replica).text_or("") == "3");
  BOOST_TEST(meta.at("labels").at(label_attempt).text_or("") == "2");
  BOOST_TEST(meta.at("annotations").at(annotation_token).text_or("") == launch().token);
  BOOST_TEST(meta.at("ownerReferences").at(0).at("uid").text_or("") == "uid-1");
  const auto read = read_pod(pod.view());
  BOOST_REQUIRE(read);
  BOOST_TEST(read->replica.value == 3u);
  BOOST_TEST(read->token == launch().token);
}

BOOST_AUTO_TEST_CASE(the_environment_has_each_name_once_dollars_doubled_and_secrets_by_reference) {
  const Made pod = pod_of(launch());
  const JsonView container = pod.view().at("spec").at("containers").at(0);
  const auto environment = environment_of(container);
  BOOST_TEST(environment.at("MODEL") == "$$HOME llama3");
  BOOST_TEST(environment.at("PORT") == "9");  // the service's word wins
  BOOST_TEST(environment.at("SKYCTL_REPLICA_PORT") == "8888");
  BOOST_TEST(environment.at("SKYPILOT_SERVE_REPLICA_ID") == "3");
  BOOST_TEST(environment.at("HF_TOKEN") == "(secret)");
  BOOST_TEST(container.at("args").at(2).text_or("") == "echo $$$$");
  BOOST_TEST(container.at("args").at(3).text_or("") == "serve --port $$PORT");
}

BOOST_AUTO_TEST_CASE(resources_are_the_offer_s_and_the_accelerator_is_a_limit) {
  const Made pod = pod_of(launch());
  const JsonView resources = pod.view().at("spec").at("containers").at(0).at("resources");
  BOOST_TEST(resources.at("requests").at("cpu").text_or("") == "4");
  BOOST_TEST(resources.at("requests").at("memory").text_or("") == "16384Mi");
  BOOST_TEST(resources.at("limits").at("nvidia.com/gpu").text_or("") == "1");
}

BOOST_AUTO_TEST_CASE(a_pod_goes_only_where_the_market_and_the_accelerator_are) {
  NodeKinds nodes;
  nodes.accelerator_labels = {{"nvidia.com/gpu.product", {"Tesla-T4", "Tesla-T4-SHARED"}}};
  const auto terms = [](const Made& pod) {
    return pod.view()
        .at("spec")
        .at("affinity")
        .at("nodeAffinity")
        .at("requiredDuringSchedulingIgnoredDuringExecution")
        .at("nodeSelectorTerms");
  };
  const Made base = pod_of(launch(), nodes);
  BOOST_TEST(terms(base).size() == 1u);
  const JsonView first = terms(base).at(0).at("matchExpressions");
  BOOST_TEST(first.at(0).at("key").text_or("") == "nvidia.com/gpu.product");
  BOOST_TEST(first.at(0).at("values").size() == 2u);
  BOOST_TEST(first.at(1).at("operator").text_or("") == "NotIn");

  core::LaunchInstance spot = launch();
  spot.offer.market = core::Market::spot;
  const Made burst = pod_of(spot, nodes);
  BOOST_TEST(terms(burst).size() == 5u);  // one for each provider's word
  BOOST_TEST(terms(burst).at(0).at("matchExpressions").at(1).at("operator").text_or("") == "In");
  BOOST_TEST(burst.view().at("spec").at("terminationGracePeriodSeconds").integer_or(0) == 15);

  // No such node yet: an autoscaler's templates are looked for by the usual spellings.
  BOOST_TEST(terms(pod_of(launch())).size() >= 3u);
}

BOOST_AUTO_TEST_CASE(node_kinds_are_the_labels_that_name_that_accelerator) {
  Node t4, l4;
  t4.labels = {{"cloud.google.com/gke-accelerator", "nvidia-tesla-t4"}};
  l4.labels = {{"cloud.google.com/gke-accelerator", "nvidia-l4"},
               {"karpenter.sh/capacity-type", "spot"}};
  const NodeKinds kinds = node_kinds("T4", {t4, l4});
  BOOST_REQUIRE(kinds.accelerator_labels.size() == 1u);
  BOOST_TEST(kinds.accelerator_labels.at("cloud.google.com/gke-accelerator").front() ==
             "nvidia-tesla-t4");
  BOOST_TEST((kinds.spot_grace == core::seconds(110)));
}

BOOST_AUTO_TEST_CASE(images_are_containers_and_another_cloud_s_are_refused) {
  core::LaunchInstance order = launch();
  const auto image = [&](const std::string& id) {
    order.spec.resources.choices[0].image_id = id;
    return image_of(order, {});
  };
  BOOST_TEST(*image("docker:vllm/vllm-openai:v0.6") == "vllm/vllm-openai:v0.6");
  BOOST_TEST(*image("ghcr.io/me/x@sha256:00") == "ghcr.io/me/x@sha256:00");
  BOOST_TEST(*image("") == Settings{}.image);
  for (const char* other : {"ami-0abc", "projects/x/global/images/y", "skypilot:gpu-debian"}) {
    const auto refused = image(other);
    BOOST_REQUIRE(!refused);
    BOOST_TEST(refused.error().text.find("docker:NAME") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(what_is_too_large_for_a_pod_is_refused_with_the_way_out) {
  core::LaunchInstance order = launch();
  order.spec.task.setup = std::string(max_script_bytes + 1, 'x');
  const auto pod = pod_json({order, labels, "uid-1", {}, {}, false, {}});
  BOOST_REQUIRE(!pod);
  BOOST_TEST(pod.error().text.find("workdir") != std::string::npos);
  const auto files = workdir_json(labels, core::Version{1}, "uid-1",
                                  {{"a", std::string(max_workdir_bytes + 1, 'x'), false}});
  BOOST_REQUIRE(!files);
  BOOST_TEST(files.error().text.find("image_id: docker:NAME") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(secrets_and_files_travel_encoded_and_owned) {
  const Made secret = parsed(secret_json(labels, core::Version{1}, "uid-1", {{"HF_TOKEN", "s3"}}));
  BOOST_TEST(secret.view().at("data").at("HF_TOKEN").text_or("") == "czM=");
  BOOST_TEST(secret.view().at("metadata").at("ownerReferences").size() == 1u);
  const Made files =
      parsed(workdir_json(labels, core::Version{1}, "uid-1", {{"sub/run.sh", "x", true}}));
  BOOST_TEST(files.view().at("binaryData").at("f0").text_or("") == "eA==");
}

BOOST_AUTO_TEST_CASE(a_replica_s_service_chooses_that_very_pod) {
  Pod pod;
  pod.name = "llama3-3-2-0a1b2c3d";
  pod.uid = "uid-9";
  pod.log_id = labels.log_id;
  pod.service = "llama3";
  pod.replica = {3};
  pod.attempt = 2;
  const Made service = parsed(service_json(pod, 8888, Expose::load_balancer));
  const JsonView spec = service.view().at("spec");
  BOOST_TEST(spec.at("type").text_or("") == "LoadBalancer");
  BOOST_TEST(spec.at("selector").at(label_attempt).text_or("") == "2");
  BOOST_TEST(service.view().at("metadata").at("ownerReferences").at(0).at("uid").text_or("") ==
             "uid-9");
}

BOOST_AUTO_TEST_CASE(the_role_grants_what_is_asked_for_and_no_more) {
  const auto wanted = permissions(false);
  for (const Permission& one : wanted) BOOST_TEST(one.verb != "*");
  const std::string role = role_yaml(wanted, "serving", "- {kind: User, name: me}\n");
  BOOST_TEST(role.find("kind: Role\nmetadata: {name: skyctl, namespace: serving}") == 41u);
  BOOST_TEST(role.find("kind: ClusterRole\n") != std::string::npos);
  BOOST_TEST(role.find("services") == std::string::npos);
  BOOST_TEST(role_yaml(permissions(true), "s", "").find("resources: [services]") !=
             std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters::kubernetes
