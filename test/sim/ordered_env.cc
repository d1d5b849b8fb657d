#include "test/sim/ordered_env.h"

#include <memory>

namespace sky::sim {

void OrderedEnv::hold() {
  const std::lock_guard guard(mutex_);
  is_held_ = true;
}

void OrderedEnv::rest() {
  std::unique_lock lock(mutex_);
  is_held_ = false;
  changed_.notify_all();
  changed_.wait(lock, [this] { return jobs_ == 0; });
}

void OrderedEnv::Schedule(void (*function)(void*), void* argument, Priority priority, void* tag,
                          void (*unscheduled)(void*)) {
  {
    const std::lock_guard guard(mutex_);
    ++jobs_;
  }
  EnvWrapper::Schedule(run, new Job{*this, function, argument, unscheduled}, priority, tag, drop);
}

void OrderedEnv::run(void* raw) {
  const std::unique_ptr<Job> job(static_cast<Job*>(raw));
  job->env.wait_until_released();
  job->function(job->argument);
  job->env.finished();
}

void OrderedEnv::drop(void* raw) {
  const std::unique_ptr<Job> job(static_cast<Job*>(raw));
  if (job->unscheduled != nullptr) job->unscheduled(job->argument);
  job->env.finished();
}

void OrderedEnv::wait_until_released() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !is_held_; });
}

void OrderedEnv::finished() {
  const std::lock_guard guard(mutex_);
  --jobs_;
  changed_.notify_all();
}

}  // namespace sky::sim
