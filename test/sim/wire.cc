#include "test/sim/wire.h"

#include <optional>
#include <span>
#include <string>

namespace sky::sim {
namespace {

using core::Duration;

class End;

// What both ends share; each is null when it has gone.
struct Line {
  End* ends[2] = {nullptr, nullptr};
};

class End final : public adapters::ByteStream {
 public:
  End(Process& process, const WireFaults& faults, Random& random, std::shared_ptr<Line> line,
      int side, adapters::Peer peer)
      : process_(process),
        faults_(faults),
        random_(random),
        line_(std::move(line)),
        side_(side),
        peer_(peer) {
    line_->ends[side_] = this;
  }
  ~End() override { close(); }

  void start(OnData on_data, OnClosed on_closed) override {
    on_data_ = std::move(on_data);
    on_closed_ = std::move(on_closed);
    if (!inbox_.empty() || is_broken_) schedule();
  }

  void write(std::string bytes) override {
    process_.edge();
    if (!is_open_) return;
    if (End* other = line_->ends[1 - side_]) other->arrive(std::move(bytes));
  }
  std::size_t backlog_bytes() const override {
    const End* other = line_->ends[1 - side_];
    return is_open_ && other != nullptr ? other->waiting_ : 0;
  }
  void when_below(std::size_t low_water, OnDrained on_drained) override {
    low_water_ = low_water;
    on_drained_ = std::move(on_drained);
  }

  void close() override {
    if (!std::exchange(is_open_, false)) return;
    line_->ends[side_] = nullptr;
    if (entry_) process_.agenda().cancel(*entry_);
    entry_.reset();
    if (End* other = line_->ends[1 - side_]) other->break_off();
  }
  // What was written has left already: it waits at the other side.
  void close_when_sent() override { close(); }
  bool is_open() const override { return is_open_; }
  adapters::Peer peer() const override { return peer_; }

 private:
  void arrive(std::string bytes) {
    waiting_ += bytes.size();
    inbox_ += bytes;
    schedule();
  }
  void break_off() {
    is_broken_ = true;
    schedule();
  }

  void schedule() {
    if (entry_ || !on_data_ || !is_open_) return;
    const Duration wait = random_.between(Duration(20), core::milliseconds(3));
    entry_ = process_.later(wait, [this] {
      entry_.reset();
      turn();
    });
  }

  void turn() {
    process_.edge();
    if (!inbox_.empty() && random_.per_mille(faults_.cut_per_mille)) {
      faults_.on_cut();
      return fail("cut");
    }
    if (inbox_.empty()) {
      if (is_broken_) fail("the other side closed");
      return;
    }
    // Mostly all of it; now and then a few bytes, whatever they split.
    const std::size_t size = random_.percent(90) ? inbox_.size() : 1 + random_.below(inbox_.size());
    const std::string piece = inbox_.substr(0, size);
    inbox_.erase(0, size);
    waiting_ -= size;
    if (!inbox_.empty() || is_broken_) schedule();
    if (End* other = line_->ends[1 - side_]) other->drained();
    on_data_(std::as_bytes(std::span(piece.data(), piece.size())));
  }
  void drained() {
    if (on_drained_ && backlog_bytes() < low_water_)
      process_.later(Duration{0}, [this, line = line_, side = side_] {
        if (line->ends[side] == this && on_drained_) on_drained_();
      });
  }
  void fail(const std::string& reason) {
    const auto tell = std::exchange(on_closed_, nullptr);  // it may destroy this
    close();
    if (tell) tell(reason);
  }

  Process& process_;
  const WireFaults& faults_;
  Random& random_;
  const std::shared_ptr<Line> line_;
  const int side_;
  const adapters::Peer peer_;
  OnData on_data_;
  OnClosed on_closed_;
  OnDrained on_drained_;
  std::size_t low_water_ = 0;
  std::string inbox_;
  std::size_t waiting_ = 0;  // bytes in it
  bool is_open_ = true;
  bool is_broken_ = false;  // the other side is gone: what is left may be read
  std::optional<Agenda::Id> entry_;
};

}  // namespace

StreamPair make_wire(Process& left, Process& right, const WireFaults& faults, Random& random,
                     adapters::Peer left_peer, adapters::Peer right_peer) {
  const auto line = std::make_shared<Line>();
  return {std::make_unique<End>(left, faults, random, line, 0, left_peer),
          std::make_unique<End>(right, faults, random, line, 1, right_peer)};
}

}  // namespace sky::sim
