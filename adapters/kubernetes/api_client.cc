#include "adapters/kubernetes/api_client.h"

#include <utility>

#include "adapters/kubernetes/api_error.h"

namespace sky::adapters::kubernetes {
namespace {

constexpr std::size_t longest_error_body = 64 * 1024;
constexpr const char* field_manager = "skyctl";

struct Url {
  std::string text;
  std::string connect_to;
};

// With a name of its own to prove, that name stands in the url and the connection goes elsewhere.
Url url_of(const KubeCluster& cluster, const std::string& path) {
  std::string server = cluster.server;
  while (server.ends_with('/')) server.pop_back();
  if (cluster.tls_server_name.empty()) return {server + path, {}};
  const std::size_t host = server.find("://") + 3;
  const std::size_t end = std::min(server.find('/', host), server.size());
  std::string authority = server.substr(host, end - host);
  const std::size_t colon = authority.rfind(':');
  const bool has_port =
      colon != std::string::npos && authority.find(']', colon) == std::string::npos;
  const std::string port = has_port ? authority.substr(colon) : ":443";
  if (!has_port) authority += port;
  return {server.substr(0, host) + cluster.tls_server_name + port + server.substr(end) + path,
          authority};
}

}  // namespace

ApiClient::ApiClient(Reactor& reactor, HttpSender& http, Access access, Credentials::Reload reload)
    : http_(http),
      credentials_(reactor, std::move(access), std::move(reload)),
      is_alive_(std::make_shared<bool>(true)) {}

ApiClient::~ApiClient() {
  *is_alive_ = false;
  for (const auto& [id, open] : open_)
    if (open.request != 0) http_.cancel(open.request);
}

ApiClient::CallId ApiClient::send(ApiCall call, Done done) {
  const CallId id = ++last_id_;
  Open& open = open_[id];
  open.call = std::move(call);
  open.done = std::move(done);
  start(id);
  return id;
}

ApiClient::CallId ApiClient::apply(const std::string& path, std::string object, Done done) {
  return send({.method = "PATCH",
               .path = path + "?fieldManager=" + field_manager + "&force=true",
               .body = std::move(object),
               .content_type = "application/apply-patch+yaml"},
              std::move(done));
}

void ApiClient::start(CallId id) {
  credentials_.get([this, alive = is_alive_, id](const core::Result<Credentials::Ready>& ready) {
    if (!*alive || !open_.contains(id)) return;
    if (ready) return send_with(id, *ready);
    end(id, {core::Failure{core::FailureKind::auth, core::FailureScope::account, ready.error().text,
                           core::Duration{0}},
             {}});
  });
}

void ApiClient::send_with(CallId id, const Credentials::Ready& ready) {
  Open& open = open_.at(id);
  const KubeCluster& cluster = credentials_.access().cluster;
  const Url url = url_of(cluster, open.call.path);
  HttpRequest request;
  request.method = open.call.method;
  request.url = url.text;
  request.connect_to = url.connect_to;
  request.proxy = cluster.proxy_url;
  request.tls = ready.tls;
  request.headers = ready.headers;
  request.headers.push_back("Accept: application/json");
  request.headers.push_back("User-Agent: skyctl/" SKY_VERSION);
  if (!open.call.body.empty()) request.headers.push_back("Content-Type: " + open.call.content_type);
  request.body = open.call.body;
  request.timeout = open.call.timeout;
  if (open.call.on_chunk) {
    request.fresh_connection = true;  // a stalled stream must not block control calls
    request.on_status = [this, id](int status) {
      if (const auto found = open_.find(id); found != open_.end()) found->second.status = status;
    };
    request.on_chunk = [this, id](std::string_view piece) {
      const auto found = open_.find(id);
      if (found == open_.end()) return;
      Open& one = found->second;
      if (one.status >= 200 && one.status < 300) return one.call.on_chunk(piece);
      if (one.error_body.size() + piece.size() < longest_error_body) one.error_body += piece;
    };
  }
  open.request =
      http_.send(std::move(request), [this, alive = is_alive_, id](HttpResponse response) {
        if (*alive && open_.contains(id)) finish(id, std::move(response));
      });
}

void ApiClient::finish(CallId id, HttpResponse response) {
  Open& open = open_.at(id);
  open.request = 0;
  if (response.error == HttpError::none && response.status == 401 && !open.is_second_try) {
    open.is_second_try = true;
    open.status = 0;
    open.error_body.clear();
    credentials_.reject();
    return start(id);
  }
  if (!open.error_body.empty()) response.body = std::move(open.error_body);
  ApiAnswer answer{judge_answer(response), {}};
  answer.body = std::move(response.body);
  end(id, std::move(answer));
}

void ApiClient::end(CallId id, ApiAnswer answer) {
  auto node = open_.extract(id);
  node.mapped().done(std::move(answer));
}

void ApiClient::cancel(CallId id) {
  const auto found = open_.find(id);
  if (found == open_.end()) return;
  const HttpSender::RequestId request = found->second.request;
  open_.erase(found);
  if (request != 0) http_.cancel(request);
}

}  // namespace sky::adapters::kubernetes
