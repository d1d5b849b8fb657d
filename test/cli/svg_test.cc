// Pictures are well-formed whatever a name holds; a storm's picture shows what it must.
#include "cli/svg.h"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "cli/print_storms_svg.h"

namespace sky::cli {
namespace {

// Every element is closed by its own name, every attribute is quoted: what a parser insists on.
std::string broken_part(const std::string& svg) {
  std::vector<std::string> open;
  for (std::size_t at = svg.find('<'); at != std::string::npos; at = svg.find('<', at + 1)) {
    const std::size_t end = svg.find('>', at);
    if (end == std::string::npos) return "no end: " + svg.substr(at, 40);
    const std::string tag = svg.substr(at + 1, end - at - 1);
    if (tag.find('<') != std::string::npos) return "a bare < in " + tag;
    if (tag.front() == '?' || tag.back() == '/') continue;
    const std::string name = tag.substr(0, tag.find(' '));
    if (name.front() != '/') {
      open.push_back(name);
    } else {
      if (open.empty() || "/" + open.back() != name) return "closes nothing: " + tag;
      open.pop_back();
    }
  }
  return open.empty() ? "" : "left open: " + open.back();
}

projections::Storm small_storm() {
  projections::Storm storm;
  storm.service = "a<b>&\"c";
  storm.began.at = core::Instant(core::seconds(100));
  storm.last_blow.at = core::Instant(core::seconds(110));
  storm.preempted = 2;
  storm.target = 3;
  storm.depth = 2;
  storm.lowest_ready = 1;
  return storm;
}

projections::StormSeries small_series() {
  const auto at = [](std::int64_t second) { return core::Instant(core::seconds(second)); };
  projections::StormSeries series;
  series.from = at(80);
  series.to = at(140);
  series.zones = {"kubernetes", "us-east-2a spot"};
  series.fleet = {{at(80), 3, 0, {1, 2}}, {at(100), 3, 2, {1}}, {at(120), 3, 0, {1, 2}}};
  series.traffic = {{at(90), core::seconds(1), {4000}, {0}, 0},
                    {at(91), core::seconds(1), {5000}, {1000}, 2}};
  series.blows = {{at(100), projections::BlowKind::notice, core::ReplicaId{2}, "us-east-2a"}};
  return series;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cli_svg)

BOOST_AUTO_TEST_CASE(names_cannot_break_out_of_the_picture) {
  SvgWriter svg(10, 10, "<title> & \"more\"", "");
  svg.text({1, 2}, "a\"b", "</text><script>\x01\xff");
  svg.rectangle({0, 0, std::nan(""), 2}, "x", "red", "a > b");
  const std::string text = svg.take();

  BOOST_TEST(broken_part(text) == "");
  BOOST_TEST(text.find("<script>") == std::string::npos);
  BOOST_TEST(text.find("nan") == std::string::npos);
  BOOST_TEST(text.find("&lt;/text&gt;&lt;script&gt;") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_picture_of_a_storm_has_its_parts_and_its_legend) {
  const std::string svg = storm_svg(small_storm(), small_series(), true);

  BOOST_TEST(broken_part(svg) == "");
  for (const char* part :
       {"a&lt;b&gt;&amp;&quot;c: 2 replicas lost", "class=\"target\"", "class=\"coming\"",
        ">kubernetes</text>", ">us-east-2a spot</text>", ">preemption notice</text>",
        ">requests a second</text>", ">requests held</text>", ">requests failed</text>",
        ">replicas</text>", ">00:01:20</text>", "1 of 3 ready at the deepest"})
    BOOST_TEST(svg.find(part) != std::string::npos, part);
}

BOOST_AUTO_TEST_CASE(a_picture_of_nothing_is_still_one) {
  projections::StormSeries series;
  BOOST_TEST(broken_part(storm_svg(small_storm(), series, true)) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::cli
