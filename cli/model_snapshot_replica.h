// The wire form of one replica and the small values it shares with the service. Private to
// cli/model_snapshot*.cc. Readers may throw kj::Exception; events::read_message catches it.
#pragma once

#include <optional>

#include "cli/model.capnp.h"
#include "core/time.h"
#include "events/wire.h"
#include "projections/replica.h"

namespace sky::cli {

inline std::int64_t us(core::Instant at) { return at.time_since_epoch().count(); }
inline core::Instant instant(std::int64_t us) { return core::Instant(core::Duration(us)); }

inline void write(wire::Stamp::Builder to, const core::Stamp& from) {
  to.setAtUs(us(from.at));
  to.setWallUs(from.wall.time_since_epoch().count());
}
inline core::Stamp stamp(wire::Stamp::Reader from) {
  return {instant(from.getAtUs()), core::WallTime(core::Duration(from.getWallUs()))};
}

void write(wire::Replica::Builder to, const projections::Replica& from);
void read(wire::Replica::Reader from, projections::Replica& to);

}  // namespace sky::cli
