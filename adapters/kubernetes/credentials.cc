#include "adapters/kubernetes/credentials.h"

#include <utility>

#include "adapters/clock.h"
#include "adapters/durable_file.h"

namespace sky::adapters::kubernetes {
namespace {

using core::Error;
using core::Result;

constexpr core::Duration read_again = core::seconds(60);  // projected tokens rotate about hourly
constexpr core::Duration before_expiry = core::seconds(60);
constexpr std::size_t longest_file = std::size_t{1} << 20;

Result<std::string> text_of(const Pem& pem) {
  if (pem.file.empty()) return pem.text;
  return read_file(pem.file, longest_file);
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.pop_back();
  return text;
}

}  // namespace

Credentials::Credentials(Reactor& reactor, Access access, Reload reload)
    : reactor_(reactor),
      access_(std::move(access)),
      reload_(std::move(reload)),
      plugin_(reactor),
      is_alive_(std::make_shared<bool>(true)) {}

bool Credentials::is_fresh() const {
  const core::WallTime now = wall_now();
  if (!ready_ || now - read_at_ > read_again) return false;
  return !from_plugin_ || !from_plugin_->expires || now + before_expiry < *from_plugin_->expires;
}

void Credentials::get(Done done) {
  waiting_.push_back(std::move(done));
  if (waiting_.size() > 1) return;  // the one before is on its way
  if (is_fresh()) {
    const std::weak_ptr<bool> alive = is_alive_;
    return reactor_.post([this, alive] {
      if (!alive.expired()) answer(*ready_);
    });
  }
  const bool needs_plugin =
      access_.user.exec && (!from_plugin_ || (from_plugin_->expires && wall_now() + before_expiry >=
                                                                           *from_plugin_->expires));
  if (needs_plugin) return run_plugin();
  const std::weak_ptr<bool> alive = is_alive_;
  reactor_.post([this, alive] {
    if (!alive.expired()) answer(read());
  });
}

void Credentials::run_plugin() {
  const ExecPlugin& plugin = *access_.user.exec;
  ChildCommand command;
  command.program = plugin.command;
  command.arguments = plugin.arguments;
  command.environment = plugin.environment;
  const auto authority = text_of(access_.cluster.authority);
  command.environment.emplace_back(
      "KUBERNETES_EXEC_INFO",
      exec_info(plugin, access_.cluster, authority ? *authority : std::string()));
  plugin_.run(command, [this](Result<std::string> output) {
    if (!output) {
      const std::string& hint = access_.user.exec->install_hint;
      const bool is_missing = output.error().code == core::ErrorCode::not_found;
      return answer(Error{output.error().code,
                          "credential plugin: " + output.error().text +
                              (is_missing && !hint.empty() ? "\n" + hint : std::string())});
    }
    auto credential = read_exec_credential(*output, *access_.user.exec);
    if (!credential) return answer(credential.error());
    from_plugin_ = std::move(*credential);
    answer(read());
  });
}

Result<Credentials::Ready> Credentials::read() {
  const KubeUser& user = access_.user;
  HttpTls tls;
  tls.verify = !access_.cluster.skip_verification;
  const std::pair<const Pem*, std::string*> parts[] = {{&access_.cluster.authority, &tls.ca},
                                                       {&user.certificate, &tls.certificate},
                                                       {&user.key, &tls.key}};
  for (const auto& [pem, into] : parts) {
    auto text = text_of(*pem);
    if (!text) return text.error();
    *into = std::move(*text);
  }
  std::string token = user.token;
  if (!user.token_file.empty()) {
    const auto text = read_file(user.token_file, longest_file);
    if (!text) return text.error();
    token = trimmed(*text);
  }
  if (from_plugin_) {
    if (!from_plugin_->token.empty()) token = from_plugin_->token;
    if (!from_plugin_->certificate.empty()) {
      tls.certificate = from_plugin_->certificate;
      tls.key = from_plugin_->key;
    }
  }
  Ready ready;
  if (!token.empty()) ready.headers.push_back("Authorization: Bearer " + token);
  if (!user.act_as.empty()) ready.headers.push_back("Impersonate-User: " + user.act_as);
  if (!user.act_as_uid.empty()) ready.headers.push_back("Impersonate-Uid: " + user.act_as_uid);
  for (const std::string& group : user.act_as_groups)
    ready.headers.push_back("Impersonate-Group: " + group);
  // The same object as before when nothing changed: connections are kept by it.
  if (ready_ && *ready_->tls == tls)
    ready.tls = ready_->tls;
  else
    ready.tls = std::make_shared<const HttpTls>(std::move(tls));
  ready_ = ready;
  read_at_ = wall_now();
  return ready;
}

void Credentials::answer(const Result<Ready>& result) {
  const std::weak_ptr<bool> alive = is_alive_;
  for (const Done& done : std::exchange(waiting_, {})) {
    done(result);
    if (alive.expired()) return;
  }
}

void Credentials::reject() {
  if (plugin_.is_running()) return;  // the answer is on its way
  from_plugin_.reset();
  ready_.reset();
  if (auto access = reload_()) access_ = std::move(*access);
}

}  // namespace sky::adapters::kubernetes
