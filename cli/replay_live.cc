#include "cli/replay_live.h"

#include <chrono>
#include <deque>
#include <iostream>
#include <string>
#include <thread>
#include <utility>

#include "cli/print_event.h"
#include "cli/print_status.h"

namespace sky::cli {
namespace {

constexpr std::size_t shown_lines = 12;  // below the tables, on a terminal of usual height
// A night without events is told as a jump: nobody waits longer than this for the next line.
constexpr auto longest_wait = std::chrono::seconds(5);
constexpr auto repaint_every = std::chrono::milliseconds(100);

class Player {
 public:
  Player(const LiveReplay& replay, PastBase base)
      : replay_(replay), sieve_(replay.filter), model_(std::move(base.model)) {}

  bool show(const core::Event& event) {
    projections::evolve(model_, event);
    const EventFilter& filter = replay_.filter;
    const bool is_early =
        event.seq < filter.first || (filter.not_before && event.time.wall < *filter.not_before);
    if (filter.until && filter.until->is_before(event)) return false;
    const bool passes = sieve_.passes(event);
    if (is_early) return true;
    wait_until(event.time);
    now_ = event.time;
    if (passes) tell(event);
    if (replay_.repaint) repaint(false);
    return std::cout.good() && !sieve_.is_past(event);
  }

  void end() {
    if (replay_.repaint) repaint(true);
  }

 private:
  void wait_until(const core::Stamp& time) {
    if (last_ && time.at > *last_) {
      const std::chrono::duration<double, std::micro> gap(
          static_cast<double>((time.at - *last_).count()) / replay_.speed);
      const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(gap);
      std::this_thread::sleep_for(std::min<std::chrono::microseconds>(whole, longest_wait));
    }
    last_ = time.at;
  }

  void tell(const core::Event& event) {
    if (replay_.json) {
      std::cout << event_json(event) << std::endl;
    } else if (!replay_.repaint) {
      std::cout << event_line(event, {.utc = replay_.utc}) << std::endl;
    } else {
      lines_.push_back(event_line(event, {.utc = replay_.utc, .color = true}));
      if (lines_.size() > shown_lines) lines_.pop_front();
    }
  }

  void repaint(bool at_once) {
    const auto now = std::chrono::steady_clock::now();
    if (!at_once && now - painted_ < repaint_every) return;
    painted_ = now;
    const auto status = render_status(
        model_, now_, {.service = {}, .verbose = replay_.verbose, .json = false, .color = true});
    std::cout << "\x1b[H\x1b[2J" << (status ? *status : status.error().text + "\n") << '\n';
    for (const std::string& line : lines_) std::cout << line << '\n';
    std::cout << std::flush;
  }

  const LiveReplay& replay_;
  EventSieve sieve_;
  projections::Model model_;
  core::Stamp now_;
  std::optional<core::Instant> last_;
  std::deque<std::string> lines_;
  std::chrono::steady_clock::time_point painted_{};
};

// Where the range begins, or before it; where the kept past begins when that is later.
core::Result<PastBase> first_base(const ReplaySource& source, const EventFilter& filter) {
  if (filter.first.value > 1 || filter.not_before) {
    const core::Seq before{filter.first.value > 1 ? filter.first.value - 1 : 0};
    auto base = base_at(source, Moment{before, filter.not_before});
    if (base || base.error().code != core::ErrorCode::not_found) return base;
  }
  auto base = oldest_base(source);
  if (base) say_where_past_begins(*base);
  return base;
}

}  // namespace

core::Result<void> play(const ReplaySource& source, const LiveReplay& replay) {
  auto base = first_base(source, replay.filter);
  if (!base) return base.error();
  const core::Seq first = base->first();
  Player player(replay, std::move(*base));
  auto read =
      read_source(source, first, [&](const core::Event& event) { return player.show(event); });
  if (read) player.end();
  return read;
}

}  // namespace sky::cli
