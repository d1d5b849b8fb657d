#include <algorithm>

#include "core/token.h"

#include "projections/ingest.h"

namespace sky::projections {
namespace {

using core::Actor;
using core::ErrorCode;

core::Seq record_command(Recorder& recorder, const core::ServiceName& name,
                         core::CommandReceived command) {
  return recorder.record({name, {}, {}, Actor::user}, std::move(command));
}

// An id stands for one request: asked for again, it changes nothing and is answered as it was.
bool was_taken(Recorder& recorder, const core::RequestId& id, const std::string& command,
               const core::ServiceName& service) {
  const TakenRequest* taken = find_taken(recorder.model().taken_requests, id);
  if (!taken) return false;
  if (taken->command != command || taken->service != service)
    recorder.reject(ErrorCode::conflict, "the request id '" + id + "' was used before, by `" +
                                             taken->command + " " + taken->service +
                                             "`; draw a new one for each request");
  return true;
}

std::string no_service(const core::ServiceName& name) {
  return "there is no service '" + name + "'; `skyctl status` lists them";
}

// Only policies differ: the running replicas are what the new version asks for, too.
bool keeps_replicas(const core::ServiceSpec& before, const core::ServiceSpec& after) {
  return before.resources == after.resources && before.task == after.task &&
         before.sandbox == after.sandbox;
}

bool is_chosen(const core::PreemptRequested& request, const Replica& replica) {
  const bool has_machine = !replica.host.empty() && !core::is_terminal(replica.phase) &&
                           !replica.termination_open && !replica.notice_deadline;
  if (!has_machine || !replica.is_spot()) return false;
  if (!request.replicas.empty())
    return std::find(request.replicas.begin(), request.replicas.end(), replica.id) !=
           request.replicas.end();
  return request.zone.empty() ? request.storm > 0 : replica.offer.place.zone == request.zone;
}

std::string detail_of(const core::PreemptRequested& request) {
  std::string text;
  for (const core::ReplicaId id : request.replicas) text += " " + std::to_string(id.value);
  if (!request.zone.empty()) text += " --zone " + request.zone;
  if (request.storm > 0) text += " --storm " + std::to_string(request.storm);
  return request.service + text;
}

}  // namespace

std::optional<std::uint16_t> free_port(const Model& model, std::uint16_t from) {
  for (std::uint16_t port = from; port <= last_port; ++port) {
    const bool is_taken =
        std::any_of(model.services.begin(), model.services.end(),
                    [&](const auto& one) { return one.second.endpoint_port == port; });
    if (!is_taken) return port;
  }
  return {};
}

void ingest_user(Recorder& recorder, Touched& touched, const core::UpRequested& request) {
  const core::ServiceName& name = request.spec.name;
  if (was_taken(recorder, request.request, "up", name)) return;
  if (const ServiceState* existing = recorder.service(name)) {
    recorder.reject(ErrorCode::already_exists,
                    existing->removal_requested
                        ? "service '" + name + "' is still being removed; try again in a moment"
                        : "service '" + name + "' exists already; change it with `skyctl update " +
                              name + " FILE` or remove it with `skyctl down " + name + "`");
    return;
  }
  const auto port = free_port(recorder.model(), first_port);
  if (recorder.model().services.size() >= max_services || !port) {
    recorder.reject(ErrorCode::conflict, "there are " + std::to_string(max_services) +
                                             " services already, which is the limit; remove one "
                                             "with `skyctl down NAME`");
    return;
  }
  if (name.empty() || request.offers.empty()) {
    recorder.reject(ErrorCode::invalid_input, name.empty()
                                                  ? "a service needs a name"
                                                  : "no machine on offer fits this service");
    return;
  }
  const core::Seq cause = record_command(
      recorder, name,
      {.command = "up", .user = request.user, .detail = name, .request = request.request});
  recorder.record({name, {}, cause, Actor::user},
                  core::ServiceRegistered{request.spec, request.offers, *port});
  touched.insert(name);
}

void ingest_user(Recorder& recorder, Touched& touched, const core::UpdateRequested& request) {
  const core::ServiceName& name = request.spec.name;
  if (was_taken(recorder, request.request, "update", name)) return;
  const ServiceState* service = recorder.service(name);
  if (!service) return recorder.reject(ErrorCode::not_found, no_service(name));
  if (service->removal_requested)
    return recorder.reject(ErrorCode::conflict, "service '" + name + "' is being removed");
  if (request.offers.empty())
    return recorder.reject(ErrorCode::invalid_input, "no machine on offer fits this service");
  const core::ServiceUpdated update{
      .spec = request.spec,
      .offers = request.offers,
      .version = core::Version{service->last_version.value + 1},
      .mode = request.mode,
      .replaces_replicas = !keeps_replicas(service->spec(), request.spec)};
  const core::Seq cause = record_command(
      recorder, name,
      {.command = "update", .user = request.user, .detail = name, .request = request.request});
  recorder.record({name, {}, cause, Actor::user}, update);
  touched.insert(name);
}

void ingest_user(Recorder& recorder, Touched& touched, const core::DownRequested& request) {
  if (was_taken(recorder, request.request, "down", request.service)) return;
  const ServiceState* service = recorder.service(request.service);
  if (!service) return recorder.reject(ErrorCode::not_found, no_service(request.service));
  const bool is_under_way = service->removal_requested;
  if (is_under_way && request.request.empty()) return;
  const core::Seq cause = record_command(recorder, request.service,
                                         {.command = "down",
                                          .user = request.user,
                                          .detail = request.service,
                                          .request = request.request});
  if (is_under_way) return;  // only remembered: the service may be gone when this is asked again
  recorder.record({request.service, {}, cause, Actor::user}, core::RemovalRequested{});
  touched.insert(request.service);
}

void ingest_user(Recorder& recorder, Touched&, const core::PreemptRequested& request) {
  if (was_taken(recorder, request.request, "preempt", request.service)) return;
  const ServiceState* service = recorder.service(request.service);
  if (!service) return recorder.reject(ErrorCode::not_found, no_service(request.service));
  std::vector<core::PreemptInstance> preempted;
  for (auto one = service->replicas.rbegin(); one != service->replicas.rend(); ++one) {
    const Replica& replica = one->second;
    const auto version = service->versions.find(replica.version);
    const bool is_sandbox =
        version != service->versions.end() && version->second.spec.sandbox.enabled;
    if (!is_sandbox || !is_chosen(request, replica)) continue;
    if (request.storm > 0 && preempted.size() >= request.storm) break;
    preempted.push_back({.service = request.service,
                         .replica = replica.id,
                         .attempt = replica.attempt,
                         .token = core::launch_token(recorder.model().log_id, replica.intent),
                         .offer = replica.offer});
  }
  if (preempted.empty()) {
    const bool is_sandbox = service->spec().sandbox.enabled;
    return recorder.reject(is_sandbox ? ErrorCode::not_found : ErrorCode::unsupported,
                           is_sandbox ? "no running spot replica of '" + request.service +
                                            "' matches; `skyctl status -v " + request.service +
                                            "` shows them"
                                      : "only replicas in the sandbox can be preempted by hand");
  }
  record_command(recorder, request.service,
                 {.command = "preempt",
                  .user = request.user,
                  .detail = detail_of(request),
                  .request = request.request});
  for (core::PreemptInstance& one : preempted) recorder.order(std::move(one));
}

}  // namespace sky::projections
