// The tests of the adapters; started as `adapters_test sandbox-instance DIR` it is a machine of
// the sandbox, like skyctl itself.
#define BOOST_TEST_MODULE adapters
#define BOOST_TEST_NO_MAIN
#include <boost/test/unit_test.hpp>
#include <string_view>

#include "adapters/sandbox/instance.h"

int main(int argc, char** argv) {
  using namespace sky::adapters::sandbox;
  if (argc == 3 && std::string_view(argv[1]) == instance_command) return run_instance(argv[2]);
  return boost::unit_test::unit_test_main(&init_unit_test, argc, argv);
}
