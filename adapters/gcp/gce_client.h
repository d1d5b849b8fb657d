// Calls of GCP's Compute API: with a token, paced, and made again where that is safe.
//
// A throttled call waits (full jitter) and is made again; one that never left, too. One that left
// and was not answered is made again only when it changes nothing: else it ends `indeterminate`.
// A refused token is fetched anew once. Loop thread; `done` is called exactly once, later.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "adapters/gcp/access_token.h"
#include "adapters/gcp/gce_verdict.h"
#include "adapters/json.h"
#include "adapters/vm/call_budget.h"

namespace sky::adapters::gcp {

struct GceAnswer {
  JsonValue body;
  GceError error;  // what the failure was made of
  std::optional<core::Failure> failure;  // none: the body is what was asked for
};

class GceClient {
 public:
  using Done = std::function<void(const GceAnswer&)>;

  struct Edges {
    core::Scheduler& scheduler;
    HttpSender& http;
    AccessTokens& tokens;
    std::function<core::Instant()> now;
    std::function<std::uint64_t()> draw;  // any 64 bits
    std::string endpoint;  // "https://compute.googleapis.com/compute/v1/projects/PROJECT/"
  };

  // Everything borrowed outlives it.
  explicit GceClient(Edges edges);
  ~GceClient();
  GceClient(const GceClient&) = delete;
  GceClient& operator=(const GceClient&) = delete;

  // GET changes nothing; POST and DELETE do, and so does the body.
  void get(const std::string& path, Done done) { call("GET", path, {}, std::move(done)); }
  void post(const std::string& path, std::string body, Done done) {
    call("POST", path, std::move(body), std::move(done));
  }
  void remove(const std::string& path, Done done) { call("DELETE", path, {}, std::move(done)); }
  // A call elsewhere: "https://cloudresourcemanager.googleapis.com/..."; with the same token.
  void post_to(const std::string& url, std::string body, Done done);

  // Waits until an operation is done, and answers with it: its own error is the failure.
  void wait_for(const JsonValue& operation, Done done);

 private:
  struct Call;
  void call(const char* method, const std::string& path, std::string body, Done done);
  void wait_turn(const std::shared_ptr<Call>& call, core::Duration wait);
  void send(const std::shared_ptr<Call>& call, const std::string& token);
  void take(const std::shared_ptr<Call>& call, const HttpResponse& response);
  void wait_again(const std::string& path, std::uint32_t waits, Done done);

  Edges edges_;
  std::map<bool, vm::CallBudget> budgets_;  // by whether the call changes something
  std::map<std::uint64_t, std::unique_ptr<core::Alarm>> waits_;
  std::uint64_t last_wait_ = 0;
  std::shared_ptr<bool> is_alive_;
};

}  // namespace sky::adapters::gcp
