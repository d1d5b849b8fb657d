#include "adapters/aws/sigv4.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/digest.h"
#include "adapters/percent_code.h"
#include "adapters/utc_time.h"

namespace sky::adapters::aws {
namespace {

constexpr const char* algorithm = "AWS4-HMAC-SHA256";
// On the way these may be added, changed or dropped.
constexpr const char* unsigned_names[] = {"expect", "user-agent", "x-amzn-trace-id"};

std::string lower(std::string text) {
  for (char& letter : text)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter + 32);
  return text;
}

// Without blanks at the ends, and one where several stand inside.
std::string collapsed(std::string_view value) {
  std::string out;
  for (const char letter : value) {
    const bool is_blank = letter == ' ' || letter == '\t' || letter == '\r' || letter == '\n';
    if (!is_blank)
      out += letter;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

// "." and ".." and empty segments go; what is left is encoded once more, as all but S3 ask.
std::string canonical_path(std::string_view path) {
  std::vector<std::string_view> kept;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view segment = path.substr(begin, end - begin);
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(segment);
    }
    begin = end + 1;
  }
  std::string out;
  for (const std::string_view segment : kept) out += "/" + percent_encoded(segment);
  if (out.empty() || path.ends_with('/')) out += '/';
  return out;
}

std::string canonical_query(const NameValues& query) {
  NameValues encoded;
  for (const auto& [name, value] : query)
    encoded.emplace_back(percent_encoded(name), percent_encoded(value));
  std::sort(encoded.begin(), encoded.end());
  std::string out;
  for (const auto& [name, value] : encoded) out += (out.empty() ? "" : "&") + name + "=" + value;
  return out;
}

struct CanonicalHeaders {
  std::string lines;  // each with its newline
  std::string names;  // "host;x-amz-date"
};

CanonicalHeaders canonical_headers(const NameValues& headers) {
  NameValues sorted;
  for (const auto& [name, value] : headers) {
    const std::string lowered = lower(name);
    const bool is_signed = std::none_of(std::begin(unsigned_names), std::end(unsigned_names),
                                        [&](const char* skipped) { return lowered == skipped; });
    if (is_signed) sorted.emplace_back(lowered, collapsed(value));
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  CanonicalHeaders out;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const bool is_repeated = i > 0 && sorted[i].first == sorted[i - 1].first;
    if (is_repeated) {  // one line: the values one after the other
      out.lines.back() = ',';
      out.lines += sorted[i].second + "\n";
      continue;
    }
    out.lines += sorted[i].first + ":" + sorted[i].second + "\n";
    out.names += (out.names.empty() ? "" : ";") + sorted[i].first;
  }
  return out;
}

std::string scope_text(const SigningScope& scope, std::string_view date) {
  return fmt::format("{}/{}/{}/aws4_request", date.substr(0, 8), scope.region, scope.service);
}

std::string signature_of(const std::string& canonical_request, const SigningScope& scope,
                         const Credentials& credentials, const std::string& date) {
  const std::string to_sign = fmt::format("{}\n{}\n{}\n{}", algorithm, date,
                                          scope_text(scope, date), hex(sha256(canonical_request)));
  std::string key = hmac_sha256("AWS4" + credentials.secret_access_key, date.substr(0, 8));
  for (const std::string& part : {scope.region, scope.service, std::string("aws4_request")})
    key = hmac_sha256(key, part);
  return hex(hmac_sha256(key, to_sign));
}

std::string canonical_request(const SignableRequest& request, const std::string& query,
                              const CanonicalHeaders& headers, std::string_view body) {
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, canonical_path(request.path), query,
                     headers.lines, headers.names, hex(sha256(body)));
}

}  // namespace

NameValues signed_headers(const SignableRequest& request, const SigningScope& scope,
                          const Credentials& credentials, core::WallTime now) {
  const std::string date = amz_date(now);
  NameValues added = {{"x-amz-date", date}};
  if (!credentials.session_token.empty())
    added.emplace_back("x-amz-security-token", credentials.session_token);
  NameValues all = request.headers;
  all.insert(all.end(), added.begin(), added.end());
  all.emplace_back("host", request.host);
  const CanonicalHeaders headers = canonical_headers(all);
  const std::string signature = signature_of(
      canonical_request(request, canonical_query(request.query), headers, request.body), scope,
      credentials, date);
  added.emplace_back(
      "authorization",
      fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", algorithm,
                  credentials.access_key_id, scope_text(scope, date), headers.names, signature));
  return added;
}

std::string presigned_query(const SignableRequest& request, const SigningScope& scope,
                            const Credentials& credentials, core::WallTime now,
                            core::Duration valid_for) {
  const std::string date = amz_date(now);
  NameValues all = request.headers;
  all.emplace_back("host", request.host);
  const CanonicalHeaders headers = canonical_headers(all);
  NameValues query = request.query;
  query.emplace_back("X-Amz-Algorithm", algorithm);
  query.emplace_back("X-Amz-Credential", credentials.access_key_id + "/" + scope_text(scope, date));
  query.emplace_back("X-Amz-Date", date);
  query.emplace_back("X-Amz-Expires", std::to_string(core::whole_seconds(valid_for)));
  query.emplace_back("X-Amz-SignedHeaders", headers.names);
  if (!credentials.session_token.empty())
    query.emplace_back("X-Amz-Security-Token", credentials.session_token);
  const std::string encoded = canonical_query(query);
  const std::string signature = signature_of(
      canonical_request(request, encoded, headers, request.body), scope, credentials, date);
  return encoded + "&X-Amz-Signature=" + signature;
}

std::string amz_date(core::WallTime wall) {
  std::string date = iso_time(wall);
  std::erase_if(date, [](char letter) { return letter == '-' || letter == ':'; });
  return date;
}

}  // namespace sky::adapters::aws
