// The tests of the GCP adapter.
#define BOOST_TEST_MODULE gcp
#include <boost/test/unit_test.hpp>
