#include "adapters/vm/vm_cloud.h"

#include "adapters/vm/vm_cloud_held.h"

namespace sky::adapters::vm {
namespace {

using Kind = core::FailureKind;
using Scope = core::FailureScope;

// What a launch is told about a machine that ended before it ran.
core::Failure failure_of(const Vm& vm) {
  const std::string text = vm.text.empty() ? "the machine ended before it ran" : vm.text;
  switch (vm.end) {
    case VmEnd::preempted:
    case VmEnd::capacity: return own_failure(Kind::capacity, Scope::zone, text);
    case VmEnd::quota: return own_failure(Kind::quota, Scope::region, text);
    case VmEnd::asked: return own_failure(Kind::not_found, Scope::request, text);
    case VmEnd::failed:
    case VmEnd::unknown: break;
  }
  return own_failure(Kind::unknown, Scope::zone, text);
}

}  // namespace

VmCloud::VmCloud(core::Scheduler& scheduler, std::unique_ptr<Provider> provider,
                 VmCloudSettings settings, OnChange on_change)
    : scheduler_(scheduler),
      settings_(std::move(settings)),
      provider_(std::move(provider)),
      on_change_(std::move(on_change)),
      is_alive_(std::make_shared<bool>(true)) {}

VmCloud::~VmCloud() { *is_alive_ = false; }

// ---- launching

void VmCloud::refuse(LaunchDone done, core::Failure failure) {
  scheduler_.post([done = std::move(done), failure = std::move(failure)] { done(failure); });
}

void VmCloud::launch(const core::LaunchInstance& order, const Secrets& secrets, LaunchDone done) {
  if (!secrets.empty() && settings_.boot.advertise_url.empty())
    return refuse(std::move(done),
                  own_failure(Kind::invalid, Scope::request,
                              "this service has secrets, and machines of a cloud get those only "
                              "from a daemon that they can reach; name its address in config.yaml: "
                              "`skyctl: {machines: {advertise: URL}}`"));
  const auto script = boot_script(order, settings_.boot, provider_->max_user_data());
  if (!script)
    return refuse(std::move(done), own_failure(Kind::invalid, Scope::request, script.error().text));
  auto& held = held_[order.token];
  if (held == nullptr) {
    held = std::make_unique<Held>();
    held->vm.mark = mark_of(order, settings_.log_id);
    held->vm.place = order.offer.place;
    held->vm.is_spot = order.offer.is_spot();
    held->since = settings_.now();
  }
  held->port = order.spec.resources.port;
  held->has_reported_notice = held->has_reported_end =
      false;  // it is asked again what became of it
  held->launches.push_back(std::move(done));
  if (held->is_creating) return;
  const std::string token = order.token;
  if (!held->vm.instance_id.empty()) {  // seen already: a sweep was quicker than the repeated order
    scheduler_.post([this, alive = is_alive_, token] {
      if (!*alive || !held_.contains(token)) return;
      follow(*held_[token]);
      set_pace(provider_->area_of(held_[token]->vm.place));
    });
    return;
  }
  held->is_creating = true;
  provider_->create(order, held->vm.mark, *script, [this, alive = is_alive_, token](auto answer) {
    if (*alive) take_created(token, std::move(answer));
  });
}

void VmCloud::take_created(const std::string& token, std::variant<Vm, core::Failure> answer) {
  Held& held = *held_.at(token);
  held.is_creating = false;
  const std::string area = provider_->area_of(held.vm.place);
  if (const auto* failure = std::get_if<core::Failure>(&answer)) {
    answer_launches(held, *failure);
    // Unanswered: it may be there all the same. Whoever waits for its end is told by a list.
    const auto waiting = std::exchange(held.terminations, {});
    core::TerminateInstance order;
    order.token = token;
    order.offer.place = held.vm.place;
    held_.erase(token);
    for (const TerminateDone& done : waiting) find_and_end(order, done);
    return set_pace(area);
  }
  Vm& vm = std::get<Vm>(answer);
  vm.mark = held.vm.mark;
  held.vm = std::move(vm);
  held.since = settings_.now();  // the order may have waited its turn for long
  if (!held.terminations.empty()) {
    answer_launches(
        held, own_failure(Kind::not_found, Scope::request, "the machine was ended before it ran"));
    return end(token);
  }
  follow(held);
  set_pace(area);
}

void VmCloud::answer_launches(Held& held, const Outcome& outcome) {
  const auto waiting = std::exchange(held.launches, {});
  for (const LaunchDone& done : waiting) done(outcome);
}

// ---- following

// Tells what is new about a machine; its launches are answered before its changes.
void VmCloud::follow(Held& held) {
  Vm& vm = held.vm;
  if (vm.state == VmState::running && !vm.address.empty())
    answer_launches(
        held, core::ProvisionSucceeded{vm.mark.attempt, vm.instance_id, vm.address, held.port});
  const bool is_stuck = vm.state == VmState::pending && !held.launches.empty() &&
                        settings_.now() - held.since > settings_.pace.longest_pending;
  if (is_stuck) {
    vm.end = VmEnd::capacity;
    vm.text = "the machine was still pending after " +
              std::to_string(core::whole_seconds(settings_.pace.longest_pending)) + " s";
    answer_launches(held, failure_of(vm));
    return end(vm.mark.token);
  }
  if (vm.state == VmState::ended) return report_end(held);
  if (vm.notice_left && held.launches.empty() && !std::exchange(held.has_reported_notice, true))
    report(held, core::InstanceChange::noticed, vm.text);
}

void VmCloud::report_end(Held& held) {
  answer_launches(held, failure_of(held.vm));
  if (held.is_ending || std::exchange(held.has_reported_end, true)) return;
  const Vm& vm = held.vm;
  const bool is_taken = vm.end == VmEnd::preempted || (vm.is_spot && vm.end == VmEnd::capacity);
  report(held, is_taken ? core::InstanceChange::preempted : core::InstanceChange::lost,
         vm.text.empty() ? "the machine is gone" : vm.text);
}

void VmCloud::report(Held& held, core::InstanceChange change, const std::string& text) {
  const ReplicaMark& mark = held.vm.mark;
  const bool is_notice = change == core::InstanceChange::noticed;
  on_change_({mark.service, mark.replica, mark.attempt, change,
              is_notice ? held.vm.notice_left.value_or(core::Duration{0}) : core::Duration{0},
              text});
}

void VmCloud::look(const std::string& area) {
  const core::Instant asked_at = settings_.now();
  provider_->list(area, [this, alive = is_alive_, area, asked_at](auto answer) {
    if (!*alive) return;
    if (const auto* vms = std::get_if<std::vector<Vm>>(&answer)) {
      take_list(area, *vms, asked_at);
      tidy(area);
    }
    set_pace(area);  // a cloud that cannot be asked proves nothing; it is asked again
  });
}

void VmCloud::take_list(const std::string& area, const std::vector<Vm>& vms,
                        core::Instant asked_at) {
  std::map<std::string, std::size_t> kept;  // by token, the machine that stays
  for (std::size_t i = 0; i < vms.size(); ++i) {
    if (vms[i].mark.log_id != settings_.log_id || vms[i].state == VmState::ended) continue;
    const auto [other, is_first] = kept.emplace(vms[i].mark.token, i);
    if (is_first) continue;
    const auto held = held_.find(vms[i].mark.token);
    const bool is_known = held != held_.end() && held->second->vm.instance_id == vms[i].instance_id;
    const bool other_is_known =
        held != held_.end() && held->second->vm.instance_id == vms[other->second].instance_id;
    const bool stays =
        is_known || (!other_is_known && vms[i].launched_at < vms[other->second].launched_at);
    const Vm& goes = stays ? vms[other->second] : vms[i];
    provider_->destroy(goes.place, goes.instance_id, [](const auto&) {});
    if (stays) other->second = i;
  }
  std::map<std::string, bool> seen;
  for (std::size_t i = 0; i < vms.size(); ++i) {
    const Vm& vm = vms[i];
    if (vm.mark.log_id != settings_.log_id) continue;
    const auto live = kept.find(vm.mark.token);
    if (live != kept.end() && live->second != i) continue;
    seen[vm.mark.token] = true;
    take_vm(vm);
  }
  std::vector<std::string> missing;
  for (const auto& [token, held] : held_)
    if (!seen.contains(token) && provider_->area_of(held->vm.place) == area)
      missing.push_back(token);
  for (const std::string& token : missing)
    if (const auto held = held_.find(token); held != held_.end()) miss(*held->second, asked_at);
}

void VmCloud::take_vm(const Vm& vm) {
  auto found = held_.find(vm.mark.token);
  if (found == held_.end()) {
    if (vm.state == VmState::ended) return;  // nobody waits for it
    found = held_.emplace(vm.mark.token, std::make_unique<Held>()).first;
    found->second->since = settings_.now();
  }
  Held& held = *found->second;
  const bool is_old = held.vm.instance_id != vm.instance_id && vm.state == VmState::ended &&
                      !held.vm.instance_id.empty();
  if (held.is_creating || is_old) return;  // its own answer comes; or it speaks of another machine
  held.was_listed = true;
  const auto notice = held.vm.notice_left;
  held.vm = vm;
  if (!held.vm.notice_left) held.vm.notice_left = notice;
  follow(held);
}

// A machine that a list does not show is gone, unless it is so new that lists may be behind.
void VmCloud::miss(Held& held, core::Instant asked_at) {
  const bool may_be_new = !held.was_listed && asked_at - held.since < settings_.pace.visible_within;
  if (held.is_creating || may_be_new || held.since >= asked_at) return;
  held.vm.state = VmState::ended;
  report_end(held);
  if (!held.terminations.empty()) return;
  untidy_[provider_->area_of(held.vm.place)] = settings_.pace.tidy_tries;
  held_.erase(std::string(held.vm.mark.token));
}

void VmCloud::set_pace(const std::string& area) {
  bool is_moving = false, has_spot = false, has_any = false;
  for (const auto& [token, held] : held_) {
    if (provider_->area_of(held->vm.place) != area) continue;
    has_any = true;
    has_spot |= held->vm.is_spot;
    is_moving |= held->vm.state == VmState::pending || held->vm.notice_left.has_value();
  }
  auto& alarm = looks_[area];
  if (alarm == nullptr) alarm = scheduler_.make_alarm();
  if (!has_any && !untidy_.contains(area)) return alarm->stop();
  const VmCloudPace& pace = settings_.pace;
  alarm->start(is_moving  ? pace.moving
               : has_spot ? pace.spot
                          : pace.calm,
               [this, area] { look(area); });
}

}  // namespace sky::adapters::vm
