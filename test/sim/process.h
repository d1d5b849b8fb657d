// One life of one process in the world: a core::Scheduler whose tasks, alarms and background work
// end with it, at any instruction that speaks to the outside.
//
// Death is an exception that unwinds the process's own code to the task it was in; the world then
// buries the process and, after a while, starts the next life.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/scheduler.h"
#include "test/sim/agenda.h"
#include "test/sim/random.h"

namespace sky::sim {

struct ProcessDied {};

// What the machine under it does to it.
struct ProcessConditions {
  std::uint64_t dies_at_edge = 0;  // at its n-th word to the outside; 0: never by that
  core::Duration slowest_job{0};  // of background work: the disk
  std::uint32_t lost_alarms_per_mille = 0;  // a mutation: nobody's timers fail
};

class Process final : public core::Scheduler {
 public:
  // `on_death` is called outside of the process's own code; it does not destroy it.
  Process(Agenda& agenda, std::uint64_t seed, const ProcessConditions& conditions,
          std::function<void()> on_death);
  ~Process() override;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void post(std::function<void()> task) override;
  std::unique_ptr<core::Alarm> make_alarm() override;
  std::unique_ptr<core::Background> make_background() override;

  // Called wherever the process is about to tell the outside something, or was just told.
  void edge();
  // Runs it in `wait` as one of the process's own tasks, if it lives then.
  Agenda::Id later(core::Duration wait, std::function<void()> task);
  // Runs it now as one of the process's own tasks. False: it died in there, or before.
  bool run(const std::function<void()>& task);
  void kill();  // from the outside: at once

  bool is_alive() const { return *is_alive_; }
  // For whoever may speak to the process after its end.
  std::shared_ptr<const bool> life() const { return is_alive_; }
  Agenda& agenda() { return agenda_; }
  Random& random() { return random_; }
  const ProcessConditions& conditions() const { return conditions_; }
  std::uint64_t edges() const { return edges_; }
  // Called after each task that changed something, while the process lives.
  std::function<void()> after_task;

 private:
  void die();

  Agenda& agenda_;
  Random random_;
  const ProcessConditions conditions_;
  const std::function<void()> on_death_;
  const std::shared_ptr<bool> is_alive_;
  std::uint64_t edges_ = 0;
};

}  // namespace sky::sim
