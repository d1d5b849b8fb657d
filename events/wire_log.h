// Wire form and core value of the events about the log itself. Private to events; see wire.h.
#pragma once

#include "core/event.h"
#include "events/event.capnp.h"

namespace sky::events {

// codec_service.cc
void write(wire::LogRepaired::Builder to, const core::LogRepaired& from);
void read(wire::LogRepaired::Reader from, core::LogRepaired& to);
void write(wire::LogTruncated::Builder to, const core::LogTruncated& from);
void read(wire::LogTruncated::Reader from, core::LogTruncated& to);
void write(wire::SnapshotTaken::Builder to, const core::SnapshotTaken& from);
void read(wire::SnapshotTaken::Reader from, core::SnapshotTaken& to);
void write(wire::SnapshotRejected::Builder to, const core::SnapshotRejected& from);
void read(wire::SnapshotRejected::Reader from, core::SnapshotRejected& to);

}  // namespace sky::events
