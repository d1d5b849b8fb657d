// The endpoint's counters in Prometheus' text format, version 0.0.4.
//
// Families are written one after the other, each with its services. Service names come from a
// checked service file; replicas are labelled by number. Pure.
#pragma once

#include <string>

#include "lb/figures.h"

namespace sky::lb {

std::string metrics_text(const Figures& figures);

}  // namespace sky::lb
