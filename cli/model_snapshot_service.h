// The wire form of one service's state. Private to cli/model_snapshot*.cc.
// Readers may throw kj::Exception; events::read_message catches it.
#pragma once

#include "cli/model.capnp.h"
#include "projections/service_state.h"

namespace sky::cli {

void write(wire::Service::Builder to, const projections::ServiceState& from);
void read(wire::Service::Reader from, projections::ServiceState& to);

}  // namespace sky::cli
