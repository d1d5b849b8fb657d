// The loops of the balancer: the first on the caller's reactor, the others on threads of their own.
//
// Owner's thread. Tables and questions reach a loop in order. A loop never waits for the owner, so
// the owner may wait for a loop.
#pragma once

#include <functional>
#include <future>
#include <latch>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

#include "lb/loop.h"

namespace sky::lb {

class LoopThreads {
 public:
  // `make` is called once for each, on its thread.
  using Make = std::function<std::unique_ptr<Loop>(adapters::Reactor& reactor, std::size_t index)>;
  LoopThreads(adapters::Reactor& reactor, std::size_t count, const Make& make);
  ~LoopThreads();
  LoopThreads(const LoopThreads&) = delete;
  LoopThreads& operator=(const LoopThreads&) = delete;

  std::size_t size() const { return places_.size(); }
  // Runs `use` on that loop: at once on the first, soon on another.
  void run(std::size_t index, std::function<void(Loop&)> use);
  // Runs it and waits for what it returns.
  template <class Use>
  auto ask(std::size_t index, Use use) {
    std::promise<std::invoke_result_t<Use, Loop&>> answer;
    run(index, [&](Loop& loop) {
      if constexpr (std::is_void_v<std::invoke_result_t<Use, Loop&>>) {
        use(loop);
        answer.set_value();
      } else {
        answer.set_value(use(loop));
      }
    });
    return answer.get_future().get();
  }

 private:
  struct Place {
    adapters::Reactor* reactor = nullptr;
    Loop* loop = nullptr;
    std::thread thread;  // none for the first
  };
  void serve(Place& place, std::size_t index, const Make& make, std::promise<void>& ready);

  std::unique_ptr<Loop> first_;
  std::vector<Place> places_;
  std::latch loops_are_gone_;  // loops post to each other: no reactor goes before the last loop
};

}  // namespace sky::lb
