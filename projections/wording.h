// Small values in words: durations, rates, prices, offers. One spelling for every line and table.
//
// English only, ASCII only. Pure.
#pragma once

#include <string>

#include "core/money.h"
#include "core/offer.h"
#include "core/spec.h"
#include "core/time.h"

namespace sky::projections {

std::string duration_text(core::Duration duration);  // "300 s", "1.5 s", "12 ms", "0 s"
std::string rate_text(core::MilliRps rate);  // "4 QPS", "0.05 QPS"
std::string price_text(core::Price price);  // "$0.14", "$0.585", "$1.00": 2 to 4 decimals
std::string money_text(core::Money money);  // "$0.0042", "$12.34"
std::string cloud_text(const std::string& cloud);  // "Kubernetes", "AWS", "GCP"
std::string offer_text(
    const core::Offer& offer);  // "AWS g4dn.xlarge[Spot] in us-east-2a at $0.14/h"
std::string place_text(const core::Place& place);  // the narrowest part: "us-east-2a", "kubernetes"
std::string count_text(std::uint64_t count, const char* singular);  // "1 replica", "2 replicas"

}  // namespace sky::projections
