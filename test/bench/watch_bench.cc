// How fast the frames of a watch become fates, and what a watched pod costs in memory.
//
// The frames are those of a real server: a pod of ours as 1.20 and later send it, managedFields
// (more than half of it) included, of a thousand pods in turn.

#include <malloc.h>

#include <memory>
#include <string>
#include <vector>

#include "adapters/kubernetes/frames.h"
#include "adapters/kubernetes/pod.h"
#include "adapters/kubernetes/pod_fate.h"
#include "adapters/kubernetes/recipe.h"
#include "test/bench/measure.h"

namespace sky::bench {
namespace {

namespace kubernetes = adapters::kubernetes;

constexpr int pods = 1000;
constexpr int rounds = 7;

core::LaunchInstance order_of(int number) {
  core::LaunchInstance order;
  order.service = "llama3";
  order.replica = {static_cast<std::uint32_t>(number)};
  order.attempt = 1;
  order.token = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
  order.offer.accelerator = {"T4", 1};
  order.offer.vcpus = 4;
  order.offer.memory_mib = 16384;
  order.spec.resources.port = 8888;
  order.spec.resources.choices.emplace_back();
  order.spec.task.run = "exec python3 -m vllm.entrypoints.openai.api_server --model $MODEL_NAME";
  for (int i = 0; i < 8; ++i)
    order.spec.task.envs.emplace_back("NAME_" + std::to_string(i), "a value of usual length");
  return order;
}

// Who wrote which field, as a server keeps it.
std::string managed_fields() {
  std::string text = R"([{"manager":"skyctl","operation":"Apply","apiVersion":"v1","fieldsV1":{)";
  for (int i = 0; i < 60; ++i)
    text += (i == 0 ? "" : ",") + std::string("\"f:field") + std::to_string(i) +
            "\":{\"f:name\":{},\"f:value\":{},\".\":{}}";
  return text + "}}]";
}

std::string frame_of(int number, int version) {
  const kubernetes::Labels labels{"1f2e3d4c5b6a79880011223344556677", "llama3"};
  const core::LaunchInstance order = order_of(number);
  std::string pod = *kubernetes::pod_json({order, labels, "uid", {}, {}, false, {}});
  pod.pop_back();
  pod += R"(,"status":{"phase":"Running","podIP":"10.1.2.3","hostIP":"10.0.0.4","conditions":[)"
         R"({"type":"Initialized","status":"True"},{"type":"Ready","status":"True"},)"
         R"({"type":"ContainersReady","status":"True"},{"type":"PodScheduled","status":"True"}],)"
         R"("containerStatuses":[{"name":"replica","ready":true,"restartCount":0,"state":)"
         R"({"running":{"startedAt":"2026-11-27T03:00:00Z"}}}]}})";
  const std::string mark = "\"metadata\":{";
  pod.insert(pod.find(mark) + mark.size(), "\"resourceVersion\":\"" + std::to_string(version) +
                                               "\",\"uid\":\"4f7c1a52-7f0b-4f5e-9d3b-3e5a\","
                                               "\"managedFields\":" +
                                               managed_fields() + ",");
  return R"({"type":"MODIFIED","object":)" + pod + "}\n";
}

struct Held {
  kubernetes::Pod pod;
  std::string version;
};

std::size_t fold(const std::string& stream, std::vector<std::unique_ptr<Held>>& held) {
  kubernetes::FrameSplitter splitter;
  std::size_t running = 0, number = 0;
  constexpr std::size_t piece = 16384;  // as libcurl hands it on
  for (std::size_t at = 0; at < stream.size(); at += piece)
    splitter.feed(std::string_view(stream).substr(at, piece), [&](std::string_view line) {
      const auto frame = kubernetes::read_frame(line);
      auto pod = kubernetes::read_pod(frame->view());
      running += kubernetes::judge_pod(*pod, nullptr).kind == kubernetes::FateKind::running;
      held[number % pods] = std::make_unique<Held>(Held{std::move(*pod), frame->version()});
      ++number;
    });
  return running;
}

void run() {
  std::string stream;
  for (int version = 0; version < 10 * pods; ++version) stream += frame_of(version % pods, version);
  std::vector<std::unique_ptr<Held>> held(pods);
  std::vector<double> rates;
  std::size_t running = 0;
  for (int round = 0; round < rounds; ++round) {
    const double began = thread_cpu_seconds();
    running = fold(stream, held);
    rates.push_back(10.0 * pods / (thread_cpu_seconds() - began) / 1000.0);
  }
  if (running != std::size_t{10} * pods) std::abort();  // not all of them were read right
  tell("watch events folded, a second of one core", "k/s", rates, at_least(20));
  tell("size of a watched pod's event", "bytes",
       {static_cast<double>(stream.size()) / (10.0 * pods)});
  const std::size_t with = mallinfo2().uordblks;
  held.clear();
  const std::size_t without = mallinfo2().uordblks;
  tell("memory of a watched pod", "bytes", {static_cast<double>(with - without) / pods});
}

}  // namespace
}  // namespace sky::bench

int main() { sky::bench::run(); }
