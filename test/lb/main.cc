#define BOOST_TEST_MODULE lb
#include <boost/test/unit_test.hpp>
