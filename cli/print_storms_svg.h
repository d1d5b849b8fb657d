// A storm as a picture: ready replicas by zone, stacked, with those on their way, the target as a
// line, blows as marks; below it the request rate, failures and held requests. Pure but for TZ.
#pragma once

#include <string>

#include "projections/storms.h"
#include "projections/storms_series.h"

namespace sky::cli {

// The range that a picture of this storm covers: the storm, and some of the calm around it. To be
// fed with what comes after the state `before`.
projections::StormSeriesFold series_fold(const projections::Storm& storm,
                                         projections::Model before);

std::string storm_svg(const projections::Storm& storm, const projections::StormSeries& series,
                      bool utc);

}  // namespace sky::cli
