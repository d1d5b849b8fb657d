// Collects what one step comes to: numbers events, folds each into the model at once, and keeps
// the effects in order. The only writer of the model.
#pragma once

#include <vector>

#include "core/effect.h"
#include "core/event.h"
#include "projections/model.h"
#include "projections/step.h"

namespace sky::projections {

// The header of an event to be recorded.
struct About {
  core::ServiceName service = {};
  core::ReplicaId replica = {};
  core::Seq cause = {};
  core::Actor actor = core::Actor::controller;
};

class Recorder {
 public:
  // `now` is moved forward to the model's own time if it lies behind it.
  Recorder(Model& model, core::Stamp now, Step& step);

  core::Seq record(About about, core::EventBody body);
  void order(core::Effect effect) { step_.effects.push_back(std::move(effect)); }
  void reject(core::ErrorCode code, std::string text);
  // Time alone changes something about this service then.
  void wake(const core::ServiceName& service, core::Instant at);

  const Model& model() const { return model_; }
  Model& notes() { return model_; }  // for the Scratch members only
  core::Instant now() const { return now_.at; }
  std::size_t event_count() const { return step_.events.size(); }

  // Null when there is no such service or replica.
  const ServiceState* service(const core::ServiceName& name) const;
  const Replica* replica(const core::ServiceName& name, core::ReplicaId id) const;

 private:
  Model& model_;
  core::Stamp now_;
  Step& step_;
};

}  // namespace sky::projections
