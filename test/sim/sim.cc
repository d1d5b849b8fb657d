#include "test/sim/modelled_disk.h"
#include "test/sim/program.h"

int main(int count, char** words) {
  return sky::sim::run_program(count, words, sky::sim::modelled_disk);
}
