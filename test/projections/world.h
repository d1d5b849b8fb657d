// A small world around `step`: a cloud, a prober, an endpoint and a clock, all scripted, so that a
// test tells a story in a few lines. Deterministic. After every step it checks what must hold
// always (test/projections/world.cc, check_step).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/effect.h"
#include "core/input.h"
#include "projections/model.h"
#include "projections/step.h"

namespace sky::projections {

inline const core::LogId world_log_id = "00112233445566778899aabbccddeeff";

core::Offer offer(const std::string& cloud, const std::string& zone, core::Market market,
                  std::int64_t milli_usd);
// A Kubernetes cluster for nothing, three spot zones (a at $0.10, b at $0.11, c at $0.12), and two
// on-demand zones at $0.50 and $0.55; T4 each.
std::vector<core::Offer> usual_offers();
// Two base replicas, up to four, one request a second each; delays of 10 s and 30 s, window 10 s.
core::ServiceSpec usual_spec(const std::string& name = "llama");
// The same with exactly one replica, in the burst pool.
core::ServiceSpec one_replica(bool is_spot);

struct Machine {
  std::string id;
  core::ServiceName service;
  core::ReplicaId replica;
  std::uint32_t attempt = 0;
  core::Offer offer;
  core::Instant ready_at;
  bool answers = true;  // its server does, once ready
};

class World {
 public:
  explicit World(std::vector<core::Offer> offers = usual_offers());

  // What the clouds and the endpoint do; change at will.
  core::Duration provisioning = core::seconds(2);
  core::Duration startup = core::seconds(3);  // from the machine to the first good probe
  core::Duration draining = core::seconds(1);
  core::Duration terminating = core::seconds(1);
  std::function<std::optional<core::Failure>(const core::LaunchInstance&)> refuse;
  std::function<bool(const core::LaunchInstance&)> crashes;  // its server never answers
  std::function<std::optional<core::Failure>(const core::TerminateInstance&)> keep;
  std::map<core::ServiceName, std::uint32_t> arrivals;  // a second, sampled each second
  core::Duration probing = core::seconds(1);  // how often every replica is asked

  // One observation, now. Effects are carried out by the world.
  Step send(core::InputBody body);
  void up(core::ServiceSpec spec);
  void pass(core::Duration time);
  // The process dies and comes back: the model is folded anew from the events.
  void restart(core::Duration away = core::seconds(1));

  const ServiceState& service(const std::string& name = "llama") const;
  bool has(const std::string& name = "llama") const { return model.services.contains(name); }
  const Replica& replica(std::uint32_t id, const std::string& name = "llama") const;
  std::size_t count(core::Phase phase, const std::string& name = "llama") const;
  std::size_t live(const std::string& name = "llama") const;
  core::Instant now() const { return now_; }

  template <class Body>
  std::vector<core::Event> all() const {
    std::vector<core::Event> found;
    for (const core::Event& event : events)
      if (std::holds_alternative<Body>(event.body)) found.push_back(event);
    return found;
  }
  template <class Body>
  const Body& last() const {
    return std::get<Body>(last_event<Body>().body);
  }
  template <class Body>
  const core::Event& last_event() const {
    for (auto one = events.rbegin(); one != events.rend(); ++one)
      if (std::holds_alternative<Body>(one->body)) return *one;
    throw std::string("no such event");  // fails the test
  }
  const core::Event& event(core::Seq seq) const { return events.at(seq.value - 1); }
  // The names of the events from this one back to the outside world.
  std::vector<std::string> chain(core::Seq seq) const;

  Machine* machine(std::uint32_t replica, const std::string& name = "llama");
  // The cloud says so, the machine goes (a notice: when its time is over).
  void change(std::uint32_t replica, core::InstanceChange change,
              core::Duration notice = core::seconds(0));

  Model model;
  std::vector<core::Event> events;
  std::map<std::string, Machine> machines;  // by launch token
  std::vector<core::Offer> offers;
  std::size_t launches = 0;  // calls, repeated ones too
  std::size_t most_live = 0;  // of any service at any time

 private:
  void later(core::Duration delay, std::function<void()> task);
  void carry_out(const core::Effect& effect);
  void launch(const core::LaunchInstance& order);
  void terminate(const core::TerminateInstance& order);
  void sweep();
  void follow_probes();
  void sample();
  void check_step(const Step& step, const core::InputBody& body);

  core::Instant now_{core::seconds(1'000'000)};
  std::multimap<core::Instant, std::function<void()>> agenda_;
  std::optional<core::Instant> wake_at_;
  std::uint64_t epoch_ = 0;
  std::uint64_t life_ = 0;  // answers meant for an earlier process are lost
};

}  // namespace sky::projections
