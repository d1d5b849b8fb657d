// What all connections of one loop share: its buffers, deadlines, log, limits and clocks; and what
// all loops of the process do.
//
// One per loop thread. Objects that end within their own callback are buried here and destroyed
// when the loop's turn is over.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "adapters/reactor.h"
#include "core/time.h"
#include "lb/access_log.h"
#include "lb/byte_buffer.h"
#include "lb/deadlines.h"
#include "lb/shared_count.h"
#include "lb/stream.h"

namespace sky::lb {

// Limits of the process. Those a service chooses are in its spec
// (core::EndpointLimits).
struct Limits {
  core::Duration write_stall_timeout = core::seconds(60);  // a client that does not read
  core::Duration linger_timeout = core::seconds(2);  // after our FIN
  core::Duration pool_idle_timeout = core::seconds(4);  // below uvicorn's 5 s, the least we met
  core::Duration reconnect_interval = core::seconds(1);  // to an ejected replica
  core::Duration retry_pause = core::milliseconds(100);  // while too many others are repeated
  core::Duration failing_time = core::seconds(10);  // out of the choice, times how often so far
  std::size_t max_connections = 16'384;  // of clients (guess)
  std::size_t max_idle_per_replica = 1'024;  // guess
  std::size_t high_water_bytes = std::size_t{256} * 1024;  // queued towards a slow reader (guess)
};

// Of the process, whichever loop it is. Any thread; outlives the workers.
struct SharedByLoops {
  explicit SharedByLoops(std::filesystem::path access_log) : log_file(std::move(access_log)) {}
  LogFile log_file;
  SharedCount clients;
  std::atomic<std::size_t> replay_bytes{0};  // replay_buffer.h's budget
};

// Whatever may have to outlive the call that ends it.
class Mortal {
 public:
  virtual ~Mortal() = default;
};

class Worker {
 public:
  Worker(adapters::Reactor& reactor, const Limits& limits, SharedByLoops& shared,
         std::size_t index);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  adapters::Reactor& reactor() { return reactor_; }
  uv_loop_t* loop() { return reactor_.loop(); }

  void bury(std::unique_ptr<Mortal> body);
  // 16 hexadecimal digits, unique within this machine, that tell nothing. Returns where they end.
  static constexpr std::size_t id_digits = 16;
  char* write_id(char* out);

  // Monotonic, since an arbitrary moment: when the present callback began. Whoever is called by the
  // loop says so by begin_callback(); what one callback does takes microseconds.
  core::Duration now() {
    if (now_us_ == 0) read_clock();
    return core::Duration(now_us_);
  }
  core::WallTime wall() { return core::WallTime(now() + wall_offset_); }
  void begin_callback() { now_us_ = 0; }
  void set_wall_offset();  // once a second: the wall clock may be set while we run

  const Limits limits;
  SharedByLoops& shared;
  const std::size_t index;  // of the loop
  ReadBuffer read_buffer;
  Deadlines deadlines;
  AccessLog access_log;
  ByteBuffer to_replica;  // scratch: built and written within one call
  ByteBuffer to_client;
  std::size_t client_connections = 0;
  std::size_t upstream_connections = 0;

 private:
  void read_clock() { now_us_ = static_cast<std::int64_t>(uv_hrtime() / 1000); }

  adapters::Reactor& reactor_;
  adapters::UvHandle<uv_prepare_t> before_wait_;
  adapters::UvHandle<uv_check_t> end_of_turn_;
  std::vector<std::unique_ptr<Mortal>> graveyard_;
  std::uint64_t request_seed_ = 0;
  std::uint64_t request_count_ = 0;
  std::int64_t now_us_ = 0;  // 0: not read in this callback
  core::Duration wall_offset_{0};  // of the wall clock to the monotonic one
};

}  // namespace sky::lb
