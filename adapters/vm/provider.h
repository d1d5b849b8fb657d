// What a cloud of virtual machines must do for vm_cloud.h, which holds all that such clouds share.
//
// A provider translates: our words into its calls, its answers into ours. It remembers nothing that
// it could not ask for again. All calls are made and answered on the loop thread; every `done` is
// called exactly once, later, never from inside the call.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "adapters/cloud.h"
#include "adapters/vm/replica_mark.h"

namespace sky::adapters::vm {

enum class VmState : std::uint8_t {
  pending,
  running,
  ended,  // or on its way there: nothing of it can be used, and nothing is billed
};

enum class VmEnd : std::uint8_t {
  unknown,
  preempted,  // the cloud took it back
  capacity,  // the cloud had no room for it after all
  quota,
  failed,  // the cloud's own fault: host error, broken image
  asked,  // somebody with our key ended it, or it shut itself down
};

struct Vm {
  std::string instance_id;
  core::Place place;
  ReplicaMark mark;
  VmState state = VmState::pending;
  std::string address;  // where the endpoint reaches it; empty until it is known
  std::string launched_at;  // the order of texts is the order of times
  bool is_spot = false;
  std::optional<core::Duration> notice_left;  // it will be taken, at the latest after that
  VmEnd end = VmEnd::unknown;  // meaningful when ended
  std::string text;  // the cloud's own words about its end or its notice
};

using CreateDone = std::function<void(std::variant<Vm, core::Failure>)>;
using VmsDone = std::function<void(std::variant<std::vector<Vm>, core::Failure>)>;

class Provider {
 public:
  virtual ~Provider() = default;

  virtual std::string name() const = 0;
  // What one list() covers: "us-east-1", or "" for the whole cloud. All where a machine of ours
  // may be.
  virtual std::vector<std::string> areas() const = 0;
  virtual std::string area_of(const core::Place& place) const = 0;
  // The most bytes of user data.
  virtual std::size_t max_user_data() const = 0;

  // The same mark never makes a second machine, as far as the cloud keeps its promise. Answers
  // when the cloud has taken the order; the machine may still be pending.
  virtual void create(const core::LaunchInstance& order, const ReplicaMark& mark,
                      const std::string& user_data, CreateDone done) = 0;
  // Everything with our log's mark, those that ended lately as well.
  virtual void list(const std::string& area, VmsDone done) = 0;
  // A machine that is gone already is a success.
  virtual void destroy(const core::Place& place, const std::string& instance_id,
                       TerminateDone done) = 0;
  // Removes what services that are not `in_use` left in an area besides machines, such as their
  // firewalls. False: something is left, ask again later.
  virtual void tidy(const std::string& area, const std::set<core::ServiceName>& in_use,
                    std::function<void(bool)> done) = 0;
  // What it sells to this account, at today's prices where it tells them.
  virtual void offers(OffersDone done) = 0;
  // Credentials and permissions; changes nothing.
  virtual void check(CheckDone done) = 0;
};

}  // namespace sky::adapters::vm
