// One daemon's connection to one cloud: calls and answers that get lost, come late, twice, or in
// another order. Its client gives up after a while, as a real one does, and says `indeterminate`.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "adapters/cloud.h"
#include "test/sim/clouds.h"
#include "test/sim/process.h"
#include "test/sim/witness.h"

namespace sky::sim {

class CloudAdapter final : public adapters::Cloud {
 public:
  // Takes news, and answers that arrive once more, past the adapter's own book-keeping.
  using OnEcho = std::function<void(core::InputBody)>;

  CloudAdapter(Process& process, Clouds& clouds, Witness& witness, std::string name,
               MutationSet mutations, OnEcho on_echo);

  std::string name() const override { return name_; }
  void launch(const core::LaunchInstance& order, const adapters::Secrets& secrets,
              adapters::LaunchDone done) override;
  void terminate(const core::TerminateInstance& order, adapters::TerminateDone done) override;
  void terminate_orphan(const core::TerminateOrphan& order, adapters::TerminateDone done) override;
  void list(adapters::ListDone done) override;
  void preempt(const core::PreemptInstance& order) override;

  void hear(const core::InstanceChanged& news);  // what the cloud tells by itself

 private:
  // One call under way: answered once, by the cloud or by the client's patience.
  template <class Outcome>
  struct Call {
    bool is_answered = false;
    std::function<void(Outcome)> done;
  };
  template <class Outcome>
  using CallPtr = std::shared_ptr<Call<Outcome>>;

  core::Duration travel();  // of one message, one way
  bool is_lost();
  bool is_doubled();
  template <class Outcome>
  CallPtr<Outcome> begin(std::function<void(Outcome)> done);
  void send(std::function<void()> arrive);  // to the cloud, in its own time
  template <class Outcome>
  void answer(const CallPtr<Outcome>& call, core::Duration wait, Outcome outcome);
  template <class Outcome>
  void finish(const CallPtr<Outcome>& call, Outcome outcome);

  Process& process_;
  Clouds& clouds_;
  Witness& witness_;
  const std::string name_;
  const MutationSet mutations_;
  const OnEcho on_echo_;
  std::map<std::string, std::uint32_t> calls_;  // by token
};

}  // namespace sky::sim
