#include "cli/join_api.h"

#include <fstream>
#include <utility>

#include "adapters/clock.h"
#include "adapters/durable_file.h"
#include "adapters/sandbox/sandbox_cloud.h"
#include "cli/time_text.h"

namespace sky::cli {
namespace {

// A machine says a few lines in its life; one that says more says nothing new.
constexpr std::uintmax_t max_notes_bytes = std::uintmax_t{256} << 10;

// A machine's call is small, and there are few: whoever sends more is not one.
constexpr HttpLimits join_limits{.max_body_bytes = 16 << 10, .max_connections = 256};

void add_note(const std::filesystem::path& file, const std::string& line) {
  std::error_code ignored;
  if (std::filesystem::file_size(file, ignored) > max_notes_bytes && !ignored) return;
  if (!adapters::make_private_directory(file.parent_path())) return;
  std::ofstream(file, std::ios::app) << utc_text(adapters::wall_now()) << "  " << line << '\n';
}

bool is_expected(const projections::Model& model, const adapters::vm::JoinClaim& claim) {
  const projections::Replica* replica =
      projections::find_replica(model, claim.service, claim.replica);
  return replica != nullptr && replica->attempt == claim.attempt &&
         !core::is_terminal(replica->phase) && replica->phase != core::Phase::shutting_down;
}

}  // namespace

std::filesystem::path machine_notes(const Home& home, const core::ServiceName& service,
                                    core::ReplicaId replica) {
  return adapters::sandbox::replica_log(home.root, service, replica);
}

JoinApi::JoinApi(Edges edges, MachineSettings settings)
    : edges_(std::move(edges)),
      settings_(std::move(settings)),
      desk_(make_desk()),
      server_(
          edges_.reactor,
          [this](const HttpRequest& request, const Responder& responder) {
            if (request.method != "POST") return responder.answer_error(405, "only POST");
            auto answer = desk_.handle({request.path, std::string(request.header("authorization")),
                                        request.query_parameter("name").value_or(""),
                                        request.query_parameter("up").value_or(""), request.body});
            responder.answer({.status = answer.status,
                              .content_type = "text/plain",
                              .body = std::move(answer.body)});
          },
          join_limits) {}

adapters::vm::JoinDesk JoinApi::make_desk() const {
  const auto key = adapters::vm::read_join_key(edges_.home.root);
  return adapters::vm::JoinDesk(
      {.key = key ? *key : std::string(),  // without one no token is ours
       .directory = edges_.home.root / "joined",
       .secrets = [secrets = &edges_.secrets](
                      const core::ServiceName& service,
                      core::Version version) { return secrets->get(service, version); },
       .is_expected =
           [model = edges_.model](const adapters::vm::JoinClaim& claim) {
             return is_expected(model(), claim);
           },
       .report = [take = edges_.take](const adapters::vm::JoinClaim&,
                                      const core::InstanceChanged& change) { take(change); },
       .note =
           [home = edges_.home](const adapters::vm::JoinClaim& claim, const std::string& line) {
             add_note(machine_notes(home, claim.service, claim.replica), line);
           },
       .wall = adapters::wall_now});
}

core::Result<void> JoinApi::listen() {
  if (settings_.advertise_url.empty()) return {};
  return server_.listen_tcp(settings_.bind_host, settings_.bind_port);
}

}  // namespace sky::cli
