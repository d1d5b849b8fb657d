// The pure parts below a message's head: names, lines passed on as they came, bytes put together.
#include <boost/test/unit_test.hpp>
#include <random>
#include <string>

#include "lb/byte_buffer.h"
#include "lb/head_checks.h"
#include "lb/http_parser.h"
#include "lb/message_writer.h"
#include "lb/token_meter.h"

namespace sky::lb {
namespace {

std::string lowered(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// What a head becomes on its way to a replica, or why not.
class Rewritten final : public HttpEvents {
 public:
  explicit Rewritten(std::string_view bytes) : parser_(HttpParser::Mode::request, *this) {
    parser_.feed(bytes);
  }
  void on_head(const MessageHead& head) override {
    ByteBuffer out;
    write_request_head(
        out, head,
        {.client_ip = "ip", .default_host = "host", .request_id = "id", .traceparent = "trace"});
    text = out.view();
  }
  void on_body(std::string_view) override {}
  void on_message_end() override {}
  std::string text;

 private:
  HttpParser parser_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(head)

BOOST_AUTO_TEST_CASE(cases_of_letters_are_the_same_and_nothing_else_is) {
  for (std::size_t size = 1; size <= 17; ++size) {
    const std::string left(size, 'k');
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        for (const char mine : {'k', 'K', '-', '\x0d', '@', '[', '`', '{', '\xcb'}) {
          std::string one = left;
          std::string other = left;
          one[at] = mine;
          other[at] = static_cast<char>(byte);
          const bool same = lowered(one) == lowered(other);
          if (equals_ignoring_case(one, other) != same) {
            BOOST_ERROR("size " << size << " at " << at << ": " << int(mine) << ", " << byte);
          }
        }
      }
    }
  }
  BOOST_TEST(!equals_ignoring_case("host", "hos"));
}

BOOST_AUTO_TEST_CASE(known_names_are_known_in_any_case_and_by_all_of_their_letters) {
  for (const auto& [name, id] : {std::pair{"te", HeaderId::te},
                                 {"Via", HeaderId::via},
                                 {"HOST", HeaderId::host},
                                 {"content-Length", HeaderId::content_length},
                                 {"content_length", HeaderId::framing_twin},
                                 {"Transfer-Encoding", HeaderId::transfer_encoding},
                                 {"transfer_encoding", HeaderId::framing_twin},
                                 {"X-Request-ID", HeaderId::x_request_id},
                                 {"proxy-authorization", HeaderId::proxy_authorization},
                                 {"Keep-Alive", HeaderId::keep_alive},
                                 {"x-forwarded-for", HeaderId::x_forwarded_for}}) {
    BOOST_TEST((identify_header(name) == id), name);
    std::string spoilt = name;
    spoilt[spoilt.size() / 2] = 'q';
    BOOST_TEST((identify_header(spoilt) == HeaderId::other), spoilt);
    BOOST_TEST((identify_header(std::string(name) + "s") == HeaderId::other), name);
  }
  BOOST_TEST((identify_header("") == HeaderId::other));
  BOOST_TEST((identify_header(std::string(300, 'x')) == HeaderId::other));
}

// Nothing here looks at the bytes of names but llhttp: this is what we rely on.
BOOST_AUTO_TEST_CASE(byte_that_is_no_token_character_is_refused_anywhere_in_a_name) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string c(1, static_cast<char>(byte));
    for (const std::string& name : {c + "bc", "a" + c + "c", "ab" + c}) {
      if (name.find(':') != std::string::npos && name[0] != ':') continue;  // it ends there
      const std::string line = name + ": x\r\n\r\n";
      const bool passes = !Rewritten("GET / HTTP/1.1\r\nHost: a\r\n" + line).text.empty();
      BOOST_TEST(passes == is_token(name), "byte " << byte << " in " << name);
    }
  }
}

BOOST_AUTO_TEST_CASE(lines_come_out_with_one_blank_whatever_they_had) {
  const std::pair<const char*, const char*> lines[] = {
      {"X-A: b", "X-A: b"},     {"X-A:b", "X-A: b"},   {"X-A:  b", "X-A: b"},
      {"X-A:\tb", "X-A: b"},    {"X-A: b ", "X-A: b"}, {"X-A: b\t", "X-A: b"},
      {"X-A: b c", "X-A: b c"}, {"X-A:", "X-A: "},     {"X-A: ", "X-A: "},
      {"x-a: \t b", "x-a: b"},
  };
  for (const auto& [line, expected] : lines) {
    const std::string bytes = "GET / HTTP/1.1\r\n" + std::string(line) + "\r\nHost: a\r\n\r\n";
    const std::string text = Rewritten(bytes).text;
    const std::string wanted = "\r\n" + std::string(expected) + "\r\n";
    BOOST_TEST((text.find(wanted) != std::string::npos), line << " became " << text);
  }
}

BOOST_AUTO_TEST_CASE(buffer_holds_what_was_put_into_it_however_it_grew) {
  std::minstd_rand random(7);
  ByteBuffer buffer;
  for (int round = 0; round < 3; ++round, buffer.clear()) {
    std::string expected;
    for (int i = 0; i < 2000; ++i) {
      const std::uint64_t number = std::uint64_t{random()} * random() >> random() % 64;
      char hex[32];
      snprintf(hex, sizeof hex, "%llx", static_cast<unsigned long long>(number));
      const std::string text(random() % 40, static_cast<char>('a' + i % 26));
      buffer.append_number(number).append(' ').append_hex(number).append(text);
      expected += std::to_string(number) + " " + hex + text;
    }
    BOOST_TEST((buffer.view() == expected));
    BOOST_TEST(buffer.size() == expected.size());
  }
  BOOST_TEST(buffer.empty());
}

BOOST_AUTO_TEST_CASE(last_usage_is_found_wherever_it_stands) {
  constexpr std::string_view usage = R"("usage": {"prompt_tokens": 5})";
  std::minstd_rand random(11);
  for (int round = 0; round < 5000; ++round) {
    std::string text;
    for (std::size_t i = random() % 60; i > 0; --i) text += "\"usage "[random() % 8];
    const bool has_one = round % 2 == 0;
    if (has_one) text.insert(random() % (text.size() + 1), usage);
    const bool has_other = text.rfind("\"usage\"") != text.find(usage);
    if (has_other) continue;  // by chance: a test of its own is in request_test.cc
    BOOST_TEST((usage_in(text) == (has_one ? std::optional(TokenCounts{5, 0}) : std::nullopt)),
               text);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::lb
