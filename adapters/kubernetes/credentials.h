// Who we are to one cluster, ready for the next request: headers and TLS.
//
// Files are read again at most once a minute, plugins are run again shortly before what they gave
// expires, and everything is asked anew after the cluster refused it. One plugin at a time, never
// on the loop. Loop thread. Destroying the object kills a running plugin and calls nobody.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/child_output.h"
#include "adapters/http_sender.h"
#include "adapters/kubernetes/exec_credential.h"
#include "adapters/kubernetes/kubeconfig.h"
#include "adapters/reactor.h"

namespace sky::adapters::kubernetes {

class Credentials {
 public:
  struct Ready {
    std::vector<std::string> headers;  // Authorization, and whom we act as
    std::shared_ptr<const HttpTls> tls;
  };
  using Done = std::function<void(core::Result<Ready>)>;
  // The kubeconfig as it is now: certificates in it may have been replaced.
  using Reload = std::function<core::Result<Access>()>;

  Credentials(Reactor& reactor, Access access, Reload reload);
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;

  // `done` is called once, later. Errors are about this machine: files, plugins.
  void get(Done done);
  // The cluster did not believe what get() gave.
  void reject();

  const Access& access() const { return access_; }

 private:
  core::Result<Ready> read();
  void run_plugin();
  void answer(const core::Result<Ready>& result);
  bool is_fresh() const;

  Reactor& reactor_;
  Access access_;
  Reload reload_;
  ChildOutput plugin_;
  std::optional<ExecCredential> from_plugin_;
  std::optional<Ready> ready_;
  core::WallTime read_at_{};
  std::vector<Done> waiting_;
  std::shared_ptr<bool> is_alive_;
};

}  // namespace sky::adapters::kubernetes
