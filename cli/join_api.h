// Where machines of clouds call the daemon: a listener of its own, with nothing but the join desk
// (adapters/vm/join_desk.h) behind it. Loop thread.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "adapters/reactor.h"
#include "adapters/secret_store.h"
#include "adapters/vm/join_desk.h"
#include "cli/config_machines.h"
#include "cli/home.h"
#include "cli/http_server.h"
#include "core/input.h"
#include "projections/model.h"

namespace sky::cli {

class JoinApi {
 public:
  struct Edges {
    adapters::Reactor& reactor;
    const Home& home;
    const adapters::SecretStore& secrets;
    std::function<const projections::Model&()> model;
    std::function<void(core::InstanceChanged)> take;
  };

  JoinApi(Edges edges, MachineSettings settings);

  // Nothing to do without `advertise`. Errors: address_in_use, permission, io.
  core::Result<void> listen();

 private:
  adapters::vm::JoinDesk make_desk() const;

  Edges edges_;
  MachineSettings settings_;
  adapters::vm::JoinDesk desk_;
  HttpServer server_;
};

// What the machine of a replica told: how far it is, its notices, how its service ended.
std::filesystem::path machine_notes(const Home& home, const core::ServiceName& service,
                                    core::ReplicaId replica);

}  // namespace sky::cli
