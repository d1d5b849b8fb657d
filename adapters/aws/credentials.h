// AWS credentials that are good now: fetched by a plan (credentials_plan.h), kept, and fetched anew
// before they end.
//
// One fetch at a time, whoever asks. Nothing of them is ever logged or stored. Loop thread; `done`
// is called exactly once, later. Errors: permission (refused, expired), unavailable, invalid_input.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/aws/credentials_plan.h"
#include "adapters/http_sender.h"
#include "core/scheduler.h"

namespace sky::adapters::aws {

inline constexpr core::Duration refresh_before_end = core::seconds(300);

class CredentialsKeeper {
 public:
  using Done = std::function<void(core::Result<Credentials>)>;
  // Runs a command line and gives what it prints: for `credential_process`.
  using RunProgram = std::function<void(const std::string& command,
                                        std::function<void(core::Result<std::string>)>)>;

  struct Edges {
    core::Scheduler& scheduler;
    HttpSender& http;
    std::function<core::WallTime()> wall;
    RunProgram run_program;  // may be empty: such a profile is then an error
    std::string sts_endpoint;  // "https://sts.us-east-1.amazonaws.com"
    std::string sts_region;
    std::string sso_endpoint;  // empty: the region's own
  };

  // Everything borrowed outlives it.
  CredentialsKeeper(Edges edges, CredentialsPlan plan);
  ~CredentialsKeeper();
  CredentialsKeeper(const CredentialsKeeper&) = delete;
  CredentialsKeeper& operator=(const CredentialsKeeper&) = delete;

  void get(Done done);
  void forget() { kept_ = {}; }  // they were refused: the next get() fetches

 private:
  void fetch();
  void fetch_source();
  void ask(HttpRequest request, std::function<void(const std::string& body)> read);
  void ask_instance();
  void ask_role(const std::string& host, const std::string& token);
  void ask_web_identity();
  void ask_sso();
  void ask_container();
  void run_process();
  void take(core::Result<Credentials> credentials);
  void take_role(std::size_t index);
  void finish(core::Result<Credentials> credentials);

  Edges edges_;
  CredentialsPlan plan_;
  Credentials kept_;
  std::vector<Done> waiting_;
  std::size_t roles_taken_ = 0;
  std::shared_ptr<bool> is_alive_;
};

// {"AccessKeyId": ..., "SecretAccessKey": ..., "SessionToken" or "Token": ..., "Expiration": ...}:
// what containers, instances and programs answer.
core::Result<Credentials> read_json_credentials(const std::string& text);
// {"roleCredentials": {"accessKeyId": ..., "expiration": milliseconds}}: what single sign-on does.
core::Result<Credentials> read_sso_credentials(const std::string& text);

}  // namespace sky::adapters::aws
