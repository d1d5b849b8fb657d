#include "adapters/service_file.h"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

namespace sky::adapters {
namespace {

core::ServiceSpec spec_of(const std::string& yaml, const LoadOptions& options = {}) {
  auto loaded = load_service(yaml, "s.yaml", options);
  BOOST_REQUIRE_MESSAGE(loaded.has_value(), (loaded ? "" : loaded.error().text));
  return loaded->spec;
}

std::string with_service(const std::string& service) {
  return "run: x\nresources: {ports: 80, use_spot: true}\nservice:\n  " + service + "\n";
}

core::ResourceRequest request_of(const std::string& resources) {
  return spec_of("run: x\nservice: {}\nresources: {ports: 80, " + resources + "}\n")
      .resources.choices.at(0);
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

const std::string small_file = "run: x\nresources: {ports: 80}\nservice: {}\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(adapters_service_file)

BOOST_AUTO_TEST_CASE(the_example_this_project_began_with_loads_as_it_is_meant) {
  LoadOptions options;
  options.name = "llama3";
  const auto spec =
      spec_of(read_text(std::filesystem::path(SKY_EXAMPLES) / "llama3.yaml"), options);

  const core::ResourceRequest& request = spec.resources.choices.at(0);
  BOOST_TEST(spec.name == "llama3");
  BOOST_TEST((request.accelerators == std::vector<core::Accelerator>{{"T4", 1}}));
  BOOST_TEST((request.vcpus == core::Amount{4, true}));
  BOOST_TEST((request.memory_mib == core::Amount{8 * 1024, true}));
  BOOST_TEST(request.use_spot);
  BOOST_TEST(spec.resources.port == 8888);
  BOOST_TEST(spec.replicas.min_replicas == 2U);
  BOOST_TEST(spec.replicas.max_replicas.value() == 4U);
  BOOST_TEST(spec.replicas.base_ondemand_fallback_replicas == 2U);
  BOOST_TEST(spec.replicas.target_qps_per_replica->value == 1000);
  BOOST_TEST((spec.replicas.placement == core::Placement::static_mixture));
  BOOST_TEST(spec.probe.path == "/v1/chat/completions");
  BOOST_TEST(core::whole_seconds(spec.probe.initial_delay) == 1800);
  BOOST_TEST(*spec.probe.post_data ==
             R"({"model": "llama3", "messages": [{"role": "user", "content": "Hello! What is your )"
             R"(name?"}], "max_tokens": 1})");
  BOOST_TEST(spec.task.envs.at(1).second == "0.0.0.0:8888");
  BOOST_TEST(!spec.task.setup.empty());
}

BOOST_AUTO_TEST_CASE(every_example_loads) {
  LoadOptions options;
  options.secrets = {{"API_KEY", "k"}};
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SKY_EXAMPLES)) {
    if (entry.path().extension() != ".yaml" || entry.path().filename() == "config.yaml") continue;
    const auto loaded =
        load_service(read_text(entry.path()), entry.path().filename().string(), options);
    BOOST_TEST(loaded.has_value(), (loaded ? "" : loaded.error().text));
    ++count;
  }
  BOOST_TEST(count >= 7);
}

BOOST_AUTO_TEST_CASE(defaults_are_those_of_skyserve) {
  const auto spec = spec_of(small_file);

  BOOST_TEST(spec.name.empty());
  BOOST_TEST(spec.probe.path == "/");
  BOOST_TEST(!spec.probe.post_data);
  BOOST_TEST(core::whole_seconds(spec.probe.initial_delay) == 1200);
  BOOST_TEST(core::whole_seconds(spec.probe.timeout) == 15);
  BOOST_TEST(core::whole_seconds(spec.probe.interval) == 10);
  BOOST_TEST(core::whole_seconds(spec.probe.failure_window) == 180);
  BOOST_TEST(spec.replicas.min_replicas == 1U);
  BOOST_TEST(!spec.replicas.max_replicas);
  BOOST_TEST(core::whole_seconds(spec.replicas.upscale_delay) == 300);
  BOOST_TEST(core::whole_seconds(spec.replicas.downscale_delay) == 1200);
  BOOST_TEST((spec.balancer.policy == core::BalancingPolicy::least_load));
  BOOST_TEST(core::whole_seconds(spec.balancer.stream_timeout) == 120);
  BOOST_TEST(spec.resources.choices.at(0).disk_size_gb == 256U);
  BOOST_TEST(!spec.resources.choices.at(0).use_spot);
}

BOOST_AUTO_TEST_CASE(every_key_of_the_service_section_is_read) {
  const auto spec = spec_of(with_service(
      "readiness_probe:\n"
      "    path: /h\n    post_data: '{\"a\": 1}'\n    headers: {X-Key: v}\n"
      "    initial_delay_seconds: 1.5\n    timeout_seconds: 2\n"
      "    endpoint_probe_interval_seconds: 3\n    consecutive_failure_threshold_timeout: 4\n"
      "  replica_policy:\n"
      "    min_replicas: 1\n    max_replicas: 9\n    num_overprovision: 2\n"
      "    target_qps_per_replica: 2.5\n    upscale_delay_seconds: 5\n"
      "    downscale_delay_seconds: 6\n    base_ondemand_fallback_replicas: 3\n"
      "    dynamic_ondemand_fallback: true\n    spot_placer: Dynamic_Fallback\n"
      "    qps_window_seconds: 30\n    target_concurrency_per_replica: 7\n"
      "  load_balancing_policy: ROUND_ROBIN\n"
      "  load_balancer:\n"
      "    stream_timeout_seconds: 8\n    hold_timeout_seconds: 9\n    hold_limit: 10\n"
      "    retry_non_idempotent: true\n"
      "  rollout: {max_surge: 2, bake_seconds: 11}\n"
      "  ports: 80"));

  BOOST_TEST(*spec.probe.post_data == "{\"a\": 1}");
  BOOST_TEST(spec.probe.headers.at("X-Key") == "v");
  BOOST_TEST(spec.probe.initial_delay.count() == 1'500'000);
  BOOST_TEST(core::whole_seconds(spec.probe.timeout) == 2);
  BOOST_TEST(core::whole_seconds(spec.probe.interval) == 3);
  BOOST_TEST(core::whole_seconds(spec.probe.failure_window) == 4);
  BOOST_TEST(spec.replicas.num_overprovision == 2U);
  BOOST_TEST(spec.replicas.target_qps_per_replica->value == 2500);
  BOOST_TEST(core::whole_seconds(spec.replicas.upscale_delay) == 5);
  BOOST_TEST(core::whole_seconds(spec.replicas.downscale_delay) == 6);
  BOOST_TEST(spec.replicas.dynamic_ondemand_fallback);
  BOOST_TEST((spec.replicas.placement == core::Placement::spot_hedge));
  BOOST_TEST(core::whole_seconds(spec.replicas.qps_window) == 30);
  BOOST_TEST(*spec.replicas.target_concurrency_per_replica == 7U);
  BOOST_TEST((spec.balancer.policy == core::BalancingPolicy::round_robin));
  BOOST_TEST(core::whole_seconds(spec.balancer.stream_timeout) == 8);
  BOOST_TEST(core::whole_seconds(spec.balancer.hold_timeout) == 9);
  BOOST_TEST(spec.balancer.hold_limit == 10U);
  BOOST_TEST(spec.balancer.retry_non_idempotent);
  BOOST_TEST(spec.rollout.max_surge == 2U);
  BOOST_TEST(core::whole_seconds(spec.rollout.bake_time) == 11);
}

BOOST_AUTO_TEST_CASE(every_key_of_the_endpoint_is_read) {
  const core::LoadBalancerSpec balancer =
      spec_of(
          with_service("load_balancer:\n"
                       "    max_concurrency_per_replica: 12\n    affinity: header:X-Session\n"
                       "    slow_start_seconds: 13\n    eject_after_failures: 0\n"
                       "    api_keys_env: KEYS\n    limits:\n"
                       "      head_timeout_seconds: 14\n      body_timeout_seconds: 15\n"
                       "      keep_alive_timeout_seconds: 16\n      connect_timeout_seconds: 17\n"
                       "      first_byte_timeout_seconds: 600\n      max_connections: 18\n"
                       "      max_head_bytes: 2048\n      max_body_bytes: 5e9\n"
                       "  tls: {keyfile: ~/k.pem, certfile: /c.pem}"))
          .balancer;

  core::LoadBalancerSpec wanted;
  wanted.max_concurrency_per_replica = 12;
  wanted.affinity = core::Affinity::header;
  wanted.affinity_name = "X-Session";
  wanted.slow_start = core::seconds(13);
  wanted.eject_after_failures = 0;
  wanted.api_keys_env = "KEYS";
  wanted.limits = {.head_timeout = core::seconds(14),
                   .body_timeout = core::seconds(15),
                   .keep_alive_timeout = core::seconds(16),
                   .connect_timeout = core::seconds(17),
                   .first_byte_timeout = core::seconds(600),
                   .max_connections = 18,
                   .max_head_bytes = 2048,
                   .max_body_bytes = 5'000'000'000};
  wanted.tls = {"~/k.pem", "/c.pem"};
  BOOST_TEST((balancer == wanted));
}

BOOST_AUTO_TEST_CASE(more_base_replicas_than_the_minimum_are_fine) {
  const auto spec = spec_of(
      with_service("replica_policy: {min_replicas: 1, max_replicas: 4, target_qps_per_replica: 1,"
                   " base_ondemand_fallback_replicas: 2}"));

  BOOST_TEST(spec.replicas.base_ondemand_fallback_replicas == 2U);
}

BOOST_AUTO_TEST_CASE(accelerators_are_read_in_every_form) {
  using List = std::vector<core::Accelerator>;
  BOOST_TEST((request_of("accelerators: T4").accelerators == List{{"T4", 1}}));
  BOOST_TEST((request_of("accelerators: 't4:2'").accelerators == List{{"T4", 2}}));
  BOOST_TEST((request_of("accelerators: {T4: 1}").accelerators == List{{"T4", 1}}));
  BOOST_TEST(
      (request_of("accelerators: {L4:8, A100:4}").accelerators == List{{"L4", 8}, {"A100", 4}}));
  BOOST_TEST((request_of("accelerators: {T4, L4}").accelerators == List{{"T4", 1}, {"L4", 1}}));
  BOOST_TEST((request_of("accelerators: a100-80gb:8").accelerators == List{{"A100-80GB", 8}}));
  BOOST_TEST((request_of("accelerators: tpu-v6e-8").accelerators == List{{"TPU-V6E-8", 1}}));
  BOOST_TEST(request_of("accelerators: null").accelerators.empty());

  const auto ordered = request_of("accelerators: ['A10g:1', 'L4:1']");
  BOOST_TEST((ordered.accelerators == List{{"A10G", 1}, {"L4", 1}}));
  BOOST_TEST(ordered.accelerators_ordered);
  BOOST_TEST(!request_of("accelerators: {T4: 1}").accelerators_ordered);
}

BOOST_AUTO_TEST_CASE(amounts_places_and_the_rest_of_resources_are_read) {
  BOOST_TEST((request_of("cpus: 4").vcpus == core::Amount{4, false}));
  BOOST_TEST((request_of("cpus: '4+'").vcpus == core::Amount{4, true}));
  BOOST_TEST((request_of("memory: 7.5").memory_mib == core::Amount{7680, false}));
  BOOST_TEST((request_of("memory: 16GB+").memory_mib == core::Amount{16'384, true}));
  BOOST_TEST((request_of("infra: aws/us-east-1/us-east-1a").place ==
              core::Place{"aws", "us-east-1", "us-east-1a"}));
  BOOST_TEST((request_of("infra: '*/us-east-1'").place == core::Place{"", "us-east-1", ""}));
  BOOST_TEST((request_of("infra: '*'").place == core::Place{}));
  BOOST_TEST((request_of("infra: AWS/*/us-east-1a").place == core::Place{"aws", "", "us-east-1a"}));
  BOOST_TEST((request_of("infra: k8s/arn:aws:eks/home").place ==
              core::Place{"kubernetes", "arn:aws:eks/home", ""}));
  BOOST_TEST((request_of("cloud: gcp, region: us-east4, zone: us-east4-a").place ==
              core::Place{"gcp", "us-east4", "us-east4-a"}));
  BOOST_TEST(request_of("disk_size: 1TB").disk_size_gb == 1024U);
  BOOST_TEST(request_of("disk_size: 100").disk_size_gb == 100U);
  BOOST_TEST(request_of("image_id: 'docker:a/b'").image_id == "docker:a/b");
  BOOST_TEST(request_of("labels: {a: 1}").labels.at("a") == "1");
  BOOST_TEST(request_of("max_hourly_cost: 0.35").max_hourly_cost->micro_usd_per_hour == 350'000);
  BOOST_TEST(request_of("instance_type: g6.xlarge").instance_type == "g6.xlarge");
}

BOOST_AUTO_TEST_CASE(choices_are_laid_over_the_outer_resources) {
  const auto spec = spec_of(
      "run: x\nservice: {}\n"
      "resources:\n"
      "  ports: 80\n  cpus: 4+\n  region: nowhere\n  accelerators: T4\n"
      "  ordered:\n"
      "    - {infra: aws/us-east-2, accelerators: L4}\n"
      "    - {infra: gcp}\n");

  BOOST_TEST(spec.resources.ordered);
  BOOST_TEST(spec.resources.port == 80);
  BOOST_REQUIRE(spec.resources.choices.size() == 2U);
  const auto& first = spec.resources.choices[0];
  const auto& second = spec.resources.choices[1];
  BOOST_TEST((first.place == core::Place{"aws", "us-east-2", ""}));
  BOOST_TEST(first.accelerators.at(0).name == "L4");
  BOOST_TEST((first.vcpus == core::Amount{4, true}));
  BOOST_TEST((second.place == core::Place{"gcp", "", ""}));
  BOOST_TEST(second.accelerators.at(0).name == "T4");
}

BOOST_AUTO_TEST_CASE(of_several_ports_the_service_names_its_own) {
  const auto spec = spec_of("run: x\nservice: {ports: 81}\nresources: {ports: [80-82, '90']}\n");

  BOOST_TEST(spec.resources.port == 81);
}

BOOST_AUTO_TEST_CASE(the_probe_body_keeps_the_types_of_yaml) {
  const auto spec = spec_of(with_service(
      "readiness_probe:\n"
      "    path: /\n"
      "    post_data:\n"
      "      a: 1\n      b: '1'\n      c: true\n      d: 'true'\n      e: 1.50\n      f: null\n"
      "      g: ~\n      h: yes\n      i: 0x10\n      j: 007\n      k: .5\n      l: -3\n"
      "      m: \"tab\\t\\u00e9\"\n      n: []\n      o: {}\n      p: 1e3\n      q: 2024-01-01"));

  BOOST_TEST(*spec.probe.post_data ==
             R"({"a": 1, "b": "1", "c": true, "d": "true", "e": 1.50, "f": null, "g": null, )"
             R"("h": "yes", "i": 16, "j": 7, "k": 0.5, "l": -3, "m": "tab\té", "n": [], )"
             R"("o": {}, "p": 1e3, "q": "2024-01-01"})");
}

BOOST_AUTO_TEST_CASE(envs_are_put_in_and_secrets_are_not) {
  LoadOptions options;
  options.envs = {{"MODEL", "7"}, {"EXTRA", "e"}};
  options.secrets = {{"KEY", "hunter2"}};
  const auto loaded = load_service(
      "envs: {MODEL: llama3, COUNT: 2, QUOTE: 'a\"b'}\n"
      "secrets: {KEY: null, OTHER: hunter3}\n"
      "run: echo $MODEL $KEY\n"
      "resources: {ports: 80}\n"
      "service:\n"
      "  replicas: $COUNT\n"
      "  readiness_probe:\n"
      "    path: /${MODEL}/x\n"
      "    headers: {Authorization: Bearer $KEY}\n"
      "    post_data: {model: $MODEL, key: $KEY, quote: $QUOTE, price: $5}\n",
      "s.yaml", options);

  BOOST_REQUIRE_MESSAGE(loaded.has_value(), (loaded ? "" : loaded.error().text));
  const core::ServiceSpec& spec = loaded->spec;
  BOOST_TEST(spec.replicas.min_replicas == 2U);
  BOOST_TEST(spec.probe.path == "/7/x");
  BOOST_TEST(spec.probe.headers.at("Authorization") == "Bearer $KEY");
  BOOST_TEST(*spec.probe.post_data ==
             R"({"model": "7", "key": "$KEY", "quote": "a\"b", "price": "$5"})");
  BOOST_TEST(spec.task.run == "echo $MODEL $KEY");
  BOOST_TEST(spec.task.envs.size() == 4U);
  BOOST_TEST((spec.task.envs[0] == std::pair<std::string, std::string>{"MODEL", "7"}));
  BOOST_TEST((spec.task.envs[3] == std::pair<std::string, std::string>{"EXTRA", "e"}));
  BOOST_TEST((spec.task.secret_names == std::vector<std::string>{"KEY", "OTHER"}));
  BOOST_TEST((loaded->secrets == NamedValues{{"KEY", "hunter2"}, {"OTHER", "hunter3"}}));
}

BOOST_AUTO_TEST_CASE(secrets_are_filled_in_at_the_edge) {
  const NamedValues secrets = {{"KEY", "a\"b\\"}};

  BOOST_TEST(fill_secrets("Bearer $KEY ${KEY}x $KEYS $ ${", secrets) ==
             "Bearer a\"b\\ a\"b\\x $KEYS $ ${");
  BOOST_TEST(fill_secrets_in_json(R"({"k": "$KEY"})", secrets) == R"({"k": "a\"b\\"})");
}

BOOST_AUTO_TEST_CASE(options_replace_what_the_file_says) {
  LoadOptions options;
  options.run = "serve";
  options.setup = "prepare";
  options.no_paid_overflow = true;
  options.sandbox = {true, 1000, 7};
  options.overrides = {"service.replica_policy.min_replicas=3",
                       "replica_policy.max_replicas=5",
                       "replica_policy.target_qps_per_replica=0.5",
                       "resources.cpus=8+",
                       "envs.NEW=text",
                       "readiness_probe={path: /set}"};
  const auto spec = spec_of(
      "run: x\nresources: {ports: 80}\nservice: {replica_policy: {min_replicas: 1}}\n", options);

  BOOST_TEST(spec.task.run == "serve");
  BOOST_TEST(spec.task.setup == "prepare");
  BOOST_TEST(spec.no_paid_overflow);
  BOOST_TEST((spec.sandbox == core::Sandbox{true, 1000, 7}));
  BOOST_TEST(spec.replicas.min_replicas == 3U);
  BOOST_TEST(*spec.replicas.max_replicas == 5U);
  BOOST_TEST(spec.replicas.target_qps_per_replica->value == 500);
  BOOST_TEST((spec.resources.choices.at(0).vcpus == core::Amount{8, true}));
  BOOST_TEST(spec.task.envs.at(0).first == "NEW");
  BOOST_TEST(spec.probe.path == "/set");
}

BOOST_AUTO_TEST_CASE(anchors_and_merge_keys_work) {
  const auto spec = spec_of(
      "envs: &e {A: one}\n"
      "run: x\n"
      "resources: {ports: 80}\n"
      "service:\n"
      "  readiness_probe:\n"
      "    path: /\n"
      "    post_data: {<<: *e, B: *e}\n");

  BOOST_TEST(*spec.probe.post_data == R"({"B": {"A": "one"}, "A": "one"})");
}

BOOST_AUTO_TEST_CASE(the_map_of_targets_takes_names_that_skyserve_refuses) {
  const auto spec = spec_of(
      "run: x\nresources: {ports: 80, accelerators: {A100-80GB: 1, A10g: 1}}\n"
      "service:\n"
      "  load_balancing_policy: instance_aware_least_load\n"
      "  replica_policy:\n"
      "    min_replicas: 0\n    max_replicas: 4\n"
      "    target_qps_per_replica: {A100-80GB: 4, 'a10g:1': 0.5}\n");

  const auto& targets = spec.replicas.target_qps_per_accelerator;
  BOOST_TEST(targets.at("A100-80GB").value == 4000);
  BOOST_TEST(targets.at("A10G:1").value == 500);
  BOOST_TEST(!spec.replicas.target_qps_per_replica);
}

BOOST_AUTO_TEST_CASE(a_windows_file_and_a_byte_order_mark_are_fine) {
  const auto spec =
      spec_of("\xef\xbb\xbfrun: x\r\nresources: {ports: 80}\r\nservice: {}\r\n...\r\n");

  BOOST_TEST(spec.task.run == "x");
}

BOOST_AUTO_TEST_CASE(damaged_files_end_in_a_value_or_an_error) {
  const std::string whole = read_text(std::filesystem::path(SKY_EXAMPLES) / "any-of-spot.yaml");
  std::minstd_rand random(7);
  int refused = 0;
  for (int round = 0; round < 1500; ++round) {
    std::string damaged = whole;
    for (unsigned edit = 0; edit < 1 + random() % 4; ++edit) {
      static const std::string bytes = "\n:-[]{}&*!|>'\"%@`#,?~ \tx0$<";
      const std::size_t at = random() % damaged.size();
      switch (random() % 3) {
        case 0: damaged[at] = bytes[random() % bytes.size()]; break;
        case 1: damaged.insert(at, 1, bytes[random() % bytes.size()]); break;
        default: damaged.erase(at, 1 + random() % 8); break;
      }
    }
    const auto loaded = load_service(damaged, "s.yaml", {});
    if (loaded) continue;
    ++refused;
    BOOST_TEST(!loaded.error().text.empty());
    BOOST_TEST(loaded.error().text.compare(0, 6, "s.yaml") == 0, loaded.error().text);
  }
  BOOST_TEST(refused > 500);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters
