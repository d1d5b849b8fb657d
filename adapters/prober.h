// Readiness probes: asks every replica at its own interval and reports each answer.
//
// The list of tasks is the whole truth: set_tasks() makes the timers agree with it, and what did
// not change keeps its rhythm. A new task is probed at once, the next probe comes one interval
// after the last one began, or when that one ends if it took longer: a replica has at most one
// probe under way, so a slow one delays nobody. Judges nothing but "200 within the time limit".
// Loop thread. Bodies beyond 64 KiB are thrown away.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapters/http_sender.h"
#include "core/input.h"
#include "core/scheduler.h"

namespace sky::adapters {

struct ProbeTask {
  core::ServiceName service;
  core::ReplicaId replica;
  std::uint32_t attempt = 0;  // another attempt is another machine: the probing begins anew
  std::string host;
  std::uint16_t port = 0;
  std::string method = "GET";
  std::string path = "/";
  std::vector<std::string> headers;  // "Name: value", secrets put in
  std::string body;  // secrets put in
  core::Duration timeout = core::seconds(15);
  core::Duration interval = core::seconds(10);
  bool operator==(const ProbeTask&) const = default;
};

class Prober {
 public:
  using OnResult = std::function<void(core::ProbeReturned)>;

  // `scheduler` and `sender` outlive it. Destroyed outside of its callback; nobody is called then.
  Prober(core::Scheduler& scheduler, HttpSender& sender, OnResult on_result);
  ~Prober();
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  void set_tasks(const std::vector<ProbeTask>& tasks);
  // Asks now, unless it is being asked at this moment; a replica without a task is ignored.
  void probe_now(const core::ServiceName& service, core::ReplicaId replica);

  std::size_t task_count() const { return probes_.size(); }

 private:
  struct Probe;
  using Key = std::pair<core::ServiceName, core::ReplicaId>;

  void ask(Probe& probe);
  void answered(const Key& key, std::uint64_t generation, const HttpResponse& response);

  core::Scheduler& scheduler_;
  HttpSender& sender_;
  OnResult on_result_;
  std::map<Key, std::unique_ptr<Probe>> probes_;
  std::uint64_t generation_ = 0;
  std::shared_ptr<bool> is_alive_;  // answers may come after our end
};

}  // namespace sky::adapters
