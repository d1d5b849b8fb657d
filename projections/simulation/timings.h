// How long a cloud takes for what it does: the middle one of the durations that were seen, by cloud
// and market. Where none was seen there: the middle of all; where there is none at all: a default.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/offer.h"
#include "core/time.h"

namespace sky::projections {

class SeenDurations {
 public:
  explicit SeenDurations(core::Duration when_none) : when_none_(when_none) {}

  void add(const core::Offer& offer, core::Duration duration);
  core::Duration of(const core::Offer& offer) const;
  std::size_t count() const { return all_.size(); }

 private:
  using Durations = std::vector<core::Duration>;  // sorted
  static core::Duration middle(const Durations& durations);

  core::Duration when_none_;
  std::map<std::pair<std::string, core::Market>, Durations> by_market_;
  Durations all_;
};

// The defaults are guesses; a spot machine with a large model was up after 183 s in the SkyServe
// paper's setting, of which about a third is the machine.
struct Timings {
  SeenDurations provisioning{core::seconds(60)};  // launch call to machine
  SeenDurations startup{core::seconds(120)};  // machine to the first good probe
  SeenDurations refusing{core::seconds(10)};  // launch call to refusal
  SeenDurations terminating{core::seconds(10)};  // terminate call to its confirmation
};

}  // namespace sky::projections
