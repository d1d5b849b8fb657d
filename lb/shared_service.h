// What the loops of one process share about a service.
//
// Each loop has a Service of its own, with its own connections. The numbers by which requests are
// chosen for, capped, queued and repeated are here, so that they are as exact with four loops as
// with one. Any thread; outlives every Service and Replica that holds it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "core/ids.h"
#include "lb/affinity.h"
#include "lb/shared_count.h"

namespace sky::lb {

class Service;

struct alignas(64) SharedReplica {  // a cache line: loops change it with every request
  SharedCount in_flight;
  std::atomic<std::uint32_t> failures_in_row{0};
  SharedCount passing_over;  // loops that do not choose it: it refuses, or keeps failing
  SharedCount drained;  // loops that know it goes away and have nothing left running on it
  std::mutex reporting;  // held while one of these two changes and what that means is reported
};

class SharedService {
 public:
  using Task = std::function<void(Service&)>;
  using Post = std::function<void(Task)>;  // runs it on the loop of the service it was made for

  explicit SharedService(std::size_t loops) : entries_(loops) {}

  std::size_t loops() const { return entries_.size(); }
  std::shared_ptr<SharedReplica> replica(core::ReplicaId id);

  // Each loop does, before anything else.
  void join(std::size_t loop, Post post);
  void post_to_others(std::size_t loop, const Task& task);

  // Who waits: in order of arrival within a loop, and between loops by their oldest.
  static constexpr std::uint64_t nobody = ~std::uint64_t{0};
  std::uint64_t next_ticket() { return next_ticket_.fetch_add(1); }
  void set_oldest(std::size_t loop, std::uint64_t ticket) { entries_[loop].oldest = ticket; }
  bool is_first(std::uint64_t ticket) const;  // nobody on another loop waits for longer
  void wake_oldest();  // its loop releases who can go; once, however often it is asked
  void woken(std::size_t loop) { entries_[loop].is_woken = false; }

  // Runs `open` while no other loop does. It is told whether none of them holds this port yet, and
  // returns 0 or libuv's error; every 0 is to be followed by a release.
  int take_port(std::uint16_t port, const std::function<int(bool is_first)>& open);
  void release_port(std::uint16_t port);
  bool is_held_by_all(std::uint16_t port);
  // Notes that a port could not be had (libuv's error), or could (0): whether that is news.
  bool note_failure(std::uint16_t port, int status);
  int failure_of(std::uint16_t port);

  SharedCount clients;
  SharedCount held;
  SharedCount retries;
  PrefixOwners prefix_owners;
  std::atomic<bool> hold_reported{false};  // in this second
  std::atomic<bool> hold_unreported{false};

 private:
  struct Entry {
    Post post;
    std::atomic<std::uint64_t> oldest{nobody};
    std::atomic<bool> is_woken{false};
  };
  std::vector<Entry> entries_;  // by loop
  std::atomic<std::uint64_t> next_ticket_{0};
  std::mutex mutex_;  // of all below, and of posts while loops join
  std::map<core::ReplicaId, std::weak_ptr<SharedReplica>> replicas_;
  std::map<std::uint16_t, std::size_t> port_users_;
  std::map<std::uint16_t, int> port_failures_;
};

}  // namespace sky::lb
