#include "lb/http_parser.h"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

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

struct Row {
  const char* name;
  std::string bytes;
  int status;  // 0: accepted
  int messages;  // whole messages seen
};

const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n";

const std::vector<Row> requests{
    {"plain", get + "\r\n", 0, 1},
    {"pipelined", get + "\r\n" + get + "\r\n", 0, 2},
    {"empty line before", "\r\n" + get + "\r\n", 0, 1},
    {"length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" + get + "\r\n", 0, 2},
    {"chunked",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + get +
         "\r\n",
     0, 2},
    {"chunked, extension and trailer",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: "
     "v\r\n\r\n",
     0, 1},
    {"HTTP/1.0 without host", "GET / HTTP/1.0\r\n\r\n", 0, 1},
    {"body with GET", get + "Content-Length: 2\r\n\r\nab", 0, 1},
    {"absolute form", "GET http://a/x HTTP/1.1\r\nHost: a\r\n\r\n", 0, 1},
    {"options *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 0, 1},
    {"upgrade is not granted", get + "Connection: upgrade\r\nUpgrade: h2c\r\n\r\n" + get + "\r\n",
     0, 2},

    {"length beside chunked",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
     0},
    {"chunked beside length",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400,
     0},
    {"two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n",
     400, 0},
    {"length list", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc", 400, 0},
    {"signed length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc", 400, 0},
    {"negative length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400, 0},
    {"hexadecimal length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\n", 400, 0},
    {"empty length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n", 400, 0},
    {"length beyond 64 bits",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400, 0},
    {"gzip, chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501,
     0},
    {"chunked twice", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
     400, 0},
    {"chunked in two headers",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
     "chunked\r\n\r\n",
     400, 0},
    {"identity", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", 501, 0},
    {"quoted chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n", 501,
     0},
    {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, 0},
    {"underscore length", get + "Content_Length: 3\r\n\r\n", 400, 0},
    {"underscore encoding", get + "Transfer_Encoding: chunked\r\n\r\n", 400, 0},
    {"folded value", get + "X: a\r\n b\r\n\r\n", 400, 0},
    {"folded value, empty first line", get + "X:\r\n b\r\n\r\n", 400, 0},
    {"folded encoding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n", 400,
     0},
    {"blank before the first header", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400, 0},
    {"empty name", get + ": x\r\n\r\n", 400, 0},
    {"blank before the colon", get + "Content-Length : 3\r\n\r\nabc", 400, 0},
    {"name with a bracket", get + "X(y): z\r\n\r\n", 400, 0},
    {"no colon", get + "X\r\n\r\n", 400, 0},
    {"control byte in a name", get + std::string("X\x01y: z\r\n\r\n"), 400, 0},
    {"control byte in a value", get + std::string("X: a\x01z\r\n\r\n"), 400, 0},
    {"NUL in a value", get + std::string("X: a\0z\r\n\r\n", 10), 400, 0},
    {"bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400, 0},
    {"bare LF in one header", get + "X: y\n\r\n", 400, 0},
    {"bare LF at the end", get + "\n", 400, 0},
    {"bare CR in a value", get + "X: a\rb\r\n\r\n", 400, 0},
    {"CR CR LF", get + "X: a\r\r\n\r\n", 400, 0},
    {"no host", "GET / HTTP/1.1\r\n\r\n", 400, 0},
    {"two hosts", get + "Host: b\r\n\r\n", 400, 0},
    {"empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, 0},
    {"host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, 0},
    {"host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400, 0},
    {"host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400, 0},
    {"absolute form, other host", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0},
    {"absolute form, user", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0},
    {"absolute form, no authority", "GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0},
    {"other scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0},
    {"get *", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0},
    {"target without a slash", "GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0},
    {"fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0},
    {"high byte in the target", "GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0},
    {"repeated blank", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0},
    {"repeated blank before the version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0},
    {"blank after the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400, 0},
    {"tab in the request line", "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", 400, 0},
    {"blank in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0},
    {"HTTP/0.9", "GET /\r\n", 400, 0},
    {"HTTP/0.9 by name", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505, 0},
    {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505, 0},
    {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, 0},
    {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, 0},
    {"lower case version", "GET / http/1.1\r\nHost: a\r\n\r\n", 400, 0},
    {"other protocol", "SOURCE / ICE/1.0\r\nHost: a\r\n\r\n", 501, 0},
    {"RTSP", "DESCRIBE / RTSP/1.0\r\nHost: a\r\n\r\n", 501, 0},
    {"CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 501, 0},
    {"TLS hello", std::string("\x16\x03\x01\x02\x00\x01\x00\r\n", 9), 400, 0},
    {"other expectation", get + "Expect: tea\r\n\r\n", 417, 0},
    {"chunk size of many digits",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 400,
     0},
    {"chunk without CRLF",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcXX0\r\n\r\n", 400, 0},
    {"chunk size with LF",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", 400, 0},
    {"chunk size with CR and X",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\rXabc\r\n0\r\n\r\n", 400,
     0},
    {"chunk size with sign",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n", 400,
     0},
    {"chunk size 0x3",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", 400,
     0},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(http_parser)

BOOST_AUTO_TEST_CASE(every_row_gets_its_verdict_at_every_piece_size) {
  for (const Row& row : requests) {
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
  BOOST_TEST(status(get + "X: " + std::string(70000, 'x') + "\r\n\r\n") == 431);
  std::string many = get;
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
  BOOST_TEST(keeps(get + "\r\n"));
  BOOST_TEST(!keeps(get + "Connection: x, close\r\n\r\n"));
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
