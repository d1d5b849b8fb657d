// An event in one plain sentence, with the numbers that mattered. `skyctl events` and `skyctl why`
// print these; tests of behaviour should look at the event, not at its sentence. Pure.
#pragma once

#include <string>

#include "core/event.h"

namespace sky::projections {

// Without time, service, replica or cause: the line around it has them.
// "target 2 -> 4: 4 QPS over 60 s needs 4, 300 s agreed"
std::string sentence(const core::Event& event);

}  // namespace sky::projections
