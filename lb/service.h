// One service on one loop: its replicas, who gets the next request, who waits, what is counted.
//
// What must be exact for all loops together is in its SharedService. Outlives its clients'
// connections. Replicas are known by their id, never by address: one that leaves and comes back
// with its old id keeps its counts. Loop thread.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/input.h"
#include "core/routing.h"
#include "lb/affinity.h"
#include "lb/api_keys.h"
#include "lb/meter.h"
#include "lb/pick.h"
#include "lb/replica.h"
#include "lb/shared_service.h"

namespace sky::lb {

// What the balancer saw, on its way to the control plane. Called on the loop; must not call back.
using Report = std::function<void(core::InputBody)>;

class Exchange;

class Service final : public ReplicaOwner {
 public:
  Service(Worker& worker, core::ServiceName name, Report report,
          std::shared_ptr<SharedService> shared);
  ~Service() override;

  void update(const core::RoutedService& routed);
  void stop();  // removed: no more replicas; those who wait are told

  const core::ServiceName& name() const { return name_; }
  SharedService& shared() { return *shared_; }
  const core::LoadBalancerSpec& spec() const override { return routed_.balancer; }
  Meter& meter() { return meter_; }
  const Meter::Totals& totals() const { return meter_.totals(); }

  struct Choice {
    Replica* replica = nullptr;  // none: no replica can be chosen now
    PickReason reason = PickReason::none;
  };
  // The one to try, not in `tried`. Nobody overtakes those who wait, on whichever loop.
  Choice choose(std::span<const core::ReplicaId> tried, const AffinityKey& key);
  bool has_other(core::ReplicaId than, std::span<const core::ReplicaId> tried) const;

  // Counts a request that is repeated, while the token is held; an empty one
  // when too many are: a fifth of what runs, three at least (Envoy's budget).
  InFlight::Token enter_retry();

  bool has_api_keys() const { return keys_.are_needed(); }
  bool admits(const MessageHead& head) const { return keys_.admit(head); }

  // What an exchange saw of its replica, which may be gone meanwhile.
  void note_outcome(core::ReplicaId replica, bool good);
  void note_first_byte(core::ReplicaId replica, core::Duration took);
  void note_piece(core::ReplicaId replica, TokenMeter& meter, std::string_view piece,
                  core::Duration now);
  void count_tokens(core::ReplicaId replica, const TokenCounts& counts);
  ModelTotals model_totals() const;  // of all replicas there were
  // A request waits until a replica can be chosen. False: too many wait already.
  bool hold(Exchange& exchange);
  void leave_hold(Exchange& exchange);
  void count_shed(Cause cause);
  void on_woken();  // by a loop that knows of room, and of nobody who waits for longer
  std::int64_t retry_after_seconds() const;  // from what the control plane expects; else a guess

  MeterPart on_second();  // once a second: what happened on this loop since the last one
  void report_again();  // what a control plane that was away may have missed

  std::uint32_t in_flight() const;  // of this loop
  std::uint32_t held() const { return static_cast<std::uint32_t>(held_.size()); }
  const std::map<core::ReplicaId, std::unique_ptr<Replica>>& replicas() const { return replicas_; }

 private:
  class Unwatched final : public InFlight::Observer {
    void on_none_in_flight() override {}
  };

  void on_choice_changed() override;
  void on_slot_free() override;
  bool may_fail(core::ReplicaId replica) const override;
  bool can_choose() const;
  std::optional<std::size_t> home_of_request(std::span<const core::ReplicaId> tried,
                                             const AffinityKey& key, PickReason& reason);
  void release_held();
  void wake_others();
  void on_replica_changed(core::ReplicaId replica, core::EndpointChange change,
                          const std::string& reason) override;
  void on_replica_unused(core::ReplicaId replica) override;
  void on_replica_trouble(core::ReplicaId replica, Trouble trouble) override;
  std::size_t loops() const override { return shared_->loops(); }
  std::int64_t weight_of(const core::Route& route) const;
  void report_hold();
  void report_sheds();

  Worker& worker_;
  const core::ServiceName name_;
  Report report_;
  const std::shared_ptr<SharedService> shared_;
  core::RoutedService routed_;
  Meter meter_;
  Picker picker_{core::BalancingPolicy::least_load};
  std::map<core::ReplicaId, std::unique_ptr<Replica>> replicas_;
  std::vector<Replica*> choosable_;
  std::vector<Candidate> candidates_;  // scratch of choose()
  std::vector<Replica*> candidate_replicas_;
  ApiKeys keys_;
  ModelTotals gone_totals_;  // of replicas that are no more
  Unwatched unwatched_;
  InFlight retries_{unwatched_, shared_->retries};
  std::shared_ptr<Service*> self_ = std::make_shared<Service*>(this);  // for what is posted
  bool is_releasing_ = false;
  std::list<Exchange*> held_;  // in order of arrival
  std::uint32_t shed_by_timeout_ = 0;
  std::uint32_t shed_by_limit_ = 0;
};

}  // namespace sky::lb
