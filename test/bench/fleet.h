// A history as a busy home has it, made by the production `step`: three services with waves of
// load, probes, scaling, preemptions, losses, launches and a daily storm. Deterministic.
//
// About two fifths probe answers and two fifths load samples, the rest decisions and outcomes.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/effect.h"
#include "core/event.h"
#include "core/input.h"
#include "projections/model.h"

namespace sky::bench {

class Fleet {
 public:
  explicit Fleet(core::LogId log_id);

  // What happens until the next events are there: these.
  std::vector<core::Event> next();

  // Nobody asks any more: what happens until the last replica is gone. The services stay.
  std::vector<core::Event> last();

  const projections::Model& model() const { return model_; }  // with all events given out

 private:
  struct Machine {
    std::string id;
    core::LaunchInstance order;
  };

  void pass_one();
  void submit(core::InputBody body);
  void later(core::Duration delay, std::function<void()> task);
  void every(core::Duration period, std::function<void()> task);
  void carry_out(const core::Effect& effect);
  void launch(const core::LaunchInstance& order);
  void answer_drains(const std::vector<core::Event>& events);
  void list_machines();
  void probe();
  void sample();
  void take_back(bool whole_zone);
  std::uint32_t below(std::uint32_t limit);

  const core::LogId log_id_;
  projections::Model model_;
  core::Instant now_{core::seconds(1)};
  std::multimap<core::Instant, std::function<void()>> agenda_;
  std::optional<core::Instant> wake_at_;
  std::map<std::string, Machine> machines_;  // by launch token
  std::vector<core::Event> made_;
  bool has_load_ = true;
  std::uint64_t random_ = 1;
};

}  // namespace sky::bench
