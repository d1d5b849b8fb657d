#include "test/sim/cloud_adapter.h"

#include <utility>
#include <variant>

namespace sky::sim {
namespace {

using core::Duration;
using core::Failure;
using core::FailureKind;
using core::FailureScope;
using core::seconds;

using LaunchOutcome = std::variant<core::ProvisionSucceeded, Failure>;
using TerminateOutcome = std::variant<std::monostate, Failure>;
using ListOutcome = std::variant<std::vector<core::ListedInstance>, Failure>;

Failure unanswered() {
  return {FailureKind::indeterminate, FailureScope::request, "no answer in time", Duration{0}};
}

}  // namespace

CloudAdapter::CloudAdapter(Process& process, Clouds& clouds, Witness& witness, std::string name,
                           MutationSet mutations, OnEcho on_echo)
    : process_(process),
      clouds_(clouds),
      witness_(witness),
      name_(std::move(name)),
      mutations_(mutations),
      on_echo_(std::move(on_echo)) {}

Duration CloudAdapter::travel() {
  Random& random = clouds_.random;
  if (random.percent(clouds_.faults.late_percent)) {
    clouds_.count("message late");
    return random.between(seconds(1), seconds(100));
  }
  return random.between(core::milliseconds(5), core::milliseconds(300));
}

bool CloudAdapter::is_lost() {
  const bool is_so = clouds_.random.percent(clouds_.faults.lost_percent);
  if (is_so) clouds_.count("message lost");
  return is_so;
}

bool CloudAdapter::is_doubled() {
  const bool is_so = clouds_.random.percent(clouds_.faults.doubled_percent);
  if (is_so) clouds_.count("message told twice");
  return is_so;
}

template <class Outcome>
CloudAdapter::CallPtr<Outcome> CloudAdapter::begin(std::function<void(Outcome)> done) {
  process_.edge();
  auto call = std::make_shared<Call<Outcome>>();
  call->done = std::move(done);
  const Duration patience = clouds_.random.between(seconds(50), seconds(120));
  process_.later(patience, [this, call] { finish<Outcome>(call, unanswered()); });
  return call;
}

void CloudAdapter::send(std::function<void()> arrive) {
  if (!is_lost()) process_.agenda().after(travel(), std::move(arrive));
  process_.edge();
}

template <class Outcome>
void CloudAdapter::answer(const CallPtr<Outcome>& call, Duration wait, Outcome outcome) {
  if (is_lost()) return;
  process_.later(wait + travel(),
                 [this, call, outcome = std::move(outcome)] { finish<Outcome>(call, outcome); });
}

template <class Outcome>
void CloudAdapter::finish(const CallPtr<Outcome>& call, Outcome outcome) {
  if (std::exchange(call->is_answered, true)) return;
  process_.edge();
  if (mutations_.has(Mutation::answer_dropped) && clouds_.random.percent(10)) return;
  call->done(std::move(outcome));
}

void CloudAdapter::launch(const core::LaunchInstance& order, const adapters::Secrets& secrets,
                          adapters::LaunchDone done) {
  witness_.launch_called(order);
  const auto call = begin<LaunchOutcome>(std::move(done));
  const bool is_again = ++calls_[order.token] > 1;
  std::string token = order.token;
  if (is_again && mutations_.has(Mutation::token_not_repeated)) token += "-again";
  send([this, alive = process_.life(), &clouds = clouds_, order, secrets, token, call] {
    Clouds::Launch launched = clouds.launch(order, token);
    if (!*alive) return;
    LaunchOutcome outcome = launched.failure;
    Duration wait{0};
    if (const Machine* machine = launched.machine) {
      outcome = core::ProvisionSucceeded{order.attempt, machine->id, machine->host, 8080};
      wait = std::max(wait, machine->runs_at - process_.agenda().now());
    } else if (mutations_.has(Mutation::secret_told) && !secrets.empty()) {
      std::get<Failure>(outcome).text += ": " + secrets.front().second;
    }
    answer(call, wait, outcome);
    if (!is_doubled()) return;
    process_.later(wait + travel(), [this, order, outcome] {
      on_echo_(core::LaunchAnswered{order.service, order.replica, order.attempt, outcome});
    });
  });
}

void CloudAdapter::terminate(const core::TerminateInstance& order, adapters::TerminateDone done) {
  witness_.termination_called(order.token);
  const auto call = begin<TerminateOutcome>(std::move(done));
  send([this, alive = process_.life(), &clouds = clouds_, order, call] {
    const TerminateOutcome outcome = clouds.terminate(order.token);
    if (!*alive) return;
    answer(call, Duration{0}, outcome);
    if (!is_doubled()) return;
    process_.later(travel(), [this, order, outcome] {
      on_echo_(core::TerminateAnswered{order.service, order.replica, outcome});
    });
  });
}

void CloudAdapter::terminate_orphan(const core::TerminateOrphan& order,
                                    adapters::TerminateDone done) {
  const auto call = begin<TerminateOutcome>(std::move(done));
  send([this, alive = process_.life(), &clouds = clouds_, order, call] {
    const TerminateOutcome outcome = clouds.terminate_by_id(order.instance_id);
    if (*alive) answer(call, Duration{0}, outcome);
  });
}

void CloudAdapter::list(adapters::ListDone done) {
  if (mutations_.has(Mutation::sweep_skipped)) return;
  const auto call = begin<ListOutcome>(std::move(done));
  send([this, alive = process_.life(), &clouds = clouds_, call] {
    if (*alive) answer(call, Duration{0}, ListOutcome(clouds.list(name_)));
  });
}

void CloudAdapter::preempt(const core::PreemptInstance& order) {
  process_.edge();
  send([&clouds = clouds_, token = order.token] {
    for (Machine* machine : clouds.living())
      if (machine->token == token) return clouds.preempt(*machine, seconds(30));
  });
}

void CloudAdapter::hear(const core::InstanceChanged& news) {
  if (is_lost()) return;
  process_.later(travel(), [this, news] { on_echo_(news); });
  if (is_doubled()) process_.later(travel(), [this, news] { on_echo_(news); });
}

}  // namespace sky::sim
