// Switches that break a promise at one of the edges of the production code, on purpose: a simulator
// that does not notice is of no use. None is on in an ordinary run.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sky::sim {

enum class Mutation : std::uint8_t {
  none,
  log_lies,  // the log says "durable" while the commit is in memory only: effects come too early
  token_not_repeated,  // a call that is made again carries another token
  sweep_skipped,  // a list of the cloud's machines never comes
  sweep_blind,  // a list shows none of the machines that are there
  timer_ignored,  // one alarm in five never rings
  fold_order_changed,  // two events of a stored commit change places when they are read
  answer_dropped,  // a cloud's answer is lost, and its adapter does not say so either
  termination_faked,  // a cloud says that a machine is gone, and keeps it
  secret_told,  // a cloud repeats a secret in its error text
  drain_not_told,  // the balancer misses that a replica drains
  mark_ahead,  // the low-water mark is written before its commit
  truncation_too_far,  // the snapshots are deleted with the events before them
  in_flight_lost,  // the balancer forgets a running request
};
inline constexpr std::size_t mutation_count = 14;

const char* to_text(Mutation mutation);

class MutationSet {
 public:
  MutationSet() = default;
  explicit MutationSet(Mutation only) : only_(only) {}
  bool has(Mutation mutation) const { return only_ == mutation; }

 private:
  Mutation only_ = Mutation::none;
};

}  // namespace sky::sim
