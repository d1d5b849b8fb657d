#include "projections/recorder.h"

#include <algorithm>

namespace sky::projections {

Recorder::Recorder(Model& model, core::Stamp now, Step& step)
    : model_(model), now_(now), step_(step) {
  now_.at = std::max(now_.at, model.now);
}

core::Seq Recorder::record(About about, core::EventBody body) {
  core::Event event;
  event.seq = model_.seq.next();
  event.time = now_;
  event.cause = about.cause;
  event.actor = about.actor;
  event.service = std::move(about.service);
  event.replica = about.replica;
  event.body = std::move(body);
  evolve(model_, event);
  step_.events.push_back(std::move(event));
  return model_.seq;
}

void Recorder::reject(core::ErrorCode code, std::string text) {
  step_.rejection = core::Error{code, std::move(text)};
}

void Recorder::wake(const core::ServiceName& service, core::Instant at) {
  const auto found = model_.services.find(service);
  if (found == model_.services.end()) return;
  std::optional<core::Instant>& wake_at = found->second.wake_at.value;
  if (!wake_at || at < *wake_at) wake_at = at;
}

const ServiceState* Recorder::service(const core::ServiceName& name) const {
  return find_service(model_, name);
}

const Replica* Recorder::replica(const core::ServiceName& name, core::ReplicaId id) const {
  return find_replica(model_, name, id);
}

}  // namespace sky::projections
