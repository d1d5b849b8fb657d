#include "adapters/kubernetes/pod_maker.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "adapters/durable_file.h"
#include "adapters/json.h"

namespace sky::adapters::kubernetes {
namespace {

using core::Failure;
using core::FailureKind;
using core::FailureScope;

Failure invalid(const core::Error& error) {
  return {FailureKind::invalid, FailureScope::request, error.text, core::Duration{0}};
}

Failure unreadable(const std::string& what) {
  return {FailureKind::transient, FailureScope::request, "the cluster's answer is not " + what,
          core::Duration{0}};
}

struct Making : std::enable_shared_from_this<Making> {
  ApiClient& client;
  const Settings settings;
  const core::LaunchInstance order;
  const Labels labels;
  const NodeKinds nodes;
  Secrets secrets;
  PodMade done;
  std::vector<WorkFile> files = {};
  std::string anchor_uid = {};

  Making(ApiClient& to, Settings how, const core::LogId& log_id, core::LaunchInstance what,
         Secrets hidden, NodeKinds kinds, PodMade then)
      : client(to),
        settings(std::move(how)),
        order(std::move(what)),
        labels{log_id, order.service},
        nodes(std::move(kinds)),
        secrets(std::move(hidden)),
        done(std::move(then)) {}

  using Step = void (Making::*)(const JsonView& object);

  void apply(const std::string& kind, const std::string& name, std::string object, Step next) {
    client.apply(namespaced(client, kind) + "/" + name, std::move(object),
                 [self = shared_from_this(), next](ApiAnswer answer) {
                   if (answer.failure) return self->done(std::move(*answer.failure));
                   const auto document = parse_json(answer.body);
                   if (!document) return self->done(unreadable("JSON"));
                   ((*self).*next)(JsonView(*document));
                 });
  }

  void make_anchor() {
    apply("configmaps", anchor_name(labels), anchor_json(labels), &Making::make_secret);
  }

  void make_secret(const JsonView& anchor) {
    anchor_uid = anchor.at("metadata").at("uid").text_or("");
    if (secrets.empty()) return make_workdir(anchor);
    apply("secrets", version_name(labels, order.version),
          secret_json(labels, order.version, anchor_uid, secrets), &Making::make_workdir);
  }

  void make_workdir(const JsonView& before) {
    if (order.spec.task.workdir.empty()) return make_pod(before);
    auto found = read_workdir(order.spec.task.workdir);
    if (!found) return done(invalid(found.error()));
    files = std::move(*found);
    auto object = workdir_json(labels, order.version, anchor_uid, files);
    if (!object) return done(invalid(object.error()));
    apply("configmaps", version_name(labels, order.version), std::move(*object), &Making::make_pod);
  }

  std::string name() const {
    return pod_name(order.service, order.replica, order.attempt, order.token);
  }

  void make_pod(const JsonView&) {
    auto object = pod_json({.launch = order,
                            .labels = labels,
                            .anchor_uid = anchor_uid,
                            .settings = settings,
                            .nodes = nodes,
                            .has_secret = !secrets.empty(),
                            .files = files});
    if (!object) return done(invalid(object.error()));
    client.apply(namespaced(client, "pods") + "/" + name(), std::move(*object),
                 [self = shared_from_this()](ApiAnswer answer) {
                   const bool may_exist =
                       answer.failure && (answer.failure->kind == FailureKind::invalid ||
                                          answer.failure->kind == FailureKind::conflict);
                   if (may_exist) return self->adopt(std::move(*answer.failure));
                   self->finish(std::move(answer));
                 });
  }

  // An earlier version of us may have written the pod otherwise: most of a pod cannot be changed.
  void adopt(Failure refusal) {
    client.send({.path = namespaced(client, "pods") + "/" + name()},
                [self = shared_from_this(), refusal](ApiAnswer answer) {
                  if (answer.failure) return self->done(refusal);
                  const auto document = parse_json(answer.body);
                  const auto pod = document ? read_pod(JsonView(*document))
                                            : core::Result<Pod>(document.error());
                  if (!pod || pod->token != self->order.token) return self->done(refusal);
                  self->done(*pod);
                });
  }

  void finish(ApiAnswer answer) {
    if (answer.failure) return done(std::move(*answer.failure));
    const auto document = parse_json(answer.body);
    if (!document) return done(unreadable("JSON"));
    auto pod = read_pod(JsonView(*document));
    if (!pod) return done(unreadable("a pod"));
    done(std::move(*pod));
  }
};

}  // namespace

std::string namespaced(const ApiClient& client, const std::string& kind) {
  return "/api/v1/namespaces/" + client.access().name_space + "/" + kind;
}

void make_pod(ApiClient& client, const Settings& settings, const core::LogId& log_id,
              const core::LaunchInstance& order, const Secrets& secrets,
              const std::vector<Node>& nodes, PodMade done) {
  std::make_shared<Making>(client, settings, log_id, order, secrets,
                           node_kinds(order.offer.accelerator.name, nodes), std::move(done))
      ->make_anchor();
}

core::Result<std::vector<WorkFile>> read_workdir(const std::string& folder) {
  namespace fs = std::filesystem;
  fs::path root = folder;
  const char* home = std::getenv("HOME");
  if (folder.starts_with("~/") && home != nullptr) root = fs::path(home) / folder.substr(2);
  std::error_code failed;
  if (!fs::is_directory(root, failed))
    return core::Error{core::ErrorCode::not_found, "workdir " + folder + " is no directory here"};
  std::vector<WorkFile> files;
  std::size_t bytes = 0;
  for (fs::recursive_directory_iterator at(root, failed), end; !failed && at != end;
       at.increment(failed)) {
    if (at->is_directory() && at->path().filename() == ".git") at.disable_recursion_pending();
    if (!at->is_regular_file()) continue;
    auto content =
        read_file(at->path(), max_workdir_bytes + 1 - std::min(bytes, max_workdir_bytes));
    if (!content || files.size() >= max_workdir_files)
      return core::Error{
          core::ErrorCode::invalid_input,
          "workdir " + folder +
              " is too large for a cluster (500 files, 700 kB): put it into an image "
              "(`image_id: docker:NAME`) or fetch it in `setup`" +
              (content ? "" : "; " + content.error().text)};
    bytes += content->size();
    const bool is_executable =
        (at->status().permissions() & fs::perms::owner_exec) != fs::perms::none;
    files.push_back(
        {at->path().lexically_relative(root).string(), std::move(*content), is_executable});
  }
  if (failed)
    return core::Error{core::ErrorCode::io,
                       "cannot read workdir " + folder + ": " + failed.message()};
  std::sort(files.begin(), files.end(),
            [](const WorkFile& a, const WorkFile& b) { return a.path < b.path; });
  return files;
}

}  // namespace sky::adapters::kubernetes
