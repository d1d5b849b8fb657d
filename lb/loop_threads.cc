#include "lb/loop_threads.h"

#include <utility>

namespace sky::lb {

LoopThreads::LoopThreads(adapters::Reactor& reactor, std::size_t count, const Make& make)
    : first_(make(reactor, 0)),
      places_(count),
      loops_are_gone_(static_cast<std::ptrdiff_t>(count)) {
  places_[0].reactor = &reactor;
  places_[0].loop = first_.get();
  for (std::size_t index = 1; index < count; ++index) {
    std::promise<void> ready;
    Place& place = places_[index];
    place.thread = std::thread([&, index] { serve(place, index, make, ready); });
    ready.get_future().wait();
  }
}

void LoopThreads::serve(Place& place, std::size_t index, const Make& make,
                        std::promise<void>& ready) {
  adapters::Reactor reactor;
  {
    const std::unique_ptr<Loop> loop = make(reactor, index);
    place.reactor = &reactor;
    place.loop = loop.get();
    ready.set_value();  // the constructor's, and `make` with it, may be gone from here on
    reactor.run();
  }
  loops_are_gone_.arrive_and_wait();
}

LoopThreads::~LoopThreads() {
  for (std::size_t index = 1; index < places_.size(); ++index) {
    places_[index].reactor->post([reactor = places_[index].reactor] { reactor->stop(); });
  }
  first_.reset();
  loops_are_gone_.arrive_and_wait();
  for (std::size_t index = 1; index < places_.size(); ++index) places_[index].thread.join();
}

void LoopThreads::run(std::size_t index, std::function<void(Loop&)> use) {
  if (index == 0) return use(*first_);
  places_[index].reactor->post([loop = places_[index].loop, use = std::move(use)] { use(*loop); });
}

}  // namespace sky::lb
