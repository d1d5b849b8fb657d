// Parts of a pod: environment, resources, which nodes it may go to. Part of recipe.cc. Pure.
#pragma once

#include <string>
#include <string_view>

#include "adapters/json.h"
#include "adapters/kubernetes/recipe.h"

namespace sky::adapters::kubernetes {

// The API replaces $(NAME) and $$ in arguments and values; a doubled dollar sign stands for itself.
std::string unexpanded(std::string_view text);

// `secret_name` empty: there are no secrets.
void write_environment(JsonWriter& json, const core::LaunchInstance& launch,
                       const std::string& secret_name);
void write_resources(JsonWriter& json, const core::Offer& offer);
void write_affinity(JsonWriter& json, const core::LaunchInstance& launch, const Labels& labels,
                    const NodeKinds& nodes);
void write_tolerations(JsonWriter& json, const core::Offer& offer);
core::Duration grace_of(const core::Offer& offer, const NodeKinds& nodes);

}  // namespace sky::adapters::kubernetes
