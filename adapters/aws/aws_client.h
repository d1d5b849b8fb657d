// Calls of AWS's query APIs: signed, paced, and made again where that is safe.
//
// A throttled call waits (full jitter) and is made again; one that never left, too. One that left
// and was not answered is made again only when it changes nothing: else it ends `indeterminate`.
// A refused credential is fetched anew once. A clock that is wrong is corrected by the server's own
// once, and for all later calls. Loop thread; `done` is called exactly once, later.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "adapters/aws/aws_settings.h"
#include "adapters/aws/credentials.h"
#include "adapters/aws/ec2_verdict.h"
#include "adapters/http_sender.h"
#include "adapters/vm/call_budget.h"
#include "core/scheduler.h"

namespace sky::adapters::aws {

enum class CallEffect : std::uint8_t { reads, changes };

struct AwsAnswer {
  std::string body;
  ServiceError error;  // what the failure was made of
  std::optional<core::Failure> failure;  // none: the body is what was asked for
};

class AwsClient {
 public:
  using Done = std::function<void(AwsAnswer)>;

  struct Edges {
    core::Scheduler& scheduler;
    HttpSender& http;
    CredentialsKeeper& credentials;
    std::function<core::WallTime()> wall;
    std::function<core::Instant()> now;
    std::function<std::uint64_t()> draw;  // any 64 bits
    std::function<std::string(const std::string& service, const std::string& region)> endpoint;
  };

  // Everything borrowed outlives it.
  explicit AwsClient(Edges edges);
  ~AwsClient();
  AwsClient(const AwsClient&) = delete;
  AwsClient& operator=(const AwsClient&) = delete;

  void call(const SigningScope& scope, const NameValues& parameters, CallEffect effect, Done done);

  core::Duration clock_skew() const { return skew_; }  // the servers' clock less ours

 private:
  struct Call;
  void wait_turn(const std::shared_ptr<Call>& call, core::Duration wait);
  void sign(const std::shared_ptr<Call>& call);
  void send(const std::shared_ptr<Call>& call, const Credentials& credentials);
  void take(const std::shared_ptr<Call>& call, const HttpResponse& response);
  bool correct_clock(const HttpResponse& response, const std::string& code);
  vm::CallBudget& budget(const Call& call);
  void finish(const std::shared_ptr<Call>& call, AwsAnswer answer);

  Edges edges_;
  core::Duration skew_{0};
  std::map<std::pair<std::string, std::string>, vm::CallBudget> budgets_;  // by region and kind
  std::map<std::uint64_t, std::unique_ptr<core::Alarm>> waits_;
  std::uint64_t last_wait_ = 0;
  std::shared_ptr<bool> is_alive_;
};

// The user's own, or AWS's of that region.
std::string endpoint_of(const EndpointOverrides& overrides, const std::string& service,
                        const std::string& region);

}  // namespace sky::adapters::aws
