// Access tokens of Google's OAuth 2: found where Google's own tools look, kept, and fetched anew
// before they end.
//
// Application-default order: the file of GOOGLE_APPLICATION_CREDENTIALS, gcloud's well-known file,
// the metadata server. A service account signs a JWT (RS256) for its token, a person's login gives
// its refresh token. One fetch at a time. Nothing is ever logged or stored. Loop thread; `done` is
// called exactly once, later. Errors: permission, unavailable, invalid_input, unsupported.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/http_sender.h"
#include "core/result.h"
#include "core/scheduler.h"

namespace sky::adapters::gcp {

enum class LoginKind : std::uint8_t { service_account, authorized_user, metadata };

struct Login {
  LoginKind kind = LoginKind::metadata;
  std::string project;  // what the file says; may be empty
  std::string email, private_key, key_id;  // service_account
  std::string client_id, client_secret, refresh_token;  // authorized_user
  std::string token_url;  // of the file, or of the metadata server
  std::string found_in;  // for people
};

struct LoginPlace {
  std::function<std::string(const char*)> environment;  // "" when not set
  std::function<core::Result<std::string>(const std::string& path)> read;
  bool is_on_gce = false;
};

// Pure but for `read`. Errors: not_found when there is none, with where it was looked for.
core::Result<Login> find_login(const LoginPlace& place);
core::Result<Login> parse_login(const std::string& json, const std::string& file);

// "HEADER.CLAIMS.SIGNATURE": the assertion that is given for a token. Pure.
core::Result<std::string> signed_assertion(const Login& login, core::WallTime now);

class AccessTokens {
 public:
  using Done = std::function<void(core::Result<std::string>)>;

  // Everything borrowed outlives it.
  AccessTokens(core::Scheduler& scheduler, HttpSender& http, std::function<core::WallTime()> wall,
               Login login);
  ~AccessTokens();

  void get(Done done);
  void forget() { token_.clear(); }  // it was refused: the next get() fetches

 private:
  void fetch();
  void take(const HttpResponse& response);
  void finish(const core::Result<std::string>& token);

  core::Scheduler& scheduler_;
  HttpSender& http_;
  std::function<core::WallTime()> wall_;
  Login login_;
  std::string token_;
  core::WallTime expires_;
  std::vector<Done> waiting_;
  std::shared_ptr<bool> is_alive_;
};

}  // namespace sky::adapters::gcp
