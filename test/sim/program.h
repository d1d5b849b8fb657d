// Runs worlds on a kind of disk. See scripts/sim, which builds this and starts one for each core.
//
//   sim --seeds A-B [--hours H] [--steady REPLICAS] [--mutation NAME] [--trace] [--hash]
//   sim --report [--complete]     sums up such tallies, read from standard input
//
// Prints the tally of its worlds as lines. A broken sentence: the seed, the commit, the sentence,
// what happened last, and exit status 1. So does --complete when something was never seen. Wrong
// usage: 2.
#pragma once

#include "test/sim/disk.h"

namespace sky::sim {

int run_program(int count, char** words, const MakeDisk& make_disk);

}  // namespace sky::sim
