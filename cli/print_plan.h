// What `skyctl up` shows before it asks: the service as understood, and the plan with its prices.
//
// The plan lists every offer that fits, for both pools, and ticks those the placer would take now.
// It is an estimate: prices and capacity may differ a minute later. Any thread; pure.
#pragma once

#include <string>
#include <vector>

#include "core/offer.h"
#include "core/spec.h"

namespace sky::cli {

// "Service from YAML spec: llama3.yaml", "Service Spec:", one aligned line for each setting.
// Values of secrets are not in a spec and so never here.
std::string service_spec_text(const core::ServiceSpec& spec, const std::string& file_name);

// `offers`: core::matching_offers() of the spec.
std::string plan_text(const core::ServiceSpec& spec, const std::vector<core::Offer>& offers);

// The offers alone, preferred first.
std::string offers_text(const std::vector<core::Offer>& offers);

// The plan as one JSON document.
std::string plan_json(const core::ServiceSpec& spec, const std::vector<core::Offer>& offers);

}  // namespace sky::cli
