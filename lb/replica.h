// One replica as one loop sees it: its connections, its exact load, whether it may be chosen.
//
//   ready      chosen, unless ejected: then a connection is tried every second until one succeeds;
//              or failing: it answered several requests in a row with an error, or not at all
//   draining   not chosen; what runs may finish until the deadline, then it is cut
//   removed    no longer in the table; what runs may finish
//
// What it does not know by itself it learns from other loops: one that cannot reach it makes them
// try, one on which it keeps failing makes them pass it over. It is reported as ejected with the
// first loop, as readmitted and as drained with the last. Loop thread. Owned by its Service, which
// destroys it when it is removed and nothing runs on it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/input.h"
#include "core/routing.h"
#include "lb/in_flight.h"
#include "lb/name_lookup.h"
#include "lb/shared_service.h"
#include "lb/token_meter.h"
#include "lb/upstream_connection.h"

namespace sky::lb {

class ReplicaOwner {
 public:
  virtual ~ReplicaOwner() = default;
  virtual void on_choice_changed() = 0;  // a replica can be chosen now, or no more
  virtual void on_replica_changed(core::ReplicaId replica, core::EndpointChange change,
                                  const std::string& reason) = 0;
  virtual void on_slot_free() = 0;  // one request less runs on it
  virtual bool may_fail(core::ReplicaId replica) const = 0;  // enough others are left without it
  virtual const core::LoadBalancerSpec& spec() const = 0;
  virtual void on_replica_unused(core::ReplicaId replica) = 0;  // removed, and nothing runs
  enum class Trouble : std::uint8_t { refuses, keeps_failing };
  virtual void on_replica_trouble(core::ReplicaId replica, Trouble trouble) = 0;  // on this loop
  virtual std::size_t loops() const = 0;
};

class Replica final : public Mortal, private InFlight::Observer, private DeadlineOwner {
 public:
  Replica(Worker& worker, ReplicaOwner& owner, core::ReplicaId id,
          std::shared_ptr<SharedReplica> shared);
  ~Replica() override;

  void update(const core::Route& route);
  void remove();

  core::ReplicaId id() const { return id_; }
  const core::Route& route() const { return route_; }
  bool is_removed() const { return removed_; }
  bool is_ejected() const { return ejected_ || failing_; }
  bool is_failing() const { return failing_; }
  bool can_be_chosen() const;
  bool has_room() const;  // below max_concurrency_per_replica
  std::uint32_t share() const;  // percent of its full load, in its slow start
  core::Duration connect_timeout() const { return owner_.spec().limits.connect_timeout; }
  ModelTotals& model_totals() { return model_totals_; }
  const ModelTotals& model_totals() const { return model_totals_; }

  // How a request ended on it: with an answer below 500, or not. Too many failures in a row, on all
  // loops, take it out of the choice for a while, longer each time.
  void note_outcome(bool good);
  void on_trouble_elsewhere(ReplicaOwner::Trouble trouble);  // of another loop
  void pardon();  // takes it back into the choice: nobody else is left
  // One more request, unless all loops together have reached max_concurrency_per_replica.
  InFlight::Token enter();
  std::uint32_t load() const { return in_flight_.count(); }  // of this loop
  std::uint32_t total_load() const { return in_flight_.total(); }
  std::size_t idle_count() const { return idle_.size(); }

  struct LeaseWish {
    bool fresh = false;  // no pooled connection
    bool careful = false;  // ask the kernel if a pooled one still stands: it may not be repeated
    bool answers_head = false;
  };
  // A connection for `exchange`, idle before or connecting now; none: `error` says why.
  UpstreamConnection* lease(Exchange& exchange, LeaseWish wish, int& error);

  // From its connections.
  bool keep(UpstreamConnection& connection);  // false: not wanted in the pool
  std::unique_ptr<Mortal> forget(UpstreamConnection& connection);
  void on_connect_failed(const std::string& reason);
  void on_connect_succeeded();
  void on_connection_lost();  // broke off at work: find out now whether anything is left

  void report_again();  // the control plane may have missed it

 private:
  void on_none_in_flight() override;
  void on_left() override { owner_.on_slot_free(); }
  void on_deadline(Deadline& which) override;
  void find_address();
  void probe();
  void close_idle();
  void set_out(bool& flag, bool value, const std::string& reason, bool is_told = true);
  void set_drained(bool drained);
  void pass_over();
  void cut_running();

  Worker& worker_;
  ReplicaOwner& owner_;
  const core::ReplicaId id_;
  core::Route route_;
  std::optional<sockaddr_storage> address_;
  NameLookup lookup_;
  const std::shared_ptr<SharedReplica> shared_;
  InFlight in_flight_;
  OwnedList<UpstreamConnection> connections_;
  std::vector<UpstreamConnection*> idle_;  // used from the back: the rest may fall idle
  UpstreamConnection* probe_ = nullptr;  // a connection nobody waits for
  Deadline reconnect_;
  Deadline drain_;
  Deadline failing_end_;
  ModelTotals model_totals_;
  core::Duration ready_since_{0};
  std::uint32_t times_failing_ = 0;
  bool removed_ = false;
  bool ejected_ = false;  // accepts no connection
  bool failing_ = false;  // accepts, and fails
  bool drained_ = false;  // it goes away, and nothing runs here any more
  std::string eject_reason_;  // of the last time; empty: never
  core::Duration probed_at_{-core::seconds(3600)};
};

}  // namespace sky::lb
