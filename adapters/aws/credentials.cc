#include "adapters/aws/credentials.h"

#include <utility>

#include "adapters/aws/ec2_answer.h"
#include "adapters/aws/ec2_request.h"
#include "adapters/durable_file.h"
#include "adapters/json.h"
#include "adapters/percent_code.h"
#include "adapters/utc_time.h"

namespace sky::adapters::aws {
namespace {

// The metadata service is near or not there at all.
constexpr core::Duration metadata_timeout = core::seconds(2);
constexpr const char* role_path = "/latest/meta-data/iam/security-credentials/";
constexpr const char* form_type = "content-type: application/x-www-form-urlencoded";

core::Error permission(std::string text) { return {core::ErrorCode::permission, std::move(text)}; }

std::string host_of(const std::string& url) {
  const std::size_t begin = url.find("://") == std::string::npos ? 0 : url.find("://") + 3;
  return url.substr(begin, url.find('/', begin) - begin);
}

HttpRequest post_form(const std::string& endpoint, const NameValues& call) {
  HttpRequest request;
  request.method = "POST";
  request.url = endpoint + "/";
  request.headers = {form_type};
  request.body = form_of(call);
  return request;
}

HttpRequest metadata_request(const char* method, const std::string& url, std::string header) {
  HttpRequest request;
  request.method = method;
  request.url = url;
  request.connect_timeout = request.timeout = metadata_timeout;
  request.headers = {std::move(header)};
  return request;
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find_first_of("\r\n"));
}

}  // namespace

core::Result<Credentials> read_json_credentials(const std::string& text) {
  const auto document = parse_json(text);
  if (!document) return document.error();
  const JsonView root(*document);
  Credentials credentials{root.at("AccessKeyId").text_or(""),
                          root.at("SecretAccessKey").text_or(""),
                          root.at("SessionToken").text_or(root.at("Token").text_or("")),
                          {}};
  if (const auto expires = read_iso_time(root.at("Expiration").text_or("")))
    credentials.expires = *expires;
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty())
    return permission("no credentials in the answer: " + root.at("Message").text_or("no keys"));
  return credentials;
}

core::Result<Credentials> read_sso_credentials(const std::string& text) {
  const auto document = parse_json(text);
  if (!document) return document.error();
  const JsonView role = JsonView(*document).at("roleCredentials");
  Credentials credentials{role.at("accessKeyId").text_or(""),
                          role.at("secretAccessKey").text_or(""),
                          role.at("sessionToken").text_or(""),
                          core::WallTime(core::milliseconds(role.at("expiration").integer_or(0)))};
  if (credentials.access_key_id.empty()) return permission("single sign-on gave no credentials");
  return credentials;
}

CredentialsKeeper::CredentialsKeeper(Edges edges, CredentialsPlan plan)
    : edges_(std::move(edges)), plan_(std::move(plan)), is_alive_(std::make_shared<bool>(true)) {}

CredentialsKeeper::~CredentialsKeeper() { *is_alive_ = false; }

void CredentialsKeeper::get(Done done) {
  const bool lasts =
      kept_.expires == core::WallTime{} || kept_.expires - edges_.wall() > refresh_before_end;
  if (!kept_.access_key_id.empty() && lasts) {
    edges_.scheduler.post([done = std::move(done), credentials = kept_] { done(credentials); });
    return;
  }
  waiting_.push_back(std::move(done));
  if (waiting_.size() == 1)
    edges_.scheduler.post([this, alive = is_alive_] {
      if (*alive) fetch();
    });
}

void CredentialsKeeper::fetch() {
  roles_taken_ = 0;
  switch (plan_.source.kind) {
    case CredentialsKind::keys: return take(plan_.source.keys);
    case CredentialsKind::web_identity: return ask_web_identity();
    case CredentialsKind::process: return run_process();
    case CredentialsKind::sso: return ask_sso();
    case CredentialsKind::container: return ask_container();
    case CredentialsKind::instance: return ask_instance();
  }
}

void CredentialsKeeper::ask(HttpRequest request, std::function<void(const std::string&)> read) {
  const std::string host = host_of(request.url);
  edges_.http.send(std::move(request), [this, alive = is_alive_, host,
                                        read = std::move(read)](const HttpResponse& response) {
    if (!*alive) return;
    if (response.is_ok()) return read(response.body);
    const std::string from = plan_.found_in + ": " + host + ": ";
    if (response.status == 0)
      return finish(core::Error{core::ErrorCode::unavailable, from + response.error_text});
    const ServiceError error = read_error(response.status, response.body);
    finish(permission(from + judge(error).text));
  });
}

void CredentialsKeeper::ask_instance() {
  const std::string host = plan_.source.url;
  ask(metadata_request("PUT", host + "/latest/api/token",
                       "x-aws-ec2-metadata-token-ttl-seconds: 300"),
      [this, host](const std::string& token) {
        ask_role(host, "x-aws-ec2-metadata-token: " + token);
      });
}

void CredentialsKeeper::ask_role(const std::string& host, const std::string& token) {
  ask(metadata_request("GET", host + role_path, token),
      [this, host, token](const std::string& body) {
        ask(metadata_request("GET", host + role_path + percent_encoded(first_line(body)), token),
            [this](const std::string& keys) { take(read_json_credentials(keys)); });
      });
}

void CredentialsKeeper::ask_web_identity() {
  const CredentialsSource& source = plan_.source;
  const auto token = read_file(source.token_file);
  if (!token) return finish(token.error());
  ask(post_form(edges_.sts_endpoint,
                assume_role_with_web_identity(source.role_arn, source.session_name, *token)),
      [this](const std::string& body) { take(read_sts_credentials(body)); });
}

void CredentialsKeeper::ask_sso() {
  const CredentialsSource& source = plan_.source;
  const auto cached = read_file(source.sso_cache_file);
  const auto document = cached ? parse_json(*cached) : core::Result<JsonValue>(cached.error());
  const std::string token = document ? JsonView(*document).at("accessToken").text_or("") : "";
  const auto expires =
      document ? read_iso_time(JsonView(*document).at("expiresAt").text_or("")) : std::nullopt;
  if (token.empty() || (expires && *expires <= edges_.wall()))
    return finish(permission(plan_.found_in + ": the login has ended; run `aws sso login`"));
  HttpRequest request;
  const std::string endpoint = edges_.sso_endpoint.empty()
                                   ? "https://portal.sso." + source.sso_region + ".amazonaws.com"
                                   : edges_.sso_endpoint;
  request.url = endpoint + "/federation/credentials?role_name=" + percent_encoded(source.sso_role) +
                "&account_id=" + percent_encoded(source.sso_account);
  request.headers = {"x-amz-sso_bearer_token: " + token};
  ask(std::move(request), [this](const std::string& body) { take(read_sso_credentials(body)); });
}

void CredentialsKeeper::ask_container() {
  const CredentialsSource& source = plan_.source;
  std::string authorization = source.authorization;
  if (!source.authorization_file.empty()) {
    const auto text = read_file(source.authorization_file);
    if (!text) return finish(text.error());
    authorization = first_line(*text);
  }
  ask(metadata_request(
          "GET", source.url,
          authorization.empty() ? "accept: application/json" : "authorization: " + authorization),
      [this](const std::string& body) { take(read_json_credentials(body)); });
}

void CredentialsKeeper::run_process() {
  if (!edges_.run_program)
    return finish(core::Error{core::ErrorCode::unsupported,
                              plan_.found_in + ": credential_process is not supported here"});
  edges_.run_program(plan_.source.command,
                     [this, alive = is_alive_](core::Result<std::string> text) {
                       if (!*alive) return;
                       if (!text) return finish(text.error());
                       take(read_json_credentials(*text));
                     });
}

void CredentialsKeeper::take(core::Result<Credentials> credentials) {
  if (!credentials || roles_taken_ == plan_.roles.size()) return finish(std::move(credentials));
  kept_ = std::move(*credentials);
  take_role(roles_taken_++);
}

void CredentialsKeeper::take_role(std::size_t index) {
  const AssumedRole& role = plan_.roles[index];
  HttpRequest request = post_form(edges_.sts_endpoint,
                                  assume_role(role.role_arn, role.session_name, role.external_id));
  SignableRequest signable;
  signable.host = host_of(edges_.sts_endpoint);
  signable.headers = {{"content-type", "application/x-www-form-urlencoded"}};
  signable.body = request.body;
  const auto headers =
      signed_headers(signable, {edges_.sts_region, "sts"}, std::exchange(kept_, {}), edges_.wall());
  for (const auto& [name, value] : headers) request.headers.push_back(name + ": " + value);
  ask(std::move(request), [this](const std::string& body) { take(read_sts_credentials(body)); });
}

void CredentialsKeeper::finish(core::Result<Credentials> credentials) {
  kept_ = credentials ? *credentials : Credentials{};
  for (const Done& done : std::exchange(waiting_, {})) done(credentials);
}

}  // namespace sky::adapters::aws
