#include <algorithm>

#include "projections/decide.h"
#include "projections/scale_signal.h"

namespace sky::projections {
namespace {

using core::Direction;
using core::ScaleVerdict;

std::string rate_text(core::MilliRps rate) {
  const std::int64_t tenths = (rate.value + 50) / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

std::string seconds_text(core::Duration duration) {
  return std::to_string(core::whole_seconds(duration)) + " s";
}

class Scaler {
 public:
  Scaler(Recorder& recorder, const ServiceState& service)
      : recorder_(recorder),
        service_(service),
        policy_(service.spec().replicas),
        signal_(service, recorder.now()),
        load_(signal_.load()),
        wanted_(signal_.wanted()),
        limited_(core::within_limits(policy_, wanted_)) {}

  void decide() {
    if (service_.evaluated_version != service_.version) return decide_new_version();
    if (!signal_.is_scaled()) {
      if (limited_ != service_.target) move_to(limited_, "a fixed number of replicas", {});
      return;
    }
    if (service_.target == 0 && limited_ > 0) {
      move_to(limited_, "the first request wakes it", {});
    } else {
      decide_by_vote();
    }
    keep_evaluating();
  }

 private:
  void decide_new_version() {
    std::uint32_t target = limited_;
    const bool is_first = !service_.evaluated_version;
    if (!is_first && signal_.is_scaled() && service_.load.is_blind(signal_.second()))
      target = std::max(target, core::within_limits(policy_, service_.target));
    move_to(target, is_first ? "the service begins" : "a new version: asked again", {});
    if (signal_.is_scaled()) keep_evaluating();
  }

  void decide_by_vote() {
    const ScaleVerdict last = service_.last_evaluation.verdict;
    const bool waits_up = last == ScaleVerdict::waiting_to_raise;
    const bool waits_down = last == ScaleVerdict::waiting_to_lower;
    if (limited_ == service_.target && !waits_up && !waits_down) return;
    Direction direction = waits_up ? Direction::up : Direction::down;
    if (limited_ != service_.target)
      direction = limited_ > service_.target ? Direction::up : Direction::down;
    const core::Vote now = signal_.vote(direction);
    const bool is_up = direction == Direction::up;
    if (now.is_carried) {
      move_to(now.target, agreed_text(now, direction), now, direction);
    } else if (now.is_waiting) {
      if (is_up ? waits_up : waits_down) return;
      if ((is_up ? waits_down : waits_up) &&
          signal_.vote(is_up ? Direction::down : Direction::up).is_waiting)
        return;
      note(is_up ? ScaleVerdict::waiting_to_raise : ScaleVerdict::waiting_to_lower, now, direction,
           agreed_text(now, direction));
    } else if (waits_up || waits_down) {
      note(ScaleVerdict::settled, now, direction, "the wait is over: " + needs_text());
    }
  }

  std::string needs_text() const {
    std::string text = rate_text(core::rate_of(load_.arrivals, policy_.qps_window)) + " QPS over " +
                       seconds_text(policy_.qps_window);
    if (policy_.target_concurrency_per_replica)
      text += " and " + std::to_string(load_.in_flight + load_.held) + " running or held";
    text += wanted_ == 1 ? " needs 1" : " needs " + std::to_string(wanted_);
    if (limited_ < wanted_) text += ", limited to " + std::to_string(limited_);
    if (limited_ > wanted_) text += ", at least " + std::to_string(limited_);
    return text;
  }

  std::string agreed_text(const core::Vote& vote, Direction direction) const {
    const core::Duration whole = signal_.delay(direction);
    if (whole <= core::Duration{0}) return needs_text();
    const core::Duration agreed{whole.count() / 100 * vote.percent};
    return needs_text() + "; " + seconds_text(agreed) + " of " + seconds_text(whole) + " agreed";
  }

  core::ScaleEvaluated evaluation(const core::Vote& vote, Direction direction) const {
    core::ScaleEvaluated body;
    const bool is_scaled = signal_.is_scaled();
    body.policy = !is_scaled                                   ? "fixed"
                  : policy_.target_qps_per_accelerator.empty() ? "request_rate"
                                                               : "instance_aware";
    body.window = is_scaled ? policy_.qps_window : core::Duration{0};
    if (is_scaled) body.rate = core::rate_of(load_.arrivals, policy_.qps_window);
    body.in_flight = load_.in_flight;
    body.held = load_.held;
    body.wanted = wanted_;
    body.lower_limit = policy_.min_replicas;
    body.upper_limit = policy_.upper_limit();
    body.target_before = body.target_after = service_.target;
    body.votes = vote.percent;
    body.votes_needed = is_scaled ? core::vote_share_percent : 0;
    body.delay = is_scaled ? signal_.delay(direction) : core::Duration{0};
    return body;
  }

  void move_to(std::uint32_t target, std::string reason, const core::Vote& vote,
               Direction direction = Direction::up) {
    core::ScaleEvaluated body = evaluation(vote, direction);
    body.target_after = target;
    body.verdict = target > service_.target   ? ScaleVerdict::raised
                   : target < service_.target ? ScaleVerdict::lowered
                                              : ScaleVerdict::settled;
    body.reason = std::move(reason);
    record(std::move(body));
  }

  void note(ScaleVerdict verdict, const core::Vote& vote, Direction direction, std::string reason) {
    core::ScaleEvaluated body = evaluation(vote, direction);
    body.verdict = verdict;
    body.reason = std::move(reason);
    record(std::move(body));
  }

  void record(core::ScaleEvaluated body) {
    const bool is_new = service_.evaluated_version != service_.version;
    const core::Seq cause =
        is_new || !service_.load.newest ? service_.fleet_cause : service_.load.newest;
    recorder_.record({service_.name, {}, cause}, std::move(body));
  }

  void keep_evaluating() {
    const ScaleVerdict verdict = service_.last_evaluation.verdict;
    const bool waits =
        verdict == ScaleVerdict::waiting_to_raise || verdict == ScaleVerdict::waiting_to_lower;
    const bool is_settled = limited_ == service_.target && !waits;
    if (load_.is_idle() && is_settled) return;
    recorder_.wake(service_.name, start_of(signal_.second() + 1));
  }

  Recorder& recorder_;
  const ServiceState& service_;
  const core::ReplicaPolicy& policy_;
  ScaleSignal signal_;
  core::Load load_;
  std::uint32_t wanted_;
  std::uint32_t limited_;
};

}  // namespace

void decide_scale(Recorder& recorder, const core::ServiceName& name) {
  const ServiceState& service = *recorder.service(name);
  if (!service.removal_requested) Scaler(recorder, service).decide();
}

}  // namespace sky::projections
