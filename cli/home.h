// Where everything of one user's control plane lives: $SKYCTL_HOME, by default ~/.skyctl.
//
// The directory is made with mode 0700; files and sockets in it are 0600. One daemon per home.
#pragma once

#include <filesystem>

#include "core/result.h"

namespace sky::cli {

struct Home {
  std::filesystem::path root;

  std::filesystem::path log() const { return root / "log"; }
  std::filesystem::path config() const { return root / "config.yaml"; }
  std::filesystem::path api_socket() const { return root / "api.sock"; }
  std::filesystem::path daemon_output() const { return root / "daemon.log"; }
  std::filesystem::path balancer_output() const { return root / "lb.out"; }
  std::filesystem::path balancer_lock() const { return root / "lb.lock"; }
  std::filesystem::path balancer_socket() const { return root / "lb.sock"; }
};

// Only names it. Errors: usage when neither SKYCTL_HOME nor HOME is set, or when the path is too
// long for a unix socket.
core::Result<Home> find_home();

// Names it, makes it, and proves that it can be written. Errors: as above, permission, no_space.
core::Result<Home> make_home();

}  // namespace sky::cli
