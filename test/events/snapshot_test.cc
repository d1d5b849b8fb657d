// Which snapshots a log lets go when it stores another one.
#include "events/snapshot.h"

#include <boost/test/unit_test.hpp>
#include <vector>

namespace sky::events {
namespace {

using core::Seq;

BOOST_AUTO_TEST_SUITE(snapshots)

BOOST_AUTO_TEST_CASE(which_snapshots_are_superfluous) {
  struct Row {
    std::vector<StoredSnapshot> stored;  // newest first
    std::uint64_t now, first;
    std::vector<std::uint64_t> superfluous;
  };
  const auto good = [](std::uint64_t seq) { return StoredSnapshot{Seq{seq}, true}; };
  const auto bad = [](std::uint64_t seq) { return StoredSnapshot{Seq{seq}, false}; };
  const Row rows[] = {
      {{}, 10, 1, {}},
      {{good(30), good(20)}, 40, 1, {}},
      {{good(30), good(20), good(10)}, 40, 1, {10}},
      {{good(30), good(20), good(10)}, 30, 1, {}},  // stored again
      {{good(30), good(20), good(10)}, 40, 11, {}},  // 10 is the base
      {{good(30), good(20), good(10)}, 40, 12, {10}},  // 20 is: 11 is not kept
      {{good(50), good(40), good(30), good(10)}, 60, 11, {30}},
      {{good(50), good(40), bad(30), bad(10)}, 60, 11, {30, 10}},  // 40 serves as the base
      {{good(50), good(40), good(30), good(10)}, 20, 11, {}},  // 20 is about to be the base
      {{good(50), good(40), good(30), good(20), good(10)}, 60, 11, {30, 20}},  // and never was
  };
  for (const Row& row : rows)
    BOOST_TEST(superfluous_snapshots(row.stored, Seq{row.now}, Seq{row.first}) == row.superfluous,
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::events
