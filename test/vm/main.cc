// The tests of what clouds of virtual machines have in common.
#define BOOST_TEST_MODULE vm
#include <boost/test/unit_test.hpp>
