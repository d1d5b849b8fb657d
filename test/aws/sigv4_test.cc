#include "adapters/aws/sigv4.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>

#include "adapters/durable_file.h"
#include "adapters/json.h"

namespace sky::adapters::aws {
namespace {

struct Vector {
  SignableRequest request;
  SigningScope scope;
  Credentials credentials;
  core::WallTime wall;
  core::Duration valid_for{0};
  std::string authorization;
  std::vector<std::string> presigned;
};

NameValues pairs_of(const JsonView& list) {
  NameValues pairs;
  const auto elements = list.elements();
  for (const JsonView& pair : *elements)
    pairs.emplace_back(*pair.at(0).as_text(), *pair.at(1).as_text());
  return pairs;
}

Vector read_vector(const JsonView& row) {
  const auto text = [&](const char* name) { return *row.at(name).as_text(); };
  Vector vector;
  vector.request = {text("method"),
                    text("host"),
                    text("path"),
                    pairs_of(row.at("query")),
                    pairs_of(row.at("headers")),
                    text("body")};
  vector.scope = {text("region"), text("service")};
  vector.credentials = {text("key"), text("secret"), text("token"), {}};
  vector.wall = core::WallTime(core::seconds(*row.at("wall_seconds").as_integer()));
  vector.valid_for = core::seconds(*row.at("valid_seconds").as_integer());
  vector.authorization = text("authorization");
  const auto presigned = row.at("presigned").elements();
  for (const JsonView& part : *presigned) vector.presigned.push_back(*part.as_text());
  return vector;
}

// The table that is kept, or one that was made just now.
std::vector<Vector> read_vectors() {
  const char* other = std::getenv("SKY_SIGV4_VECTORS");
  const auto text = read_file(other != nullptr ? other : SKY_AWS_TESTS "/sigv4_vectors.json");
  BOOST_REQUIRE(text.has_value());
  const auto document = parse_json(*text);
  BOOST_REQUIRE(document.has_value());
  const auto rows = JsonView(*document).elements();
  BOOST_REQUIRE(rows.has_value());
  std::vector<Vector> vectors;
  for (const JsonView& row : *rows) vectors.push_back(read_vector(row));
  return vectors;
}

std::vector<std::string> sorted_parts(const std::string& query) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= query.size();) {
    const std::size_t end = std::min(query.find('&', begin), query.size());
    parts.push_back(query.substr(begin, end - begin));
    begin = end + 1;
  }
  std::sort(parts.begin(), parts.end());
  return parts;
}

std::string value_of(const NameValues& pairs, const std::string& name) {
  for (const auto& [key, value] : pairs)
    if (key == name) return value;
  return {};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(aws_sigv4)

BOOST_AUTO_TEST_CASE(signed_headers_are_those_of_botocore_byte_for_byte) {
  const auto vectors = read_vectors();
  BOOST_TEST(vectors.size() >= 60U);
  for (const Vector& vector : vectors) {
    const auto headers =
        signed_headers(vector.request, vector.scope, vector.credentials, vector.wall);
    BOOST_TEST(value_of(headers, "authorization") == vector.authorization);
    BOOST_TEST(value_of(headers, "x-amz-date") == amz_date(vector.wall));
    BOOST_TEST(value_of(headers, "x-amz-security-token") == vector.credentials.session_token);
  }
}

BOOST_AUTO_TEST_CASE(presigned_queries_are_those_of_botocore) {
  for (Vector& vector : read_vectors()) {
    vector.request.query.clear();
    vector.request.body.clear();
    const std::string query = presigned_query(vector.request, vector.scope, vector.credentials,
                                              vector.wall, vector.valid_for);
    BOOST_TEST(sorted_parts(query) == vector.presigned, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(the_query_counts_in_the_order_of_its_encoded_names) {
  SignableRequest request{"GET", "h", "/", {{"b", "2"}, {"a", "1"}, {"a-b", ""}}, {}, ""};
  SignableRequest sorted = request;
  std::sort(sorted.query.begin(), sorted.query.end());
  const Credentials keys{"k", "s", "", {}};
  const core::WallTime wall(core::seconds(1));
  BOOST_CHECK(signed_headers(request, {"r", "s"}, keys, wall) ==
              signed_headers(sorted, {"r", "s"}, keys, wall));
}

BOOST_AUTO_TEST_CASE(dates_are_written_without_marks) {
  BOOST_TEST(amz_date(core::WallTime(core::seconds(0))) == "19700101T000000Z");
  BOOST_TEST(amz_date(core::WallTime(core::seconds(951'782'399))) == "20000228T235959Z");
  BOOST_TEST(amz_date(core::WallTime(core::seconds(951'782'400))) == "20000229T000000Z");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters::aws
