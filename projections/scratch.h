// A note that `step` keeps beside the state: derived, not folded, lost at a restart without harm.
//
// Two notes are always equal, so that a model compares by what the log says and nothing else.
#pragma once

namespace sky::projections {

template <class T>
struct Scratch {
  T value{};
  bool operator==(const Scratch&) const { return true; }
};

}  // namespace sky::projections
