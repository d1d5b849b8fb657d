#include "adapters/gcp/access_token.h"

#include <utility>

#include "adapters/digest.h"
#include "adapters/json.h"
#include "adapters/percent_code.h"

namespace sky::adapters::gcp {
namespace {

constexpr core::Duration refresh_before_end = core::seconds(300);
constexpr core::Duration assertion_life = core::seconds(3600);  // the most Google takes
constexpr core::Duration metadata_timeout = core::seconds(2);
constexpr const char* scope = "https://www.googleapis.com/auth/cloud-platform";
constexpr const char* google_token_url = "https://oauth2.googleapis.com/token";
constexpr const char* metadata_host = "169.254.169.254";
constexpr const char* metadata_path = "/computeMetadata/v1/instance/service-accounts/default/token";
constexpr const char* form_type = "content-type: application/x-www-form-urlencoded";

HttpRequest post_form(const std::string& url, std::string form) {
  HttpRequest request;
  request.method = "POST";
  request.url = url;
  request.headers = {form_type};
  request.body = std::move(form);
  return request;
}

std::string gcloud_file(const LoginPlace& place) {
  const std::string folder = place.environment("CLOUDSDK_CONFIG");
  return (folder.empty() ? place.environment("HOME") + "/.config/gcloud" : folder) +
         "/application_default_credentials.json";
}

}  // namespace

core::Result<Login> parse_login(const std::string& json, const std::string& file) {
  const auto document = parse_json(json);
  if (!document)
    return core::Error{core::ErrorCode::invalid_input, file + ": " + document.error().text};
  const JsonView root(*document);
  const std::string type = root.at("type").text_or("");
  Login login;
  login.found_in = file;
  login.token_url = root.at("token_uri").text_or(google_token_url);
  login.project = root.at("project_id").text_or(root.at("quota_project_id").text_or(""));
  if (type == "service_account") {
    login.kind = LoginKind::service_account;
    login.email = root.at("client_email").text_or("");
    login.private_key = root.at("private_key").text_or("");
    login.key_id = root.at("private_key_id").text_or("");
    if (login.email.empty() || login.private_key.empty())
      return core::Error{core::ErrorCode::invalid_input,
                         file + ": a service account needs client_email and private_key"};
    return login;
  }
  if (type == "authorized_user") {
    login.kind = LoginKind::authorized_user;
    login.client_id = root.at("client_id").text_or("");
    login.client_secret = root.at("client_secret").text_or("");
    login.refresh_token = root.at("refresh_token").text_or("");
    if (login.client_id.empty() || login.refresh_token.empty())
      return core::Error{core::ErrorCode::invalid_input,
                         file + ": a login needs client_id and refresh_token"};
    return login;
  }
  return core::Error{core::ErrorCode::unsupported,
                     file + ": credentials of type `" + type +
                         "` are not supported; service_account and authorized_user are"};
}

core::Result<Login> find_login(const LoginPlace& place) {
  const std::string named = place.environment("GOOGLE_APPLICATION_CREDENTIALS");
  if (!named.empty()) {
    const auto text = place.read(named);
    if (!text) return text.error();
    return parse_login(*text, named);
  }
  const std::string usual = gcloud_file(place);
  if (const auto text = place.read(usual)) return parse_login(*text, usual);
  const std::string host = place.environment("GCE_METADATA_HOST");
  if (host.empty() && !place.is_on_gce)
    return core::Error{
        core::ErrorCode::not_found,
        "no credentials: GOOGLE_APPLICATION_CREDENTIALS is not set and there is no " + usual +
            " (`gcloud auth application-default login` makes it)"};
  Login login;
  login.kind = LoginKind::metadata;
  login.token_url = "http://" + (host.empty() ? std::string(metadata_host) : host) + metadata_path;
  login.found_in = "the metadata server";
  return login;
}

core::Result<std::string> signed_assertion(const Login& login, core::WallTime now) {
  const std::int64_t issued = core::whole_seconds(now.time_since_epoch());
  JsonWriter header, claims;
  header.begin_object().member("alg", "RS256").member("typ", "JWT");
  if (!login.key_id.empty()) header.member("kid", login.key_id);
  header.end_object();
  claims.begin_object().member("iss", login.email).member("scope", scope);
  claims.member("aud", login.token_url).member("iat", issued);
  claims.member("exp", issued + core::whole_seconds(assertion_life)).end_object();
  const std::string text = base64_url(header.take()) + "." + base64_url(claims.take());
  const auto signature = rs256_signature(login.private_key, text);
  if (!signature)
    return core::Error{signature.error().code, login.found_in + ": " + signature.error().text};
  return text + "." + base64_url(*signature);
}

AccessTokens::AccessTokens(core::Scheduler& scheduler, HttpSender& http,
                           std::function<core::WallTime()> wall, Login login)
    : scheduler_(scheduler),
      http_(http),
      wall_(std::move(wall)),
      login_(std::move(login)),
      is_alive_(std::make_shared<bool>(true)) {}

AccessTokens::~AccessTokens() { *is_alive_ = false; }

void AccessTokens::get(Done done) {
  if (!token_.empty() && expires_ - wall_() > refresh_before_end) {
    scheduler_.post([done = std::move(done), token = token_] { done(token); });
    return;
  }
  waiting_.push_back(std::move(done));
  if (waiting_.size() == 1)
    scheduler_.post([this, alive = is_alive_] {
      if (*alive) fetch();
    });
}

void AccessTokens::fetch() {
  HttpRequest request;
  if (login_.kind == LoginKind::service_account) {
    const auto assertion = signed_assertion(login_, wall_());
    if (!assertion) return finish(assertion.error());
    request = post_form(login_.token_url,
                        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"
                        "&assertion=" +
                            *assertion);
  } else if (login_.kind == LoginKind::authorized_user) {
    request = post_form(login_.token_url,
                        "grant_type=refresh_token&client_id=" + percent_encoded(login_.client_id) +
                            "&client_secret=" + percent_encoded(login_.client_secret) +
                            "&refresh_token=" + percent_encoded(login_.refresh_token));
  } else {
    request.url = login_.token_url;
    request.headers = {"metadata-flavor: Google"};
    request.connect_timeout = request.timeout = metadata_timeout;
  }
  http_.send(std::move(request), [this, alive = is_alive_](const HttpResponse& response) {
    if (*alive) take(response);
  });
}

void AccessTokens::take(const HttpResponse& response) {
  if (response.error != HttpError::none)
    return finish(core::Error{core::ErrorCode::unavailable,
                              login_.found_in + ": no token: " + response.error_text});
  const auto document = parse_json(response.body);
  const JsonValue empty;
  const JsonView root(document ? *document : empty);
  token_ = root.at("access_token").text_or("");
  if (!response.is_ok() || token_.empty()) {
    token_.clear();
    const std::string why = root.at("error_description").text_or(root.at("error").text_or(""));
    return finish(core::Error{
        core::ErrorCode::permission,
        login_.found_in + ": no token: " + (why.empty() ? std::to_string(response.status) : why)});
  }
  expires_ = wall_() + core::seconds(root.at("expires_in").integer_or(0));
  finish(token_);
}

void AccessTokens::finish(const core::Result<std::string>& token) {
  for (const Done& done : std::exchange(waiting_, {})) done(token);
}

}  // namespace sky::adapters::gcp
