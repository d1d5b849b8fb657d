#include "adapters/prober.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/check.h"

namespace sky::adapters {
namespace {

constexpr std::size_t max_kept_body_bytes = std::size_t{64} << 10;

core::ProbeAnswered judged(const HttpResponse& response) {
  core::ProbeAnswered answer;
  answer.http_status = response.status;
  answer.latency = response.total;
  answer.ok = response.error == HttpError::none && response.status == 200;
  if (answer.ok) return answer;
  answer.error = response.error != HttpError::none
                     ? response.error_text
                     : "answered " + std::to_string(response.status) + ", not 200";
  return answer;
}

HttpRequest request_of(const ProbeTask& task) {
  HttpRequest request;
  request.method = task.method;
  const bool is_ipv6 = task.host.find(':') != std::string::npos;
  request.url = "http://" + (is_ipv6 ? "[" + task.host + "]" : task.host) + ":" +
                std::to_string(task.port) + task.path;
  request.headers = task.headers;
  request.body = task.body;
  request.connect_timeout = task.timeout;
  request.timeout = task.timeout;
  request.max_body_bytes = max_kept_body_bytes;
  request.keep_reading_past_limit = true;
  // A kept connection would not notice a server that takes no new ones.
  request.fresh_connection = true;
  return request;
}

}  // namespace

struct Prober::Probe {
  Probe(core::Scheduler& scheduler, ProbeTask wanted, std::uint64_t number)
      : task(std::move(wanted)), generation(number), timer(scheduler.make_alarm()) {}

  ProbeTask task;
  std::uint64_t generation;  // answers of an earlier task of the same replica are not ours
  std::unique_ptr<core::Alarm> timer;
  HttpSender::RequestId request = 0;  // nonzero: under way
  bool is_due = false;  // the interval passed while it was under way
};

Prober::Prober(core::Scheduler& scheduler, HttpSender& sender, OnResult on_result)
    : scheduler_(scheduler),
      sender_(sender),
      on_result_(std::move(on_result)),
      is_alive_(std::make_shared<bool>(true)) {}

Prober::~Prober() {
  *is_alive_ = false;
  for (auto& [key, probe] : std::exchange(probes_, {}))
    if (probe->request != 0) sender_.cancel(probe->request);
}

void Prober::set_tasks(const std::vector<ProbeTask>& tasks) {
  std::set<Key> wanted;
  for (const ProbeTask& task : tasks) {
    const Key key{task.service, task.replica};
    SKY_CHECK(wanted.insert(key).second, "a replica is probed by one task");
    std::unique_ptr<Probe>& probe = probes_[key];
    if (probe && probe->task == task) continue;
    if (probe && probe->request != 0) sender_.cancel(probe->request);
    probe = std::make_unique<Probe>(scheduler_, task, ++generation_);
    ask(*probe);
  }
  for (auto it = probes_.begin(); it != probes_.end();) {
    if (wanted.count(it->first) != 0) {
      ++it;
      continue;
    }
    if (it->second->request != 0) sender_.cancel(it->second->request);
    it = probes_.erase(it);
  }
}

void Prober::probe_now(const core::ServiceName& service, core::ReplicaId replica) {
  const auto found = probes_.find({service, replica});
  if (found != probes_.end() && found->second->request == 0) ask(*found->second);
}

void Prober::ask(Probe& probe) {
  const Key key{probe.task.service, probe.task.replica};
  const std::uint64_t generation = probe.generation;
  probe.is_due = false;
  probe.request = sender_.send(request_of(probe.task),
                               [this, alive = is_alive_, key, generation](HttpResponse answer) {
                                 if (*alive) answered(key, generation, answer);
                               });
  probe.timer->start(probe.task.interval, [this, &probe] {
    if (probe.request == 0) return ask(probe);
    probe.is_due = true;
  });
}

void Prober::answered(const Key& key, std::uint64_t generation, const HttpResponse& response) {
  const auto found = probes_.find(key);
  if (found == probes_.end() || found->second->generation != generation) return;
  found->second->request = 0;
  // The callback may change the tasks: what is needed after it is asked first.
  if (found->second->is_due) ask(*found->second);
  on_result_({key.first, key.second, judged(response)});
}

}  // namespace sky::adapters
