// An observation becomes facts: what was seen is recorded, nothing is decided beyond what follows
// from the observation alone.
//
// Stale observations (of an attempt that is over, of a replica that is gone) record nothing.
#pragma once

#include <set>

#include "core/input.h"
#include "projections/recorder.h"

namespace sky::projections {

// The services that are to be decided about afterwards.
using Touched = std::set<core::ServiceName>;

void ingest_user(Recorder& recorder, Touched& touched, const core::UpRequested& request);
void ingest_user(Recorder& recorder, Touched& touched, const core::UpdateRequested& request);
void ingest_user(Recorder& recorder, Touched& touched, const core::DownRequested& request);
void ingest_user(Recorder& recorder, Touched& touched, const core::PreemptRequested& request);

void ingest_cloud(Recorder& recorder, Touched& touched, const core::LaunchAnswered& answer);
void ingest_cloud(Recorder& recorder, Touched& touched, const core::TerminateAnswered& answer);
void ingest_cloud(Recorder& recorder, Touched& touched, const core::InstanceChanged& change);
void ingest_cloud(Recorder& recorder, Touched& touched, const core::InstancesListed& list);
void ingest_cloud(Recorder& recorder, Touched& touched, const core::OrphanTerminated& answer);

void ingest_probe(Recorder& recorder, Touched& touched, const core::ProbeReturned& answer);

void ingest_endpoint(Recorder& recorder, Touched& touched, const core::BalancerHello& hello);
void ingest_endpoint(Recorder& recorder, Touched& touched, const core::BalancerGone& gone);
void ingest_endpoint(Recorder& recorder, Touched& touched, const core::EndpointReported& report);
void ingest_endpoint(Recorder& recorder, Touched& touched, const core::TrafficReported& report);
void ingest_endpoint(Recorder& recorder, Touched& touched, const core::ReplicaReported& report);
void ingest_endpoint(Recorder& recorder, Touched& touched, const core::HoldReported& report);

void ingest_start(Recorder& recorder, Touched& touched, const core::Started& start);

// The lowest port that no live service has; none: all are taken.
std::optional<std::uint16_t> free_port(const Model& model, std::uint16_t from);

inline constexpr std::uint16_t first_port = 30001;  // SkyServe's
inline constexpr std::uint16_t last_port = 30100;
inline constexpr std::size_t max_services = 100;  // one port each
// The text of a loss that a list of the cloud's machines showed: several may be of one list.
inline constexpr const char* unlisted_text = "the cloud does not list its machine any more";

}  // namespace sky::projections
