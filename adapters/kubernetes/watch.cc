#include "adapters/kubernetes/watch.h"

#include <algorithm>
#include <random>
#include <set>
#include <utility>

#include "adapters/kubernetes/api_error.h"
#include "adapters/percent_code.h"

namespace sky::adapters::kubernetes {
namespace {

// Two daemons that were cut off together shall not come back together.
std::int64_t random_below(std::int64_t limit) {
  static thread_local std::minstd_rand generator{std::random_device{}()};
  return limit <= 0 ? 0 : static_cast<std::int64_t>(generator()) % limit;
}

bool is_denied(const core::Failure& failure) {
  return failure.kind == core::FailureKind::auth || failure.kind == core::FailureKind::forbidden;
}

}  // namespace

Watch::Watch(Reactor& reactor, ApiClient& client, ListQuery query, Told told, Timing timing)
    : reactor_(reactor),
      client_(client),
      query_(std::move(query)),
      told_(std::move(told)),
      timing_(timing),
      pause_(timing.first_pause),
      pause_timer_(reactor),
      idle_timer_(reactor),
      is_alive_(std::make_shared<bool>(true)) {}

Watch::~Watch() {
  *is_alive_ = false;
  if (call_ != 0) client_.cancel(call_);
}

void Watch::start() { list(); }

void Watch::list() {
  must_relist_ = false;
  ++lists_;
  list_all(client_, query_, [this, alive = is_alive_](Listed listed) {
    if (!*alive) return;
    if (!listed.failure) return compare(std::move(listed));
    told_.trouble(*listed.failure);
    if (*alive) restart_soon(true);
  });
}

void Watch::compare(Listed listed) {
  const std::shared_ptr<bool> alive = is_alive_;
  std::set<std::string> present;
  for (const JsonValue& item : listed.items)
    present.insert(JsonView(item).at("metadata").at("name").text_or(""));
  std::vector<std::string> missing;
  for (const auto& [name, version] : versions_)
    if (!present.contains(name)) missing.push_back(name);
  for (const std::string& name : missing) {
    tell_gone(name);
    if (!*alive) return;
  }
  for (const JsonValue& item : listed.items) {
    tell(JsonView(item));
    if (!*alive) return;
  }
  version_ = listed.version;
  is_synced_ = true;
  told_.synced();
  if (*alive) follow();
}

// Told only when it is another than the one told last.
void Watch::tell(const JsonView& object) {
  const JsonView meta = object.at("metadata");
  std::string& version = versions_[meta.at("name").text_or("")];
  std::string now = meta.at("resourceVersion").text_or("");
  if (version == now) return;
  version = std::move(now);
  told_.object(object);
}

void Watch::tell_gone(const std::string& name) {
  if (versions_.erase(name) > 0) told_.gone(name);
}

std::string Watch::watch_path() {
  const std::int64_t longest = timing_.longest / core::seconds(1);
  std::string path = query_.path + "?watch=1&allowWatchBookmarks=true&resourceVersion=" +
                     percent_encoded(version_) +
                     "&timeoutSeconds=" + std::to_string(longest + random_below(longest));
  if (!query_.selector.empty()) path += "&labelSelector=" + query_.selector;
  return path;
}

void Watch::follow() {
  splitter_.reset();
  note_life();
  call_ = client_.send({.path = watch_path(),
                        .timeout = core::Duration{0},
                        .on_chunk =
                            [this](std::string_view bytes) {
                              note_life();
                              const bool fits = splitter_.feed(
                                  bytes, [this](std::string_view line) { take_line(line); });
                              if (!fits) must_relist_ = true;
                              if (must_relist_)
                                idle_timer_.start(core::Duration{0}, [this] { ended({}); });
                            }},
                       [this](ApiAnswer answer) {
                         call_ = 0;
                         ended(std::move(answer));
                       });
}

// No byte for longer than servers are ever silent: a connection that is dead without a word.
void Watch::note_life() {
  idle_timer_.start(timing_.idle, [this] { ended({}); });
}

void Watch::take_line(std::string_view line) {
  if (must_relist_) return;
  const auto frame = read_frame(line);
  if (!frame) {
    must_relist_ = true;  // what it said is lost: only a list can tell
    return;
  }
  pause_ = timing_.first_pause;
  switch (frame->type) {
    case FrameType::added:
    case FrameType::modified: tell(frame->view()); break;
    case FrameType::deleted: tell_gone(frame->view().at("metadata").at("name").text_or("")); break;
    case FrameType::bookmark: break;
    case FrameType::error:  // "too old resource version" comes inside of a 200
    case FrameType::unknown: must_relist_ = true; return;
  }
  version_ = frame->version();
}

void Watch::ended(ApiAnswer answer) {
  if (call_ != 0) client_.cancel(std::exchange(call_, 0));
  idle_timer_.stop();
  const std::shared_ptr<bool> alive = is_alive_;
  bool relist = must_relist_;
  if (answer.failure) {
    const core::Failure& failure = *answer.failure;
    // Cut in the middle of a stream, or the server's own end: nothing is lost. Anything that the
    // server said about the position is answered by a new list.
    relist = relist ||
             (failure.kind != core::FailureKind::transient &&
              failure.kind != core::FailureKind::indeterminate &&
              failure.kind != core::FailureKind::throttled && !is_denied(failure)) ||
             failure.text.find("ResourceVersion") != std::string::npos ||
             failure.text.find("resource version") != std::string::npos;
    if (is_denied(failure)) told_.trouble(failure);
    if (!*alive) return;
  }
  restart_soon(relist);
}

void Watch::restart_soon(bool relist) {
  const core::Duration pause =
      pause_ + core::milliseconds(random_below(pause_ / core::milliseconds(1)));
  pause_ = std::min(pause_ * 2, timing_.longest_pause);
  pause_timer_.start(pause, [this, relist] { relist ? list() : follow(); });
}

}  // namespace sky::adapters::kubernetes
