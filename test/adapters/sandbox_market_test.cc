#include "adapters/sandbox/market.h"

#include <boost/test/unit_test.hpp>

namespace sky::adapters::sandbox {
namespace {

core::Duration hours(int count) { return core::seconds(3600L * count); }

}  // namespace

BOOST_AUTO_TEST_SUITE(adapters_sandbox_market)

BOOST_AUTO_TEST_CASE(a_calm_market_never_changes) {
  const Market market = Market::calm();
  for (int hour = 0; hour < 1000; hour += 10)
    BOOST_TEST(market.capacity("z", 4, hours(hour)) == 4U);
  BOOST_TEST(!market.next_change("z", hours(1)).has_value());
}

BOOST_AUTO_TEST_CASE(a_seeded_market_alternates_the_same_way_for_ever) {
  const Market market = Market::seeded(7);
  const Market again = Market::seeded(7);
  const Market other = Market::seeded(8);
  int ups = 0, differences = 0;
  for (int hour = 0; hour < 2000; ++hour) {
    const auto here = market.capacity("us-east-1a", 4, hours(hour));
    BOOST_REQUIRE((here == 0 || here == 4));
    BOOST_REQUIRE(here == again.capacity("us-east-1a", 4, hours(hour)));
    ups += here == 4 ? 1 : 0;
    differences += here != market.capacity("us-east-1f", 4, hours(hour)) ? 1 : 0;
    differences += here != other.capacity("us-east-1a", 4, hours(hour)) ? 1 : 0;
  }
  BOOST_TEST(market.capacity("us-east-1a", 4, hours(0)) == 4U);
  BOOST_TEST((ups > 400 && ups < 1900));
  BOOST_TEST(differences > 200);
}

BOOST_AUTO_TEST_CASE(the_next_change_is_where_the_capacity_changes) {
  const Market market = Market::seeded(3);
  core::Duration at{0};
  for (int i = 0; i < 50; ++i) {
    const auto next = market.next_change("z", at);
    BOOST_REQUIRE(next.has_value());
    BOOST_REQUIRE((*next > at));
    const auto before = market.capacity("z", 4, *next - core::Duration(1));
    BOOST_TEST(before == market.capacity("z", 4, at));
    BOOST_TEST(before != market.capacity("z", 4, *next));
    at = *next;
  }
}

BOOST_AUTO_TEST_CASE(a_recorded_trace_is_followed_by_name_or_by_place) {
  const auto trace = parse_market_trace(
      R"({"name":"t","gap_seconds":300,"zones":["b"],"capacity":[[0,4,2],[1,1,0]]})");
  BOOST_REQUIRE(trace.has_value());
  const Market market = Market::recorded(*trace, {"a", "b", "c"});

  // "b" by its name: column 0. "a" is the first zone: column 0 too. "c" is the third: 2 % 2 = 0.
  BOOST_TEST(market.capacity("b", 8, core::seconds(0)) == 0U);
  BOOST_TEST(market.capacity("b", 8, core::seconds(300)) == 8U);  // the most: "at least as many"
  BOOST_TEST(market.capacity("b", 8, core::seconds(899)) == 2U);
  BOOST_TEST(market.capacity("b", 8, core::seconds(900)) == 0U);  // and again
  BOOST_TEST(market.capacity("b", 1, core::seconds(600)) == 1U);
  BOOST_TEST((market.next_change("b", core::seconds(10)) == core::seconds(300)));
  BOOST_TEST((market.next_change("b", core::seconds(610)) == core::seconds(900)));
}

BOOST_AUTO_TEST_CASE(the_collectors_own_format_holds_one_zone) {
  const auto trace = parse_market_trace(R"({"metadata":{"gap_seconds":60},"data":[1,0,1]})");
  BOOST_REQUIRE(trace.has_value());
  BOOST_TEST((trace->gap == core::seconds(60)));
  BOOST_TEST(trace->capacity.size() == 1U);
}

BOOST_AUTO_TEST_CASE(wrong_traces_are_refused) {
  for (const char* text :
       {"", "{}", R"({"gap_seconds":0,"capacity":[[1]]})", R"({"gap_seconds":5,"capacity":[]})",
        R"({"gap_seconds":5,"capacity":[[]]})", R"({"gap_seconds":5,"capacity":[[-1]]})",
        R"({"gap_seconds":5,"capacity":[["x"]]})", R"({"metadata":{},"data":[1]})"}) {
    BOOST_TEST(!parse_market_trace(text).has_value(), text);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters::sandbox
