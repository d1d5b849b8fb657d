#include "lb/http_parser.h"

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <vector>

#include "test/lb/request_table.h"

namespace sky::lb {
namespace {

// Keeps what a parser said, as one readable line per message.
class Recorder final : public HttpEvents {
 public:
  void on_head(const MessageHead& head) override {
    std::string line = head.status != 0 ? std::to_string(head.status)
                                        : std::string(head.method) + " " + std::string(head.target);
    for (const Header& header : head.headers) {
      line += " [" + std::string(header.name) + "=" + std::string(header.value) + "]";
    }
    heads.push_back(line);
    keep_alive = head.keep_alive;
    framing = head.framing;
    host = std::string(head.host);
    expects_continue = head.expects_continue;
  }
  void on_body(std::string_view piece) override { body += piece; }
  void on_message_end() override { ++ends; }

  std::vector<std::string> heads;
  std::string body;
  std::string host;
  int ends = 0;
  bool keep_alive = false;
  bool expects_continue = false;
  Framing framing = Framing::none;
};

struct Outcome {
  int status = 0;  // 0: accepted
  int messages = 0;
  std::string body;
  std::vector<std::string> heads;
  bool operator==(const Outcome&) const = default;
};

// Feeds all of `bytes` in pieces of `piece` bytes, as many messages as there are.
Outcome parse(HttpParser::Mode mode, std::string_view bytes, std::size_t piece) {
  Recorder recorder;
  HttpParser parser(mode, recorder);
  while (!bytes.empty() && !parser.error()) {
    std::string_view part = bytes.substr(0, piece);
    bytes.remove_prefix(part.size());
    while (!part.empty() && !parser.error()) {
      if (parser.ended()) parser.next();
      part.remove_prefix(parser.feed(part));
    }
  }
  return {parser.error().status, recorder.ends, recorder.body, recorder.heads};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http_parser)

BOOST_AUTO_TEST_CASE(every_row_gets_its_verdict_at_every_piece_size) {
  for (const RequestRow& row : request_table()) {
    const Outcome whole = parse(HttpParser::Mode::request, row.bytes, row.bytes.size());
    BOOST_TEST(whole.status == row.status, row.name << ": " << whole.status);
    BOOST_TEST(whole.messages == row.messages, row.name << ": messages " << whole.messages);
    for (std::size_t piece = 1; piece < row.bytes.size(); ++piece) {
      const Outcome parts = parse(HttpParser::Mode::request, row.bytes, piece);
      const bool refused = (parts.status != 0) == (row.status != 0);
      BOOST_TEST(refused, row.name << " in pieces of " << piece << ": " << parts.status);
      BOOST_TEST(parts.messages == row.messages, row.name << " in pieces of " << piece);
      if (row.status == 0) BOOST_TEST((parts == whole), row.name << " in pieces of " << piece);
    }
  }
}

// A seeded fuzzer: rows of the table, spoilt and joined at random, in random pieces.
BOOST_AUTO_TEST_CASE(spoilt_requests_get_the_same_verdict_in_whatever_pieces) {
  std::minstd_rand random(20261127);
  const auto below = [&](std::size_t limit) { return limit == 0 ? 0 : random() % limit; };
  const std::vector<RequestRow>& rows = request_table();
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = rows[below(rows.size())].bytes;
    for (std::size_t changes = below(4); changes > 0; --changes) {
      const std::string& other = rows[below(rows.size())].bytes;
      const std::size_t at = below(bytes.size());
      switch (below(4)) {
        case 0: bytes[at] = static_cast<char>(random() % 256); break;
        case 1: bytes.erase(at, below(4)); break;
        case 2: bytes.insert(at, other.substr(below(other.size()), below(8))); break;
        default: bytes += other; break;
      }
    }
    const Outcome whole = parse(HttpParser::Mode::request, bytes, bytes.size() + 1);
    const std::size_t piece = 1 + below(7);
    const Outcome parts = parse(HttpParser::Mode::request, bytes, piece);
    const bool same = whole.messages == parts.messages && whole.body == parts.body &&
                      (whole.status == 0) == (parts.status == 0);
    BOOST_TEST(same, "round " << round << " in pieces of " << piece << ": " << whole.status << "/"
                              << parts.status << " " << whole.messages << "/" << parts.messages
                              << "\n"
                              << bytes);
    if (!same) return;
  }
}

BOOST_AUTO_TEST_CASE(head_body_and_end_are_given_without_framing) {
  Recorder recorder;
  HttpParser parser(HttpParser::Mode::request, recorder);
  const std::string bytes =
      "POST /v1?x=y HTTP/1.1\r\nhOST: h:1\r\nTransfer-Encoding: chunked\r\nExpect: "
      "100-continue\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET";
  const std::size_t used = parser.feed(bytes);
  BOOST_TEST(parser.ended());
  BOOST_TEST(bytes.substr(used) == "GET");
  BOOST_TEST(recorder.heads.at(0) ==
             "POST /v1?x=y [hOST=h:1] [Transfer-Encoding=chunked] [Expect=100-continue]");
  BOOST_TEST(recorder.body == "abcde");
  BOOST_TEST(recorder.host == "h:1");
  BOOST_TEST(recorder.keep_alive);
  BOOST_TEST(recorder.expects_continue);
  BOOST_TEST((recorder.framing == Framing::chunked));
}

BOOST_AUTO_TEST_CASE(absolute_target_becomes_a_path) {
  const auto target = [](std::string request_target) {
    return parse(HttpParser::Mode::request,
                 "GET " + request_target + " HTTP/1.1\r\nHost: a:1\r\n\r\n", 1000)
        .heads.at(0);
  };
  BOOST_TEST(target("http://A:1/x?y") == "GET /x?y [Host=a:1]");
  BOOST_TEST(target("http://a:1") == "GET / [Host=a:1]");
  BOOST_TEST(target("http://a:1?y") == "GET /?y [Host=a:1]");
}

BOOST_AUTO_TEST_CASE(limits_of_the_head_hold) {
  const auto status = [](const std::string& bytes) {
    return parse(HttpParser::Mode::request, bytes, 4096).status;
  };
  BOOST_TEST(status("GET /" + std::string(9000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n") == 414);
  BOOST_TEST(status("GET /" + std::string(8000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n") == 0);
  BOOST_TEST(status(plain_head + "X: " + std::string(70000, 'x') + "\r\n\r\n") == 431);
  std::string many = plain_head;
  for (int i = 0; i < 99; ++i) many += "X: y\r\n";
  BOOST_TEST(status(many + "\r\n") == 0);
  BOOST_TEST(status(many + "X: y\r\n\r\n") == 431);
  const std::string chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  BOOST_TEST(status(chunked + "3;" + std::string(9000, 'x') + "\r\nabc\r\n") == 400);
  BOOST_TEST(status(chunked + "0\r\nX: " + std::string(9000, 'x') + "\r\n\r\n") == 400);
}

BOOST_AUTO_TEST_CASE(keep_alive_follows_version_and_connection) {
  const auto keeps = [](const std::string& bytes) {
    Recorder recorder;
    HttpParser parser(HttpParser::Mode::request, recorder);
    parser.feed(bytes);
    BOOST_TEST(parser.ended());
    return recorder.keep_alive;
  };
  BOOST_TEST(keeps(plain_head + "\r\n"));
  BOOST_TEST(!keeps(plain_head + "Connection: x, close\r\n\r\n"));
  BOOST_TEST(!keeps("GET / HTTP/1.0\r\n\r\n"));
  BOOST_TEST(keeps("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

BOOST_AUTO_TEST_CASE(responses_without_body_end_at_their_head) {
  for (const char* status :
       {"204 No Content", "304 Not Modified", "100 Continue", "103 Early Hints"}) {
    Recorder recorder;
    HttpParser parser(HttpParser::Mode::response, recorder);
    const std::string bytes =
        "HTTP/1.1 " + std::string(status) + "\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\n";
    BOOST_TEST(bytes.size() - parser.feed(bytes) == 17U, status);
    BOOST_TEST(recorder.ends == 1, status);
  }
  Recorder recorder;
  HttpParser parser(HttpParser::Mode::response, recorder);
  parser.next(true);
  parser.feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  BOOST_TEST(parser.ended());
  BOOST_TEST(recorder.keep_alive);
  BOOST_TEST((recorder.framing == Framing::none));
}

BOOST_AUTO_TEST_CASE(body_until_close_ends_with_the_input_and_no_other_does) {
  Recorder recorder;
  HttpParser parser(HttpParser::Mode::response, recorder);
  parser.feed("HTTP/1.1 200 OK\r\n\r\nabc");
  BOOST_TEST(!parser.ended());
  BOOST_TEST(!recorder.keep_alive);
  BOOST_TEST(parser.finish());
  BOOST_TEST(recorder.ends == 1);
  BOOST_TEST(recorder.body == "abc");
  for (const char* bytes :
       {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"}) {
    Recorder other;
    HttpParser cut(HttpParser::Mode::response, other);
    cut.feed(bytes);
    BOOST_TEST(!cut.finish(), bytes);
    BOOST_TEST(other.ends == 0);
  }
}

BOOST_AUTO_TEST_CASE(responses_with_doubtful_framing_are_refused) {
  for (const char* bytes :
       {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\nX: y\n\n",
        "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 099 X\r\n\r\n", "\r\nHTTP/1.1 200 OK\r\n\r\n"}) {
    BOOST_TEST(parse(HttpParser::Mode::response, bytes, 1000).status != 0, bytes);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::lb
