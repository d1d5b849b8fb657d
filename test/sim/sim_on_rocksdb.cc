#include "test/sim/program.h"
#include "test/sim/rocks_disk.h"

int main(int count, char** words) {
  return sky::sim::run_program(count, words, sky::sim::rocks_disk);
}
