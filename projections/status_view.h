// What `skyctl status` shows, as values: one row for each service and each replica, at a moment.
//
// Durations are by the log clock, so a jump of the wall clock changes none. No formatting of
// columns here; texts are whole, never cut. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/event.h"
#include "projections/costs.h"
#include "projections/model.h"

namespace sky::projections {

struct ServiceRow {
  core::ServiceName name;
  std::vector<core::Version> serving;  // versions that have a ready replica
  core::Version wanted;
  std::optional<core::Duration> uptime;  // since the first replica was ready
  ServiceStatus status = ServiceStatus::replica_init;
  std::uint32_t ready = 0;
  std::uint32_t live = 0;  // replicas on their way to be ready, or there
  std::string endpoint;  // "127.0.0.1:30001", empty while closed
  bool sandbox = false;
  std::uint32_t target = 0;
  std::uint32_t overprovisioned = 0;
  core::MilliRps rate;  // arrivals over the window of the policy
  std::uint32_t in_flight = 0;
  std::uint32_t held = 0;
  CostReport cost;
  std::string reason;  // why it is so: the failure, else the last decision
  bool failing = false;  // `reason` is a failure
};

struct ReplicaRow {
  core::ServiceName service;
  core::ReplicaId id;
  core::Version version;
  std::string host;  // empty until there is a machine
  std::uint16_t port = 0;
  std::optional<core::Duration> launched;  // ago
  std::optional<core::Offer> offer;  // none before the first launch
  core::Pool pool = core::Pool::unknown;
  bool paid_overflow = false;
  core::Phase phase = core::Phase::unknown;
  core::Duration in_phase{0};
  std::string reason;
  std::optional<core::Duration> notice_left;  // until the cloud takes the machine
  core::Money cost;
  std::uint32_t in_flight = 0;
  std::int32_t last_http_status = 0;
  bool ejected = false;
  bool sandbox = false;
};

struct StatusView {
  std::vector<ServiceRow> services;  // by name
  std::vector<ReplicaRow> replicas;  // by service, then id
};

// `service` empty: all.
StatusView status_view(const Model& model, const core::Stamp& now,
                       const core::ServiceName& service = {});

}  // namespace sky::projections
