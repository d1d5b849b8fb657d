// VmCloud's endings, and its sweep over everything that carries our log's mark.

#include <algorithm>
#include <charconv>

#include "adapters/durable_file.h"
#include "adapters/vm/vm_cloud_held.h"

namespace sky::adapters::vm {

void VmCloud::terminate(const core::TerminateInstance& order, TerminateDone done) {
  const auto found = held_.find(order.token);
  if (found == held_.end()) return find_and_end(order, std::move(done));
  found->second->terminations.push_back(std::move(done));
  // While the cloud has not answered there is nothing to name; the answer sees who waits.
  if (!found->second->is_creating) end(order.token);
}

// Not known here: the daemon was started anew, or the machine is gone.
void VmCloud::find_and_end(const core::TerminateInstance& order, TerminateDone done) {
  const std::string area = provider_->area_of(order.offer.place);
  provider_->list(area, [this, alive = is_alive_, order, done = std::move(done)](auto answer) {
    if (!*alive) return;
    if (const auto* failure = std::get_if<core::Failure>(&answer)) return done(*failure);
    for (const Vm& vm : std::get<std::vector<Vm>>(answer)) {
      const bool is_it = vm.mark.token == order.token && vm.mark.log_id == settings_.log_id;
      if (!is_it || vm.state == VmState::ended) continue;
      take_vm(vm);
      held_.at(order.token)->terminations.push_back(done);
      return end(order.token);
    }
    done(std::monostate{});
  });
}

void VmCloud::end(const std::string& token) {
  Held& held = *held_.at(token);
  if (std::exchange(held.is_ending, true)) return;
  provider_->destroy(held.vm.place, held.vm.instance_id,
                     [this, alive = is_alive_, token](const auto& outcome) {
                       if (*alive) take_ended(token, outcome);
                     });
}

void VmCloud::take_ended(const std::string& token,
                         const std::variant<std::monostate, core::Failure>& was) {
  const auto found = held_.find(token);
  if (found == held_.end()) return;
  Held& held = *found->second;
  const auto waiting = std::exchange(held.terminations, {});
  const std::string area = provider_->area_of(held.vm.place);
  if (std::holds_alternative<core::Failure>(was)) {
    held.is_ending = false;  // it is asked again
  } else {
    answer_launches(held, own_failure(core::FailureKind::not_found, core::FailureScope::request,
                                      "the machine was ended before it ran"));
    held_.erase(found);
    untidy_[area] = settings_.pace.tidy_tries;
  }
  for (const TerminateDone& done : waiting) done(was);
  set_pace(area);
}

void VmCloud::terminate_orphan(const core::TerminateOrphan& order, TerminateDone done) {
  for (const auto& [token, held] : held_) {
    if (held->vm.instance_id != order.instance_id) continue;
    held->terminations.push_back(std::move(done));
    return end(std::string(token));
  }
  provider_->destroy(order.place, order.instance_id, std::move(done));
}

void VmCloud::tidy(const std::string& area) {
  const auto untidy = untidy_.find(area);
  if (untidy == untidy_.end()) return;
  if (untidy->second-- <= 0) {
    untidy_.erase(untidy);
    return;
  }
  std::set<core::ServiceName> in_use;
  for (const auto& [token, held] : held_)
    if (provider_->area_of(held->vm.place) == area) in_use.insert(held->vm.mark.service);
  provider_->tidy(area, in_use, [this, alive = is_alive_, area](bool is_tidy) {
    if (!*alive || !is_tidy) return;
    untidy_.erase(area);
    set_pace(area);
  });
}

void VmCloud::list(ListDone done) {
  auto sweep = std::make_shared<Sweep>();
  sweep->done = std::move(done);
  const auto areas = provider_->areas();
  sweep->areas_left = areas.size();
  if (areas.empty()) return scheduler_.post([sweep] { sweep->done(sweep->instances); });
  const core::Instant asked_at = settings_.now();
  for (const std::string& area : areas) {
    provider_->list(area, [this, alive = is_alive_, sweep, area, asked_at](auto answer) {
      if (!*alive) return;
      if (const auto* failure = std::get_if<core::Failure>(&answer)) {
        sweep->outcome = *failure;
      } else {
        const auto& vms = std::get<std::vector<Vm>>(answer);
        take_list(area, vms, asked_at);
        untidy_.try_emplace(area, 1);  // left by a daemon before us, perhaps
        for (const Vm& vm : vms)
          if (vm.state != VmState::ended && vm.mark.log_id == settings_.log_id)
            sweep->instances.push_back(
                {vm.instance_id, vm.place, vm.mark.service, vm.mark.replica, vm.mark.attempt});
      }
      set_pace(area);
      finish_sweep(*sweep);
    });
  }
}

// One area that could not be asked leaves the whole list unproved.
void VmCloud::finish_sweep(Sweep& sweep) {
  if (--sweep.areas_left > 0) return;
  if (const auto* failure = std::get_if<core::Failure>(&sweep.outcome)) return sweep.done(*failure);
  sweep.done(std::move(sweep.instances));
}

// ---- output

void VmCloud::output(const OutputWanted& wanted, OutputDone done) {
  std::variant<Output, core::Failure> answer;
  const auto text = settings_.notes
                        ? read_file(settings_.notes(wanted.service, wanted.replica))
                        : core::Result<std::string>(core::Error{core::ErrorCode::not_found, {}});
  if (!text) {
    answer = own_failure(core::FailureKind::unsupported, core::FailureScope::request,
                         "nothing is kept of this machine's output: machines tell how far they are "
                         "to a daemon that they can reach (skyctl.machines.advertise in "
                         "config.yaml), and where that is set, this one has not called yet");
  } else {
    std::size_t from = 0;
    std::from_chars(wanted.cursor.data(), wanted.cursor.data() + wanted.cursor.size(), from);
    from = std::min(from, text->size());
    for (std::size_t end = text->size(), lines = 0; wanted.tail_lines > 0 && end > from; --end) {
      if ((*text)[end - 1] != '\n' || lines++ < wanted.tail_lines) continue;
      from = end;
      break;
    }
    answer = Output{text->substr(from), std::to_string(text->size())};
  }
  scheduler_.post([done = std::move(done), answer = std::move(answer)] { done(answer); });
}

}  // namespace sky::adapters::vm
