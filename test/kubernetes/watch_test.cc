// A watch through everything that servers and networks do to it: nothing lost, nothing doubled.
#include "adapters/kubernetes/watch.h"

#include <boost/test/unit_test.hpp>
#include <deque>
#include <set>

#include "adapters/http_client.h"
#include "test/adapters/loop.h"
#include "test/adapters/scripted_server.h"

namespace sky::adapters::kubernetes {
namespace {

std::string object(const std::string& name, int version) {
  return "{\"metadata\":{\"name\":\"" + name + "\",\"resourceVersion\":\"" +
         std::to_string(version) + "\"}}";
}

std::string frame(const std::string& type, const std::string& of) {
  return "{\"type\":\"" + type + "\",\"object\":" + of + "}\n";
}

std::string list_of(int version, const std::vector<std::string>& items,
                    const std::string& next = "") {
  std::string text = "{\"metadata\":{\"resourceVersion\":\"" + std::to_string(version) +
                     "\",\"continue\":\"" + next + "\"},\"items\":[";
  for (const std::string& item : items) text += (&item == items.data() ? "" : ",") + item;
  return http_answer(200, text + "]}");
}

std::string too_old = "{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\"}";

// A stream that the server ends when its bytes are out.
std::string stream(const std::string& frames) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + frames;
}

// Answers lists and watches from two queues; the last of each is given again and again.
struct World {
  std::deque<std::string> lists, watches;
  std::vector<std::string> asked;
  std::vector<std::string> told;  // "+name@version", "-name"
  Reactor reactor;
  ScriptedServer server{reactor, [this](const std::string& request) { return answer(request); },
                        ScriptedServer::After::close};
  HttpClient http{reactor};
  ApiClient client{reactor, http, access(), [] {
                     return core::Error{core::ErrorCode::not_found, "no file"};
                   }};
  Watch watch{reactor,
              client,
              {"/pods", ""},
              {[this](const JsonView& one) {
                 told.push_back("+" + one.at("metadata").at("name").text_or("") + "@" +
                                one.at("metadata").at("resourceVersion").text_or(""));
               },
               [this](const std::string& name) { told.push_back("-" + name); }, [] {},
               [this](const core::Failure&) { ++troubles; }},
              {.idle = core::milliseconds(400),
               .longest = core::seconds(300),
               .first_pause = core::milliseconds(2),
               .longest_pause = core::milliseconds(10)}};
  int troubles = 0;

  Access access() const {
    Access way;
    way.cluster.server = server.url("");
    return way;
  }

  static std::string next(std::deque<std::string>& queue) {
    std::string first = queue.front();
    if (queue.size() > 1) queue.pop_front();
    return first;
  }

  std::string answer(const std::string& request) {
    const std::string line = request.substr(0, request.find(" HTTP/"));
    asked.push_back(line);
    return next(line.find("watch=1") != std::string::npos ? watches : lists);
  }

  bool run_until_told(const std::string& last) {
    if (asked.empty()) watch.start();
    return run_until(reactor, [&] { return !told.empty() && told.back() == last; });
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(kubernetes_watch)

BOOST_AUTO_TEST_CASE(a_list_then_changes_then_on_from_the_last_position) {
  World world;
  world.lists = {list_of(5, {object("a", 3), object("b", 4)})};
  world.watches = {stream(frame("MODIFIED", object("a", 6)) + frame("BOOKMARK", object("", 8))),
                   stream(frame("DELETED", object("b", 9)) + frame("ADDED", object("c", 10))), ""};
  BOOST_REQUIRE(world.run_until_told("+c@10"));
  const std::vector<std::string> wanted{"+a@3", "+b@4", "+a@6", "-b", "+c@10"};
  BOOST_TEST(world.told == wanted, boost::test_tools::per_element());
  BOOST_TEST(world.asked[1].find("resourceVersion=5&") != std::string::npos);
  BOOST_TEST(world.asked[1].find("allowWatchBookmarks=true") != std::string::npos);
  BOOST_TEST(world.asked[2].find("resourceVersion=8&") != std::string::npos);
  BOOST_TEST(world.watch.lists() == 1u);
}

BOOST_AUTO_TEST_CASE(a_stream_cut_at_any_byte_tells_each_change_once) {
  const std::string frames = frame("MODIFIED", object("a", 6)) + frame("DELETED", object("b", 7)) +
                             frame("ADDED", object("c", 8));
  const std::string rest_after[] = {
      frames, frame("DELETED", object("b", 7)) + frame("ADDED", object("c", 8)),
      frame("ADDED", object("c", 8)), frame("BOOKMARK", object("", 9))};
  for (std::size_t cut = 0; cut <= frames.size(); cut += 7) {
    World world;
    world.lists = {list_of(5, {object("a", 3), object("b", 4)})};
    // What the server sends next begins after the last frame that came whole.
    const auto whole = static_cast<std::size_t>(
        std::count(frames.begin(), frames.begin() + static_cast<std::ptrdiff_t>(cut), '\n'));
    world.watches = {stream(frames.substr(0, cut)), stream(rest_after[whole]), ""};
    BOOST_REQUIRE_MESSAGE(world.run_until_told("+c@8"), "cut at " << cut);
    const std::vector<std::string> wanted{"+a@3", "+b@4", "+a@6", "-b", "+c@8"};
    BOOST_TEST(world.told == wanted, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(both_shapes_of_too_old_are_answered_by_a_list_and_a_comparison) {
  for (const bool inside : {true, false}) {
    World world;
    world.lists = {list_of(5, {object("a", 3), object("b", 4)}),
                   list_of(20, {object("a", 3), object("c", 18)})};
    world.watches = {inside ? stream(frame("ERROR", too_old)) : http_answer(410, too_old), ""};
    BOOST_REQUIRE(world.run_until_told("+c@18"));
    // b went while nobody looked; a is the same and not told again.
    const std::vector<std::string> wanted{"+a@3", "+b@4", "-b", "+c@18"};
    BOOST_TEST(world.told == wanted, boost::test_tools::per_element());
    BOOST_TEST(world.watch.lists() == 2u);
  }
}

BOOST_AUTO_TEST_CASE(a_position_from_the_future_is_answered_by_a_list) {
  World world;
  world.lists = {list_of(50, {object("a", 3)}), list_of(12, {object("b", 11)})};
  world.watches = {http_answer(504,
                               "{\"kind\":\"Status\",\"code\":504,\"reason\":\"Timeout\","
                               "\"message\":\"Too large resource version: 50, current: 12\"}"),
                   ""};
  BOOST_REQUIRE(world.run_until_told("+b@11"));
  BOOST_TEST(world.told[1] == "-a");
}

BOOST_AUTO_TEST_CASE(pages_are_read_to_their_end_and_begun_again_when_they_grow_too_old) {
  World world;
  world.lists = {list_of(5, {object("a", 3)}, "next/1"), http_answer(410, too_old),
                 list_of(7, {object("a", 6)}, "next/2"), list_of(7, {object("b", 4)})};
  world.watches = {""};
  BOOST_REQUIRE(world.run_until_told("+b@4"));
  const std::vector<std::string> wanted{"+a@6", "+b@4"};
  BOOST_TEST(world.told == wanted, boost::test_tools::per_element());
  BOOST_TEST(world.asked[1].find("continue=next%2F1") != std::string::npos);
  BOOST_TEST(world.asked[2].find("continue") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(
    servers_that_fail_refuse_or_talk_nonsense_are_asked_again_and_nothing_is_lost) {
  World world;
  world.lists = {http_answer(500, "{}"), http_answer(200, "no json"), http_answer(403, "{}"),
                 list_of(5, {object("a", 3)})};
  world.watches = {http_answer(500, "{}"), http_answer(403, "{}"), stream("nonsense\n"),
                   stream(frame("ADDED", object("b", 9))), ""};
  BOOST_REQUIRE(world.run_until_told("+b@9"));
  const std::vector<std::string> wanted{"+a@3", "+b@9"};
  BOOST_TEST(world.told == wanted, boost::test_tools::per_element());
  BOOST_TEST(world.troubles == 4);
}

BOOST_AUTO_TEST_CASE(a_connection_that_is_silent_for_too_long_is_taken_for_dead) {
  World world;
  world.lists = {list_of(5, {object("a", 3)})};
  world.watches = {"", stream(frame("ADDED", object("b", 9))), ""};  // the first never answers
  BOOST_REQUIRE(world.run_until_told("+b@9"));
  BOOST_TEST(world.watch.lists() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters::kubernetes
