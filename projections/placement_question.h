// Where should this pending replica go? The offers it may use with all that speaks against each,
// and the policy that chooses.
//
// decide_launches.cc acts on the answer; otherwise.h asks again with other offers. Borrows the
// service. Pure.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <vector>

#include "core/placement.h"
#include "projections/model.h"

namespace sky::projections {

class PlacementQuestion {
 public:
  PlacementQuestion(const Model& model, const ServiceState& service, const Replica& replica,
                    core::Instant now);

  const std::vector<core::OfferState>& offers() const { return offers_; }
  const std::set<core::Place>& preempting() const { return service_.preempting; }
  // When the first of the blocked ones is free again.
  std::optional<core::Instant> earliest() const { return earliest_; }

  core::PlacementChosen answer() const { return answer(offers_, service_.preempting); }
  // Of the same policy, had the offers been like this.
  core::PlacementChosen answer(std::span<const core::OfferState> offers,
                               const std::set<core::Place>& preempting) const;

 private:
  core::OfferState state_of(const Model& model, const core::Offer& offer, core::Instant now);

  const ServiceState& service_;
  const VersionState& version_;
  core::Pool pool_;
  std::vector<core::OfferState> offers_;
  std::optional<core::Instant> earliest_;
};

}  // namespace sky::projections
