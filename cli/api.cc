#include "cli/api.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <utility>

#include "adapters/json.h"
#include "adapters/sandbox/sandbox_cloud.h"
#include "cli/api_client.h"
#include "cli/cloud_check.h"
#include "cli/metrics.h"
#include "cli/offers.h"
#include "cli/print_status.h"
#include "cli/service_request.h"
#include "projections/open_intents.h"

namespace sky::cli {
namespace {

using Matches = HttpRouter::Matches;

constexpr std::size_t longest_request_id = 64;
// The balancer answers in microseconds; a scrape must not hang on a dead one.
constexpr core::Duration balancer_patience = core::seconds(1);

int status_of(core::ErrorCode code) {
  switch (code) {
    case core::ErrorCode::usage:
    case core::ErrorCode::invalid_input: return 400;
    case core::ErrorCode::not_found: return 404;
    case core::ErrorCode::already_exists:
    case core::ErrorCode::conflict: return 409;
    case core::ErrorCode::unsupported: return 422;
    default: return 500;
  }
}

void answer_error(const Responder& responder, const core::Error& error) {
  responder.answer_error(status_of(error.code), error.text);
}

// For the log: who typed it. The socket lets only this user in, and root.
std::string login_of(const HttpRequest& request) {
  if (!request.peer_uid) return "unknown";
  const passwd* entry = ::getpwuid(*request.peer_uid);
  return entry != nullptr ? entry->pw_name : std::to_string(*request.peer_uid);
}

// What its asker will send again when our answer gets lost.
core::RequestId id_of(const HttpRequest& request) {
  return core::RequestId(request.header(request_id_header));
}

bool is_taken(const ApiContext& context, const core::RequestId& id) {
  return projections::find_taken(context.controller.model().taken_requests, id) != nullptr;
}

bool has_usable_id(const HttpRequest& request, const Responder& responder) {
  const core::RequestId id = id_of(request);
  const bool is_plain = std::all_of(id.begin(), id.end(), [](unsigned char byte) {
    return std::isalnum(byte) != 0 || byte == '-' || byte == '_';
  });
  if (is_plain && id.size() <= longest_request_id) return true;
  responder.answer_error(400, std::string(request_id_header) + " takes up to " +
                                  std::to_string(longest_request_id) +
                                  " letters, digits, '-' and '_'");
  return false;
}

Controller::Reply reply_to(const Responder& responder, std::string body) {
  return [responder, body = std::move(body)](core::Result<void> done) {
    if (done) return responder.answer_json(body);
    answer_error(responder, done.error());
  };
}

void health(ApiContext& context, const Responder& responder) {
  const projections::Model& model = context.controller.model();
  adapters::JsonWriter json;
  json.begin_object().member("version", SKY_VERSION);
  json.member("pid", static_cast<std::int64_t>(::getpid())).member("log_id", model.log_id);
  json.member("seq", model.seq.value);
  json.member("balancer_connected", model.balancer_connected);
  json.member("live_services", static_cast<std::uint64_t>(model.services.size())).end_object();
  context.controller.when_durable([responder, body = json.take()] { responder.answer_json(body); });
}

void status(ApiContext& context, const HttpRequest& request, const Responder& responder) {
  const std::string format = request.query_parameter("format").value_or("text");
  const StatusFormat wanted{.service = request.query_parameter("service").value_or(""),
                            .verbose = request.query_parameter("verbose").has_value(),
                            .json = format == "json",
                            .color = request.query_parameter("color").has_value()};
  const projections::Model& model = context.controller.model();
  auto text = format == "endpoint" ? render_endpoint(model, wanted.service)
                                   : render_status(model, context.now(), wanted);
  if (!text) return answer_error(responder, text.error());
  HttpAnswer answer{.content_type = wanted.json ? "application/json" : "text/plain; charset=utf-8",
                    .body = std::move(*text)};
  context.controller.when_durable([responder, answer] { responder.answer(answer); });
}

bool has_machine(const projections::Model& model, const core::ServiceName& service,
                 core::ReplicaId replica) {
  const projections::Replica* row = projections::find_replica(model, service, replica);
  return row && !core::is_terminal(row->phase);
}

// Where the sandbox keeps it.
void sandbox_logs(ApiContext& context, const core::ServiceName& service, core::ReplicaId replica,
                  const Responder& responder) {
  const bool is_growing = has_machine(context.controller.model(), service, replica);
  const auto path = adapters::sandbox::replica_log(context.home.root, service, replica);
  if (std::error_code failed; !std::filesystem::exists(path, failed))
    return responder.answer_error(
        404, "there is no output of replica " + std::to_string(replica.value) + " of '" + service +
                 "'" + (is_growing ? " yet" : "; `skyctl status` lists the replicas"));
  adapters::JsonWriter json;
  json.begin_object().member("path", path.string()).member("growing", is_growing).end_object();
  responder.answer_json(json.take());
}

void cloud_logs(ApiContext& context, const core::TerminateInstance& machine,
                const HttpRequest& request, const Responder& responder) {
  adapters::RealCloud* cloud = context.clouds.find(machine.offer.place.cloud);
  if (cloud == nullptr)
    return responder.answer_error(404, "the output is at '" + machine.offer.place.cloud +
                                           "', which this daemon has no credentials for");
  const bool is_growing = has_machine(context.controller.model(), machine.service, machine.replica);
  const auto tail = request.query_parameter("tail").value_or("0");
  cloud->output({.service = machine.service,
                 .replica = machine.replica,
                 .attempt = machine.attempt,
                 .token = machine.token,
                 .offer = machine.offer,
                 .tail_lines = static_cast<std::uint32_t>(std::strtoul(tail.c_str(), nullptr, 10)),
                 .cursor = request.query_parameter("cursor").value_or("")},
                [responder, is_growing](auto outcome) {
                  const auto* output = std::get_if<adapters::Output>(&outcome);
                  if (output == nullptr)
                    return responder.answer_error(404, std::get<core::Failure>(outcome).text);
                  adapters::JsonWriter json;
                  json.begin_object().member("text", output->text).member("cursor", output->cursor);
                  json.member("growing", is_growing).end_object();
                  responder.answer_json(json.take());
                });
}

void logs(ApiContext& context, const HttpRequest& request, const Responder& responder) {
  const std::string service = request.query_parameter("service").value_or("");
  const core::ReplicaId replica{static_cast<std::uint32_t>(
      std::strtoul(request.query_parameter("replica").value_or("0").c_str(), nullptr, 10))};
  if (!adapters::is_service_name(service)) return responder.answer_error(400, "no service named");
  const projections::Model& model = context.controller.model();
  const projections::ServiceState* state = projections::find_service(model, service);
  const projections::Replica* row = projections::find_replica(model, service, replica);
  if (state == nullptr || row == nullptr || projections::spec_of(*state, *row).sandbox.enabled)
    return sandbox_logs(context, service, replica, responder);
  cloud_logs(context, projections::terminate_call(model, *state, *row), request, responder);
}

// ---- real clouds

void offers(ApiContext& context, const Responder& responder) {
  if (context.clouds.clouds.empty()) return answer_error(responder, no_cloud_error(context.clouds));
  find_offers(context.clouds,
              [responder](const OffersFound& found) { responder.answer_json(to_json(found)); });
}

void check(ApiContext& context, const HttpRequest& request, const Responder& responder) {
  check_clouds(context.clouds, request.query_parameter("cloud").value_or(""),
               [responder](const std::vector<CloudFindings>& found) {
                 responder.answer_json(to_json(found));
               });
}

// ---- services

struct Wanted {
  core::ServiceSpec spec;
  std::vector<core::Offer> offers;
  adapters::Secrets secrets;
  core::UpdateMode mode = core::UpdateMode::rolling;
};
using WantedDone = std::function<void(Wanted)>;

// Real clouds take a moment to say what they sell; `then` may be called later, or never.
void read_wanted(ApiContext& context, const HttpRequest& request, const Responder& responder,
                 WantedDone then) {
  auto parsed = parse_service_request(request.body);
  if (!parsed) return answer_error(responder, parsed.error());
  auto loaded = adapters::load_service(parsed->yaml, parsed->file_name, parsed->options);
  if (!loaded) return answer_error(responder, loaded.error());
  const bool is_sandbox = loaded->spec.sandbox.enabled;
  Wanted wanted{std::move(loaded->spec), {}, std::move(loaded->secrets), parsed->mode};
  auto go_on = [responder, wanted = std::move(wanted), file = parsed->file_name,
                then = std::move(then)](const OffersFound& found) mutable {
    auto fitting = offers_that_fit(wanted.spec, found, file);
    if (!fitting) return answer_error(responder, fitting.error());
    wanted.offers = std::move(*fitting);
    then(std::move(wanted));
  };
  if (is_sandbox) return go_on(sandbox_offers());
  if (context.clouds.clouds.empty()) return answer_error(responder, no_cloud_error(context.clouds));
  find_offers(context.clouds, std::move(go_on));
}

void up(ApiContext& context, const HttpRequest& request, const Responder& responder) {
  const core::RequestId id = id_of(request);
  const std::string user = login_of(request);
  read_wanted(context, request, responder, [&context, responder, id, user](Wanted wanted) {
    const core::ServiceName name = wanted.spec.name;
    const bool is_again = is_taken(context, id);
    if (!is_again && context.controller.model().services.contains(name))
      return responder.answer_error(409, "service '" + name + "' exists already; `skyctl update " +
                                             name + " FILE` changes it, `skyctl down " + name +
                                             "` ends it");
    if (!is_again)
      if (auto put = context.secrets.put(name, core::Version{1}, wanted.secrets); !put)
        return answer_error(responder, put.error());
    context.controller.submit(
        core::UpRequested{std::move(wanted.spec), std::move(wanted.offers), user, id},
        reply_to(responder, "{}"));
  });
}

void update(ApiContext& context, const HttpRequest& request, const Responder& responder) {
  const core::RequestId id = id_of(request);
  const std::string user = login_of(request);
  read_wanted(context, request, responder, [&context, responder, id, user](Wanted wanted) {
    const core::ServiceName name = wanted.spec.name;
    if (!is_taken(context, id)) {
      const auto* service = projections::find_service(context.controller.model(), name);
      if (!service)
        return responder.answer_error(404, "no service '" + name + "' is up; `skyctl up`");
      const core::Version next{service->last_version.value + 1};  // as `step` will number it
      wanted.spec.sandbox = service->spec().sandbox;
      if (auto put = context.secrets.put(name, next, wanted.secrets); !put)
        return answer_error(responder, put.error());
    }
    context.controller.submit(
        core::UpdateRequested{std::move(wanted.spec), std::move(wanted.offers), wanted.mode, user,
                              id},
        reply_to(responder, "{}"));
  });
}

void down(ApiContext& context, const HttpRequest& request, const Responder& responder) {
  const auto document = adapters::parse_json(request.body);
  if (!document) return answer_error(responder, document.error());
  const auto service = adapters::JsonView(*document).at("service").as_text();
  if (!service) return answer_error(responder, service.error());
  context.controller.submit(core::DownRequested{*service, login_of(request), id_of(request)},
                            reply_to(responder, "{}"));
}

void preempt(ApiContext& context, const HttpRequest& request, const Responder& responder) {
  const auto document = adapters::parse_json(request.body);
  if (!document) return answer_error(responder, document.error());
  const adapters::JsonView root(*document);
  const auto service = root.at("service").as_text();
  if (!service) return answer_error(responder, service.error());
  core::PreemptRequested order{.service = *service,
                               .replicas = {},
                               .zone = root.at("zone").text_or(""),
                               .storm = static_cast<std::uint32_t>(root.at("storm").integer_or(0)),
                               .user = login_of(request),
                               .request = id_of(request)};
  for (std::size_t i = 0; i < root.at("replicas").size(); ++i) {
    const auto replica = root.at("replicas").at(i).as_integer();
    if (!replica) return answer_error(responder, replica.error());
    order.replicas.push_back(core::ReplicaId{static_cast<std::uint32_t>(*replica)});
  }
  context.controller.submit(std::move(order), reply_to(responder, "{}"));
}

// ---- the process

void stop(ApiContext& context, const Responder& responder) {
  adapters::JsonWriter json;
  json.begin_object();
  json.member("live_services",
              static_cast<std::uint64_t>(context.controller.model().services.size()));
  json.end_object();
  responder.answer_json(json.take());
  context.stop();
}

// Ours, then the balancer's; without one, ours alone.
void metrics(ApiContext& context, const Responder& responder) {
  const std::string ours =
      metrics_text(context.controller.model(), context.now(), context.backlog());
  adapters::HttpRequest request;
  request.url = "http://balancer/metrics";
  request.unix_socket = context.home.balancer_socket();
  request.timeout = balancer_patience;
  context.http.send(std::move(request), [responder, ours](const adapters::HttpResponse& response) {
    responder.answer({.content_type = "text/plain; version=0.0.4",
                      .body = response.is_ok() ? ours + response.body : ours});
  });
}

}  // namespace

void add_api_routes(HttpRouter& router, ApiContext& context) {
  const auto add = [&](const char* method, const char* path, auto handler) {
    router.add(method, path,
               [&context, handler](const HttpRequest& request, const Matches&,
                                   const Responder& responder) {
                 if constexpr (std::is_invocable_v<decltype(handler), ApiContext&,
                                                   const HttpRequest&, const Responder&>)
                   handler(context, request, responder);
                 else
                   handler(context, responder);
               });
  };
  add("GET", "/v1/health", health);
  add("GET", "/v1/status", status);
  add("GET", "/v1/logs", logs);
  add("GET", "/v1/offers", offers);
  add("GET", "/v1/check", check);
  const auto add_order = [&](const char* path, auto handler) {
    add("POST", path,
        [handler](ApiContext& known, const HttpRequest& request, const Responder& responder) {
          if (has_usable_id(request, responder)) handler(known, request, responder);
        });
  };
  add_order("/v1/up", up);
  add_order("/v1/update", update);
  add_order("/v1/down", down);
  add_order("/v1/preempt", preempt);
  add("POST", "/v1/stop", stop);
  add("GET", "/metrics", metrics);
}

}  // namespace sky::cli
