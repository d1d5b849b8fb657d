#include "adapters/json.h"

#include <boost/test/unit_test.hpp>
#include <limits>

namespace sky::adapters {

BOOST_AUTO_TEST_SUITE(adapters_json)

BOOST_AUTO_TEST_CASE(getters_read_every_kind_of_value) {
  const auto value = parse_json(
      R"({"name":"llama3","port":8888,"rate":0.5,"big":18446744073709551615,"on":true,"no":null,)"
      R"("list":[{"id":-7}]})");
  BOOST_REQUIRE(value.has_value());

  const JsonView root(*value);

  BOOST_TEST(root.at("name").as_text().value() == "llama3");
  BOOST_TEST(root.at("port").as_integer().value() == 8888);
  BOOST_TEST(root.at("rate").as_number().value() == 0.5);
  BOOST_TEST(root.at("big").as_number().value() > 1.8e19);
  BOOST_TEST(root.at("on").as_boolean().value());
  BOOST_TEST(root.at("no").is_null());
  BOOST_TEST(root.at("list").at(0).at("id").as_integer().value() == -7);
  BOOST_TEST(root.members().value().size() == 7U);
}

BOOST_AUTO_TEST_CASE(a_failed_getter_names_the_path) {
  const auto value = parse_json(R"({"service":{"ports":[1,"two"]}})");
  BOOST_REQUIRE(value.has_value());
  const JsonView ports = JsonView(*value).at("service").at("ports");

  BOOST_TEST(ports.at(1).as_integer().error().text == "service.ports[1]: expected a whole number");
  BOOST_TEST(ports.at(2).as_integer().error().text ==
             "service.ports[2]: is missing, expected a whole number");
  BOOST_TEST(JsonView(*value).at("service").at("name").at("x").as_text().error().text ==
             "service.name.x: is missing, expected a string");
  BOOST_TEST(JsonView(*value).at("nothing").text_or("fallback") == "fallback");
}

BOOST_AUTO_TEST_CASE(wrong_documents_are_errors_and_not_guesses) {
  for (const char* text : {"", "{", "[1,]", "{\"a\":1} x", "nul", "\"\xff\"", "01", "{'a':1}"}) {
    BOOST_TEST(!parse_json(text).has_value(), text);
  }
  BOOST_TEST(!parse_json(std::string(100000, '[')).has_value());
  BOOST_TEST(parse_json(std::string(40, '[') + std::string(40, ']')).has_value());
}

BOOST_AUTO_TEST_CASE(of_a_repeated_key_the_last_one_counts) {
  const auto value = parse_json(R"({"a":1,"a":2})");
  BOOST_TEST(JsonView(value.value()).at("a").as_integer().value() == 2);
}

BOOST_AUTO_TEST_CASE(the_writer_escapes_and_repairs) {
  JsonWriter writer;
  writer.begin_object()
      .member("quote", "\"\\\n\t\x01")
      .member("broken", "a\xff\xc3")
      .member("umlaut", "\xc3\xbc")
      .member("not_a_number", std::numeric_limits<double>::quiet_NaN())
      .member("many", std::uint64_t{18446744073709551615U})
      .key("list")
      .begin_array()
      .integer(1)
      .boolean(false)
      .null()
      .begin_object()
      .end_object()
      .end_array()
      .end_object();

  BOOST_TEST(writer.str() ==
             "{\"quote\":\"\\\"\\\\\\n\\t\\u0001\",\"broken\":\"a\xEF\xBF\xBD\xEF\xBF\xBD\","
             "\"umlaut\":\"\xc3\xbc\",\"not_a_number\":null,\"many\":18446744073709551615,"
             "\"list\":[1,false,null,{}]}");
  BOOST_TEST(parse_json(writer.str()).has_value());
}

BOOST_AUTO_TEST_CASE(what_was_read_is_written_back_the_same) {
  const std::string text = R"({"a":[1,-2,0.1,"x\u0001",null,true],"b":{"c":[]}})";

  JsonWriter writer;
  writer.value(parse_json(text).value());

  BOOST_TEST(writer.take() == text);
  BOOST_TEST(writer.integer(3).str() == "3");
}

BOOST_AUTO_TEST_CASE(every_single_byte_makes_a_valid_string) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text(1, static_cast<char>(byte));
    const auto read = parse_json(json_quoted(text));
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST(JsonView(*read).as_text().value() == repaired_utf8(text));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters
