// Carries out what the events of a step asked of the outside world, and turns every outcome into
// an Input.
//
// It is given an effect only when the events that caused it are durable. It decides nothing: it
// finds the cloud by the place's name, puts the secrets in, and reports. A cloud that is not
// configured answers `unsupported`. The same launch twice in flight is one launch with one answer.
// Loop thread; the sink is never called from inside run().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "adapters/cloud.h"
#include "core/effect.h"
#include "core/input.h"
#include "core/result.h"
#include "core/scheduler.h"

namespace sky::adapters {

class EffectRunner {
 public:
  using Sink = std::function<void(core::InputBody)>;
  using Now = std::function<core::Instant()>;  // the log clock
  using SecretsOf = std::function<core::Result<Secrets>(const core::ServiceName&, core::Version)>;
  using ProbeNow = std::function<void(const core::ServiceName&, core::ReplicaId)>;

  struct Edges {
    core::Scheduler& scheduler;
    SecretsOf secrets;
    ProbeNow probe_now;
    Now now;
    Sink sink;
  };

  // Everything borrowed outlives it.
  explicit EffectRunner(Edges edges);
  ~EffectRunner();
  EffectRunner(const EffectRunner&) = delete;
  EffectRunner& operator=(const EffectRunner&) = delete;

  // Sandbox clouds and real ones are told apart by the effect: a launch with spec.sandbox.enabled
  // goes to a sandbox cloud only, and no other launch ever does.
  void add_cloud(Cloud& cloud, bool is_sandbox);

  void run(const core::Effect& effect);

 private:
  struct Entry {
    Cloud* cloud = nullptr;
    bool is_sandbox = false;
  };
  using LaunchKey = std::tuple<core::ServiceName, core::ReplicaId, std::uint32_t>;

  void launch(const core::LaunchInstance& order);
  void terminate(const core::TerminateInstance& order);
  void sweep();
  void terminate_orphan(const core::TerminateOrphan& order);
  void preempt(const core::PreemptInstance& order);
  Cloud* find(const std::string& name, bool is_sandbox) const;
  void answer_later(core::InputBody body);

  Edges edges_;
  std::vector<Entry> clouds_;
  std::set<LaunchKey> launching_;
  std::shared_ptr<bool> is_alive_;  // callbacks of clouds may come after our end
};

}  // namespace sky::adapters
