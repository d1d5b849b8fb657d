// RocksDB's environment with its background jobs (flushes, deletions) brought into an order: while
// held they wait, and rest() returns when none is left. So the same calls leave the same files.
#pragma once

#include <rocksdb/env.h>

#include <condition_variable>
#include <mutex>

namespace sky::sim {

class OrderedEnv final : public rocksdb::EnvWrapper {
 public:
  OrderedEnv() : EnvWrapper(rocksdb::Env::Default()) {}
  ~OrderedEnv() override { rest(); }  // a job that is done may still be on its way to say so

  // Only around calls that never wait for a job.
  void hold();
  void rest();  // lets the jobs run, and those that they schedule

  void Schedule(void (*function)(void*), void* argument, Priority priority, void* tag,
                void (*unscheduled)(void*)) override;

 private:
  struct Job {
    OrderedEnv& env;
    void (*function)(void*);
    void* argument;
    void (*unscheduled)(void*);
  };
  static void run(void* job);
  static void drop(void* job);
  void wait_until_released();
  void finished();

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool is_held_ = false;
  int jobs_ = 0;
};

}  // namespace sky::sim
