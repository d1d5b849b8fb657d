// The tests of the AWS adapter. Those that need a peer are told where it is by the environment.
#define BOOST_TEST_MODULE aws
#include <boost/test/unit_test.hpp>
