// The files by which the daemon and a sandbox machine talk, in the machine's directory:
//
//   order.json    written first, by the cloud: what to run, for whom, how fast time goes
//   secrets.json  written before the start; the machine reads it and removes it at once
//   state.json    written by the machine at each change; the daemon watches it
//   notice.json   written by the cloud: the machine ends itself at the deadline
//   terminate     written by the cloud: the machine ends itself now
//   lock          held by the machine's process
//
// Each file but the lock appears whole, by rename. Any thread. Errors: not_found, corrupt, io.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "adapters/cloud.h"
#include "adapters/process.h"
#include "core/ids.h"
#include "core/offer.h"
#include "core/result.h"
#include "core/time.h"

namespace sky::adapters::sandbox {

struct MachineOrder {
  core::ServiceName service;
  core::ReplicaId replica;
  std::uint32_t attempt = 0;
  std::string token;
  core::Offer offer;
  std::uint32_t node = 0;  // Kubernetes: which of the cluster's nodes holds the pod
  std::uint16_t service_port = 0;
  std::string setup;
  std::string run;
  std::string workdir;
  std::vector<std::pair<std::string, std::string>> envs;
  core::WallTime ordered_at;
  core::Duration provisioning{0};  // all durations are scaled already
  core::Duration notice{0};
  core::Duration grace{0};  // from SIGTERM to SIGKILL
  std::filesystem::path log;
};

enum class MachinePhase : std::uint8_t {
  unknown,
  provisioning,
  running,  // has its port; setup runs
  started,  // setup is done, run has begun
  ended,  // setup or run ended by itself; the machine is still held
  preempted,  // taken by the cloud
  terminated,  // ended because it was asked to
};

struct MachineState {
  MachinePhase phase = MachinePhase::unknown;
  ProcessIdentity process;  // the machine's own
  std::uint16_t port = 0;
  std::string text;  // of `ended`: how, and the last lines of output
};

struct MachineNotice {
  core::WallTime deadline;
  std::string text;  // the cloud's words
};

const char* to_text(MachinePhase phase);
bool is_over(MachinePhase phase);  // the process ends, or has ended: no program of it runs

std::filesystem::path order_file(const std::filesystem::path& directory);
std::filesystem::path state_file(const std::filesystem::path& directory);
std::filesystem::path notice_file(const std::filesystem::path& directory);
std::filesystem::path terminate_file(const std::filesystem::path& directory);
std::filesystem::path lock_file(const std::filesystem::path& directory);

core::Result<void> write_order(const std::filesystem::path& directory, const MachineOrder& order);
core::Result<MachineOrder> read_order(const std::filesystem::path& directory);

core::Result<void> write_state(const std::filesystem::path& directory, const MachineState& state);
core::Result<MachineState> read_state(const std::filesystem::path& directory);

core::Result<void> write_notice(const std::filesystem::path& directory,
                                const MachineNotice& notice);
core::Result<MachineNotice> read_notice(const std::filesystem::path& directory);

core::Result<void> write_secrets(const std::filesystem::path& directory, const Secrets& secrets);
Secrets take_secrets(const std::filesystem::path& directory);  // and removes the file

}  // namespace sky::adapters::sandbox
