#include "adapters/utc_time.h"

#include <boost/test/unit_test.hpp>

namespace sky::adapters {
namespace {

core::WallTime at(std::int64_t seconds) { return core::WallTime(core::seconds(seconds)); }

BOOST_AUTO_TEST_SUITE(utc_time)

BOOST_AUTO_TEST_CASE(iso_times_are_read_with_fractions_and_offsets) {
  BOOST_CHECK(read_iso_time("2000-02-29T00:00:00Z") == at(951'782'400));
  BOOST_CHECK(read_iso_time("2000-02-29T00:00:00.123Z") == at(951'782'400));
  BOOST_CHECK(read_iso_time("2000-02-28T16:00:00.000-08:00") == at(951'782'400));
  BOOST_CHECK(read_iso_time("2000-02-29T01:30:00+01:30") == at(951'782'400));
  BOOST_TEST(iso_time(at(951'782'400)) == "2000-02-29T00:00:00Z");
}

BOOST_AUTO_TEST_CASE(http_dates_are_read) {
  BOOST_CHECK(read_http_date("Tue, 29 Feb 2000 00:00:00 GMT") == at(951'782'400));
}

BOOST_AUTO_TEST_CASE(what_is_no_time_is_not_guessed_at) {
  for (const char* text : {"", "2000-02-30T00:00:00Z", "2000-02-29T00:00:00", "2000-02-29",
                           "2000-02-29T25:00:00Z", "2000-13-01T00:00:00Z", "20o0-02-29T00:00:00Z",
                           "2000-02-29T00:00:00.Zx", "2000-02-29T00:00:00+1"})
    BOOST_TEST(!read_iso_time(text), text);
  for (const char* text : {"", "Tue, 29 Fob 2000 00:00:00 GMT", "Tue, 29 anF 2000 00:00:00 GMT",
                           "Tue, 30 Feb 2000 00:00:00 GMT", "2000-02-29T00:00:00Z"})
    BOOST_TEST(!read_http_date(text), text);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::adapters
