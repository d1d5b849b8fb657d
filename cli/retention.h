// The daemon's retention: it looks from time to time whether the log holds more than its policy
// allows, and has the oldest events cut off.
//
// A cut never passes an open intent, nor what the newest snapshots need (cli/truncation.h), nor a
// follower that is still reading what is old; such a follower is waited for only so long, lest a
// stuck one fills the disk. Loop thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cli/config.h"
#include "cli/log_tender.h"
#include "core/scheduler.h"
#include "events/log.h"

namespace sky::cli {

inline constexpr core::Duration retention_look_every = core::seconds(60);  // and at each snapshot
// How long followers may hold back what is due. They read tens of megabytes a second.
inline constexpr core::Duration follower_patience = core::seconds(600);
// A cut goes so much deeper than it must, that it lasts: one for every look would be recorded each
// time. Thus nothing is older or larger than the policy says, and a sixteenth less may be kept.
inline constexpr int spare_share = 16;

// What the policy lets go as of `now` on the log's clock; none: nothing is due. Blocking; reads
// what is to be cut and no more. Any thread.
core::Result<std::optional<Cut>> due_cut(const events::Log& log, const RetentionPolicy& policy,
                                         core::Instant now);

// "events older than 30 d go, and the oldest of more than 20 GB go"; "all events stay".
std::string policy_text(const RetentionPolicy& policy);

class Retention {
 public:
  struct Edges {
    std::function<core::Instant()> now;
    // The oldest event that something still open needs, at most the one given.
    std::function<core::Seq(core::Seq)> needed;
    // The next event of the follower that is furthest behind; none: nobody follows.
    std::function<std::optional<core::Seq>()> slowest_follower;
    std::function<void(const std::string&)> say;
  };

  // All outlive it. Becomes the tender's on_snapshot().
  Retention(core::Scheduler& scheduler, LogTender& tender, const events::Log& log,
            RetentionPolicy policy, Edges edges);

  // Looks at once, and from then on. Does nothing when everything is kept.
  void start();
  // One look; what it finds due is cut off by the time the tender has done it.
  void look();
  bool is_looking() const { return is_looking_; }  // until that cut has ended

 private:
  void note(const core::Result<core::LogTruncated>& end, bool waited_for_follower);

  LogTender& tender_;
  const events::Log& log_;
  const RetentionPolicy policy_;
  const Edges edges_;
  const std::unique_ptr<core::Alarm> alarm_;
  bool is_looking_ = false;
  std::optional<core::Instant> waiting_since_;  // for followers
};

}  // namespace sky::cli
