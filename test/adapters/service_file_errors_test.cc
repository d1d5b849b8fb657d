// What is wrong with a service file, and how it is told: one row per mistake.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "adapters/service_file.h"

namespace sky::adapters {
namespace {

struct Mistake {
  const char* yaml;
  const char* expected;  // part of the message
};

std::string error_of(const std::string& yaml, const LoadOptions& options = {}) {
  const auto loaded = load_service(yaml, "s.yaml", options);
  return loaded ? "no error" : loaded.error().text;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

void check_all(const std::vector<Mistake>& mistakes, const std::string& before,
               const std::string& after) {
  for (const Mistake& mistake : mistakes) {
    const std::string error = error_of(before + mistake.yaml + after);
    BOOST_TEST(contains(error, mistake.expected), "for\n"
                                                      << mistake.yaml << "\nthe error is\n"
                                                      << error << "\nnot\n"
                                                      << mistake.expected);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(adapters_service_file_errors)

BOOST_AUTO_TEST_CASE(a_text_that_is_no_document_is_refused_with_its_line) {
  const std::vector<Mistake> mistakes = {
      {"", "s.yaml:1: the file is empty"},
      {"# only a comment\n", "s.yaml:1: the file is empty"},
      {"~\n", "s.yaml:1: the file is empty"},
      {"hello\n", "s.yaml:1: must be a map of keys and values, is text"},
      {"- a\n- b\n", "s.yaml:1: must be a map of keys and values, is a list"},
      {"run: a\n\tx: b\n", "s.yaml:2: a tab in the indentation; YAML wants spaces"},
      {"run: [a, b\n", "s.yaml:2: not YAML"},
      {"a: b: c\n", "s.yaml:1: not YAML"},
      {"run: a\nsetup: b\nrun: c\n", "s.yaml:3: the key `run` was given already in line 1"},
      {"envs:\n  A: 1\n  A: 2\n", "s.yaml:3: the key `A` was given already in line 2"},
      {"run: a\n---\nrun: b\n", "more than one document"},
      {"run: *nothing\n", "s.yaml:1: not YAML"},
      {"? [a]\n: b\n", "s.yaml:1: a key must be text"},
      {"run: !python/object x\n", "is not supported"},
      {"<<: 5\nrun: a\n", "s.yaml:1: `<<` takes a map or a list of maps"},
      {"run: a\nsetup: \xff\xfe\n", "s.yaml:2: not text in UTF-8"},
      {"run: a\nsetup: \"\x01\"\n", "s.yaml:2: not text in UTF-8"},
  };
  check_all(mistakes, "", "");
}

BOOST_AUTO_TEST_CASE(keys_around_the_service_are_checked) {
  const std::vector<Mistake> mistakes = {
      {"resources: {ports: 1}\nrun: x\n", "s.yaml:1: service: is missing"},
      {"service: {}\nrun: x\n", "resources.ports: is missing"},
      {"service: {}\nresources: {ports: 80}\n", "run: is missing"},
      {"service: {}\nresources: {ports: 80}\nrun: '  '\n", "s.yaml:3: run: is missing"},
      {"service: {}\nresources: {ports: 80}\nrun: [a]\n", "s.yaml:3: run: must be text, is a list"},
      {"resorces: {}\n", "s.yaml:1: resorces: unknown key; did you mean `resources`?"},
      {"frobnicate: 1\n", "s.yaml:1: frobnicate: unknown key; known here: name, envs"},
      {"num_nodes: 2\n", "s.yaml:1: num_nodes: replicas of more than one machine are not"},
      {"num_nodes: 0\n", "s.yaml:1: num_nodes: must be from 1 to"},
      {"file_mounts: {/a: b}\n", "s.yaml:1: file_mounts: copying files"},
      {"volumes: {/a: b}\n", "s.yaml:1: volumes: volumes are not supported yet"},
      {"pool: {workers: 1}\n", "s.yaml:1: pool: job pools are not services"},
      {"config:\n  hooks: []\n", "config.hooks: lifecycle hooks are not supported yet"},
      {"config: {aws: {}}\n", "s.yaml:1: config: SkyPilot's client settings"},
      {"inputs: {a: b}\n", "s.yaml:1: inputs: is for batch tasks"},
      {"workdir: {url: x, ref: y}\n", "s.yaml:1: workdir: a work directory from git"},
      {"workdir: [a]\n", "s.yaml:1: workdir: must be text"},
      {"name: [a]\n", "s.yaml:1: name: must be text"},
      {"envs: [A]\n", "s.yaml:1: envs: must be a map"},
      {"envs:\n  1A: x\n", "s.yaml:2: envs.1A: is no variable name"},
      {"envs:\n  A: {b: c}\n", "s.yaml:2: envs.A: must be text, is a map"},
      {"envs:\n  A:\n", "s.yaml:2: envs.A: has no value: give it with --env A=..."},
      {"secrets:\n  K: null\n", "s.yaml:2: secrets.K: has no value: give it with --secret K=..."},
      {"envs: {A: 1}\nsecrets: {A: 2}\n", "s.yaml:2: secrets.A: is in envs too"},
  };
  check_all(mistakes, "", "");
}

BOOST_AUTO_TEST_CASE(resources_are_checked) {
  const std::vector<Mistake> mistakes = {
      {"resources: 5\n", "s.yaml:3: resources: must be a map of keys and values, is a number"},
      {"resources: {}\n", "s.yaml:3: resources.ports: is missing"},
      {"resources: {ports: 0}\n", "s.yaml:3: resources.ports: must be from 1 to 65535, is 0"},
      {"resources: {ports: 70000}\n", "resources.ports: must be from 1 to 65535"},
      {"resources: {ports: http}\n", "resources.ports: must be a whole number, is `http`"},
      {"resources: {ports: 90-80}\n", "resources.ports: the range ends before it begins"},
      {"resources: {ports: [80, 81]}\n", "resources.ports: opens 2 ports; say with service.ports"},
      {"resources: {ports: [80, x]}\n", "resources.ports[1]: must be a whole number"},
      {"resources: {port: 80}\n", "resources.port: unknown key; did you mean `ports`?"},
      {"resources: {ports: 80, cpus: four}\n", "resources.cpus: must be a number such as 4"},
      {"resources: {ports: 80, cpus: 0}\n", "resources.cpus: must be from 1 to"},
      {"resources: {ports: 80, cpus: 1.5}\n", "resources.cpus: parts of a vCPU"},
      {"resources: {ports: 80, memory: 8T}\n", "resources.memory: must be a number such as"},
      {"resources: {ports: 80, use_spot: yes}\n", "use_spot: must be true or false, is `yes`"},
      {"resources: {ports: 80, accelerators: 'T4:x'}\n", "accelerators: must be a whole number"},
      {"resources: {ports: 80, accelerators: 'T4:0'}\n", "accelerators: must be from 1 to"},
      {"resources: {ports: 80, accelerators: 'T4:0.5'}\n", "accelerators: must be a whole number"},
      {"resources: {ports: 80, accelerators: 'T 4'}\n", "`T 4` is no accelerator"},
      {"resources: {ports: 80, accelerators: [[T4]]}\n", "accelerators[0]: must be text"},
      {"resources: {ports: 80, infra: azure}\n", "the cloud azure is not supported yet"},
      {"resources: {ports: 80, infra: ssh/rack}\n", "the cloud ssh is not supported yet"},
      {"resources: {ports: 80, infra: gpc}\n", "the cloud `gpc` is not known; did you mean `gcp`?"},
      {"resources: {ports: 80, infra: aws/a/b/c}\n", "infra: must be CLOUD, CLOUD/REGION"},
      {"resources: {ports: 80, infra: aws, cloud: aws}\n", "cloud: infra names the place already"},
      {"resources: {ports: 80, disk_size: 0}\n", "resources.disk_size: must be from 1 to"},
      {"resources: {ports: 80, disk_tier: best}\n", "disk_tier: choosing a disk tier is not"},
      {"resources: {ports: 80, max_hourly_cost: 0}\n", "max_hourly_cost: must be more than 0"},
      {"resources: {ports: 80, max_hourly_cost: x}\n", "max_hourly_cost: must be a number, is `x`"},
      {"resources: {ports: 80, labels: [a]}\n", "resources.labels: must be a map"},
      {"resources: {ports: 80, image_id: {us-east-1: a}}\n", "an image for each region"},
      {"resources: {ports: 80, job_recovery: x}\n", "job_recovery: not for services"},
      {"resources: {ports: 80, autostop: 5}\n", "resources.autostop: not for services"},
      {"resources:\n  ports: 80\n  any_of: 5\n", "s.yaml:5: resources.any_of: must be a list"},
      {"resources:\n  ports: 80\n  any_of:\n    - 5\n",
       "s.yaml:6: resources.any_of[0]: must be a map, is a number"},
      {"resources:\n  ports: 80\n  any_of:\n    - {cpu: 4}\n",
       "s.yaml:6: resources.any_of[0].cpu: unknown key; did you mean `cpus`?"},
      {"resources:\n  ports: 80\n  cpus: x\n  any_of:\n    - {infra: aws}\n    - {infra: gcp}\n",
       "s.yaml:5: resources.cpus: must be a number"},
      {"resources:\n  ports: 80\n  any_of: [{infra: aws}]\n  ordered: [{infra: gcp}]\n",
       "s.yaml:6: resources.ordered: any_of and ordered cannot be used together"},
      {"resources:\n  ports: 80\n  any_of: [{use_spot: true}, {use_spot: false}]\n",
       "use_spot must be the same in every choice"},
      {"resources:\n  any_of: [{ports: 80}, {ports: 81}]\n", "every choice must open the same"},
      {"resources:\n  ports: 80\n  any_of: [{any_of: []}]\n", "cannot hold further choices"},
  };
  check_all(mistakes, "run: x\nservice: {}\n", "");
}

BOOST_AUTO_TEST_CASE(the_service_section_is_checked) {
  const std::vector<Mistake> mistakes = {
      {"readiness_probe: health", "s.yaml:4: service.readiness_probe: must start with `/`"},
      {"readiness_probe: {}", "s.yaml:4: service.readiness_probe: `path` is missing"},
      {"readiness_probe: [a]", "service.readiness_probe: must be a map"},
      {"readiness_probe: {path: a}", "service.readiness_probe.path: must start with `/`"},
      {"readiness_probe: {path: /a b}", "a path has no spaces"},
      {"readiness_probe: {pth: /a}", "readiness_probe.pth: unknown key; did you mean `path`?"},
      {"readiness_probe: {path: /, post_data: '{a'}", "post_data: must be JSON, or a map"},
      {"readiness_probe: {path: /, post_data: {a: .nan}}", "JSON has no value for `.nan`"},
      {"readiness_probe: {path: /, headers: [a]}", "headers: must be a map"},
      {"readiness_probe: {path: /, headers: {'a b': c}}", "headers.a b: is no header name"},
      {"readiness_probe: {path: /, headers: {Host: c}}", "headers.Host: is set by the prober"},
      {"readiness_probe: {path: /, headers: {A: \"x\\ny\"}}", "a header has no line ends"},
      {"readiness_probe: {path: /, initial_delay_seconds: -1}", "must be from 0 to"},
      {"readiness_probe: {path: /, timeout_seconds: 0}", "timeout_seconds: must be from 0.01"},
      {"readiness_probe: {path: /, timeout_seconds: 5s}", "must be a number, is `5s`"},
      {"readiness_probe: {path: /, endpoint_probe_interval_seconds: 0}", "must be from 0.01"},
      {"ports: 81", "s.yaml:4: service.ports: 81 is not one of resources.ports"},
      {"ports: x", "s.yaml:4: service.ports: must be a whole number"},
      {"tls: {keyfile: a, certfile: /b}", "service.tls.keyfile: must start with `/` or `~/`"},
      {"tls: {keyfile: /a}", "service.tls: `certfile` is missing"},
      {"pool: {}", "service.pool: job pools are not services"},
      {"workers: 3", "service.workers: is for job pools; a service has `replicas`"},
      {"replicas: -1", "service.replicas: must be from 0 to"},
      {"replicas: two", "service.replicas: must be a whole number, is `two`"},
      {"replica: 2", "service.replica: unknown key; did you mean `replicas`?"},
      {"load_balancing_policy: fastest", "`fastest` is not known; one of: round_robin"},
      {"load_balancing_policy: least_lod", "did you mean `least_load`?"},
      {"load_balancing_policy: instance_aware_least_load", "needs target_qps_per_replica as a map"},
      {"load_balancer: {hold_limit: -1}", "service.load_balancer.hold_limit: must be from 0"},
      {"load_balancer: {stream_timeout_seconds: 0}", "stream_timeout_seconds: must be from 0.01"},
      {"load_balancer: {affinity: sticky}", "must be none, prefix, header:NAME or cookie:NAME"},
      {"load_balancer: {affinity: 'header:a b'}", "`a b` is no name of a header"},
      {"load_balancer: {affinity: 'prefix:x'}", "`prefix` takes no name"},
      {"load_balancer: {limits: {max_head_bytes: 10}}", "max_head_bytes: must be from 1024 to"},
      {"load_balancer: {limits: {head_timeout: 1}}", "did you mean `head_timeout_seconds`?"},
      {"load_balancer: {api_keys_file: keys}", "api_keys_file: must start with `/` or `~/`"},
      {"load_balancer: {api_keys_file: /k, api_keys_env: K}", "api_keys_file is given too"},
      {"load_balancer: {hold_timeout: 5}", "did you mean `hold_timeout_seconds`?"},
      {"rollout: {max_surge: 0}", "service.rollout.max_surge: must be from 1 to"},
      {"rollout: {bake_seconds: x}", "service.rollout.bake_seconds: must be a number"},
  };
  check_all(mistakes, "run: x\nresources: {ports: 80}\nservice:\n  ", "\n");
}

BOOST_AUTO_TEST_CASE(the_replica_policy_and_its_rules_are_checked) {
  const std::vector<Mistake> mistakes = {
      {"{min_replica: 2}",
       "s.yaml:4: service.replica_policy.min_replica: unknown key; did you mean `min_replicas`?"},
      {"{max_replicas: 2}", "s.yaml:4: service.replica_policy: `min_replicas` is missing"},
      {"{min_replicas: 3, max_replicas: 2}", "max_replicas (2) is less than min_replicas (3)"},
      {"{min_replicas: 1, max_replicas: 2}", "target_qps_per_replica is missing"},
      {"{min_replicas: 1, target_qps_per_replica: 1}", "max_replicas is missing"},
      {"{min_replicas: 1, target_concurrency_per_replica: 1}", "max_replicas is missing"},
      {"{min_replicas: 1.5}", "min_replicas: must be a whole number, is `1.5`"},
      {"{min_replicas: '1'}", "min_replicas: must be a whole number, is `1`"},
      {"{min_replicas: 99999}", "min_replicas: must be from 0 to 10000, is 99999"},
      {"{min_replicas: 1, max_replicas: 2, target_qps_per_replica: 0}", "must be at least 0.001"},
      {"{min_replicas: 1, max_replicas: 2, target_qps_per_replica: -1}", "must be from 0 to"},
      {"{min_replicas: 1, max_replicas: 2, target_qps_per_replica: {}}", "the map is empty"},
      {"{min_replicas: 1, max_replicas: 2, target_qps_per_replica: {T4: 0}}", "at least 0.001"},
      {"{min_replicas: 1, max_replicas: 2, target_qps_per_replica: {T4: 1}}",
       "needs service.load_balancing_policy: instance_aware_least_load"},
      {"{min_replicas: 1, max_replicas: 2, target_qps_per_replica: {T4: 1, t4: 2}}",
       "T4 is given twice"},
      {"{min_replicas: 1, max_replicas: 2, target_qps_per_replica: {T4: 1},"
       " base_ondemand_fallback_replicas: 1}",
       "cannot be combined with base_ondemand_fallback_replicas"},
      {"{min_replicas: 1, upscale_delay_seconds: -5}", "upscale_delay_seconds: must be from 0 to"},
      {"{min_replicas: 1, downscale_delay_seconds: -5}", "downscale_delay_seconds: must be from"},
      {"{min_replicas: 1, qps_window_seconds: 0}", "qps_window_seconds: must be from 1 to 3600"},
      {"{min_replicas: 1, num_overprovision: -1}", "num_overprovision: must be from 0"},
      {"{min_replicas: 1, base_ondemand_fallback_replicas: 1}", "needs resources.use_spot: true"},
      {"{min_replicas: 1, dynamic_ondemand_fallback: true}", "needs resources.use_spot: true"},
      {"{min_replicas: 1, dynamic_ondemand_fallback: 1}", "must be true or false, is `1`"},
      {"{min_replicas: 1, spot_placer: dynamic_fallback}", "needs resources.use_spot: true"},
      {"{min_replicas: 1, spot_placer: best}", "`best` is not known; one of: dynamic_fallback"},
      {"{min_replicas: 1, placement: spot_hedge}", "needs resources.use_spot: true"},
      {"{min_replicas: 1, placement: spot_hege}", "did you mean `spot_hedge`?"},
      {"{min_replicas: 1, placement: static_mixture, spot_placer: dynamic_fallback}",
       "spot_placer: dynamic_fallback asks for spot_hedge"},
      {"{min_replicas: 1, placement: hazard_hedge}", "needs resources.use_spot: true"},
      {"{min_replicas: 1, placement: 'hazard_hedge:extra=1'}", "no \"extra=1\"; it takes"},
      {"{min_replicas: 1, placement: 'spot_hedge:extra=2'}", "num_overprovision"},
      {"{min_replicas: 1, placement: 'static_mixture:extra=2'}", "num_overprovision"},
      {"{min_replicas: 1, placement: round_robin, spot_placer: dynamic_fallback}",
       "spot_placer: dynamic_fallback asks for spot_hedge"},
      {"{min_replicas: 1, placement: hazard_hedge, num_overprovision: 1}",
       "num_overprovision must be 0: placement hazard_hedge decides"},
      {"{min_replicas: 1, placement: age_gated, dynamic_ondemand_fallback: true}",
       "dynamic_ondemand_fallback must be false"},
      {"{min_replicas: 1, availability: 99.5}", "needs resources.use_spot: true"},
      {"{min_replicas: 1, availability: 100}", "percent, from 50 to 99.9999"},
      {"{min_replicas: 1, availability: 99.5, placement: even_spread}",
       "follows no stated availability"},
      {"{min_replicas: 1, availability: 99.5, placement: 'hazard_hedge:availability=99'}",
       "use one of the two"},
      {"{min_replicas: 1, queue_length_threshold: 1}", "queue_length_threshold: is for job pools"},
      {"{min_replicas: 1, qps_upper_threshold: 1}", "was removed from SkyServe"},
      {"{min_replicas: 1}\n  replicas: 2", "s.yaml:5: service.replicas: replica_policy is given"},
      {"{min_replicas: 1, max_replicas: 2, base_ondemand_fallback_replicas: 3}",
       "base_ondemand_fallback_replicas (3) is more than max_replicas (2)"},
  };
  check_all(mistakes, "run: x\nresources: {ports: 80}\nservice:\n  replica_policy: ", "\n");
}

BOOST_AUTO_TEST_CASE(a_spot_placer_wants_choices_that_differ_in_place_only) {
  const std::string error = error_of(
      "run: x\n"
      "resources: {ports: 80, use_spot: true, any_of: [{infra: aws, cpus: 4}, {infra: gcp}]}\n"
      "service:\n"
      "  replica_policy: {min_replicas: 1, spot_placer: dynamic_fallback}\n");

  BOOST_TEST(contains(error, "s.yaml:4: service.replica_policy.spot_placer: the choices in"),
             error);
}

BOOST_AUTO_TEST_CASE(a_variable_that_is_nearly_one_of_envs_is_a_mistake) {
  const std::string error = error_of(
      "envs: {MODEL_NAME: llama3}\n"
      "run: x\n"
      "resources: {ports: 80}\n"
      "service:\n"
      "  readiness_probe:\n"
      "    path: /\n"
      "    post_data: {model: $MODLE_NAME}\n");

  BOOST_TEST(contains(error,
                      "s.yaml:7: service.readiness_probe.post_data.model: $MODLE_NAME is not "
                      "in envs or secrets; did you mean `$MODEL_NAME`?"),
             error);
}

BOOST_AUTO_TEST_CASE(all_problems_are_told_at_once_and_at_most_twenty) {
  const std::string two = error_of("run: x\nresources: {ports: 0, cpu: 4}\nservice: {a: 1}\n");
  BOOST_TEST(contains(two, "s.yaml:2: resources.ports:"), two);
  BOOST_TEST(contains(two, "s.yaml:2: resources.cpu:"), two);
  BOOST_TEST(contains(two, "s.yaml:3: service.a:"), two);

  std::string many = "run: x\nresources: {ports: 80}\nservice:\n";
  for (int i = 0; i < 50; ++i) many += "  wrong" + std::to_string(i) + ": 1\n";
  const std::string error = error_of(many);
  BOOST_TEST(std::count(error.begin(), error.end(), '\n') == 20);
  BOOST_TEST(contains(error, "s.yaml: and 30 more"), error);
}

BOOST_AUTO_TEST_CASE(what_is_only_unsupported_has_its_own_code) {
  const auto loaded =
      load_service("num_nodes: 2\nrun: x\nresources: {ports: 80}\nservice: {}\n", "s.yaml", {});

  BOOST_REQUIRE(!loaded);
  BOOST_TEST((loaded.error().code == core::ErrorCode::unsupported));
}

BOOST_AUTO_TEST_CASE(values_of_secrets_are_in_no_message) {
  LoadOptions options;
  options.secrets = {{"KEY", "hunter2"}};
  const std::string error = error_of(
      "secrets:\n  KEY: null\n  OTHER: [hunter3]\nrun: x\nresources: {ports: 80}\n"
      "service: {readiness_probe: {path: $KEY, headers: {Host: $KEY}}}\n",
      options);

  BOOST_TEST(contains(error, "secrets.OTHER"), error);
  BOOST_TEST(!contains(error, "hunter"), error);
}

BOOST_AUTO_TEST_CASE(wrong_options_are_told_by_the_option) {
  const std::string file = "run: x\nresources: {ports: 80}\nservice: {}\n";
  LoadOptions options;
  options.overrides = {"replica_policy.min_replica=3"};
  BOOST_TEST(contains(error_of(file, options),
                      "--set: service.replica_policy.min_replica: unknown key; did you mean"));
  options.overrides = {"no_equals"};
  BOOST_TEST(contains(error_of(file, options), "--set: no_equals: must be KEY=VALUE"));
  options.overrides = {"run.x=1"};
  BOOST_TEST(contains(error_of(file, options), "--set: run.x: there is nothing at `x` to set"));
  options.overrides = {"replicas=[1"};
  BOOST_TEST(contains(error_of(file, options), "not YAML"));

  options = {};
  options.name = "9lives";
  BOOST_TEST(contains(error_of(file, options), "`9lives` is no service name"));
  options.name = "ends-";
  BOOST_TEST(contains(error_of(file, options), "`ends-` is no service name"));
}

BOOST_AUTO_TEST_CASE(size_depth_and_aliases_are_bounded) {
  BOOST_TEST(contains(error_of(std::string(1024 * 1024 + 1, ' ')), "larger than 1048576 bytes"));

  const std::string deep = "run: " + std::string(80, '[') + std::string(80, ']') + "\n";
  BOOST_TEST(contains(error_of(deep), "nested deeper than 64 levels"));
  const std::string deeper = "run: " + std::string(5000, '[') + std::string(5000, ']') + "\n";
  BOOST_TEST(contains(error_of(deeper), "s.yaml:1: n"));

  std::string laughs = "a: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    laughs += std::string(1, static_cast<char>('a' + i)) + ": &a" + std::to_string(i) + " [";
    for (int copy = 0; copy < 9; ++copy) laughs += (copy == 0 ? "" : ", ") + before;
    laughs += "]\n";
  }
  BOOST_TEST(contains(error_of(laughs), "more than 20000 values (aliases are copied in)"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters
