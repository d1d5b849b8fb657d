#include "lb/shared_service.h"

#include <utility>

#include "lb/service.h"

namespace sky::lb {

std::shared_ptr<SharedReplica> SharedService::replica(core::ReplicaId id) {
  const std::lock_guard lock(mutex_);
  std::erase_if(replicas_, [](const auto& known) { return known.second.expired(); });
  std::weak_ptr<SharedReplica>& known = replicas_[id];
  std::shared_ptr<SharedReplica> found = known.lock();
  if (!found) known = found = std::make_shared<SharedReplica>();
  return found;
}

void SharedService::join(std::size_t loop, Post post) {
  const std::lock_guard lock(mutex_);
  entries_[loop].post = std::move(post);
}

void SharedService::post_to_others(std::size_t loop, const Task& task) {
  const std::lock_guard lock(mutex_);
  for (std::size_t other = 0; other < entries_.size(); ++other) {
    if (other != loop && entries_[other].post) entries_[other].post(task);
  }
}

bool SharedService::is_first(std::uint64_t ticket) const {
  for (const Entry& entry : entries_) {
    if (entry.oldest.load() < ticket) return false;
  }
  return true;
}

void SharedService::wake_oldest() {
  Entry* first = nullptr;
  std::uint64_t oldest = nobody;
  for (Entry& entry : entries_) {
    const std::uint64_t ticket = entry.oldest.load();
    if (ticket >= oldest) continue;
    oldest = ticket;
    first = &entry;
  }
  if (first == nullptr || first->is_woken.exchange(true)) return;
  // Whoever waits has joined before.
  first->post([](Service& service) { service.on_woken(); });
}

int SharedService::take_port(std::uint16_t port, const std::function<int(bool is_first)>& open) {
  const std::lock_guard lock(mutex_);
  const auto users = port_users_.find(port);
  const int status = open(users == port_users_.end());
  if (status == 0) ++port_users_[port];
  return status;
}

void SharedService::release_port(std::uint16_t port) {
  const std::lock_guard lock(mutex_);
  const auto users = port_users_.find(port);
  if (--users->second == 0) port_users_.erase(users);
}

bool SharedService::is_held_by_all(std::uint16_t port) {
  const std::lock_guard lock(mutex_);
  const auto users = port_users_.find(port);
  return users != port_users_.end() && users->second == entries_.size();
}

bool SharedService::note_failure(std::uint16_t port, int status) {
  const std::lock_guard lock(mutex_);
  const bool is_news = port_failures_[port] != status;
  port_failures_.clear();  // of the port it had before
  if (status != 0) port_failures_[port] = status;
  return is_news;
}

int SharedService::failure_of(std::uint16_t port) {
  const std::lock_guard lock(mutex_);
  const auto failure = port_failures_.find(port);
  return failure == port_failures_.end() ? 0 : failure->second;
}

}  // namespace sky::lb
