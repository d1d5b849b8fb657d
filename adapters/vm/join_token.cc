#include "adapters/vm/join_token.h"

#include <charconv>
#include <vector>

#include "adapters/digest.h"

namespace sky::adapters::vm {
namespace {

constexpr std::size_t longest_token = 1024;

std::string proof(std::string_view key, TokenUse use, std::string_view text) {
  const std::string purpose = use == TokenUse::join ? "join\n" : "session\n";
  return base64_url(hmac_sha256(key, purpose + std::string(text)));
}

std::uint32_t read_number(std::string_view text) {
  std::uint32_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

}  // namespace

JoinClaim claim_of(const core::LaunchInstance& order) {
  return {order.service, order.replica, order.attempt, order.version, order.token};
}

std::string make_token(std::string_view key, TokenUse use, const JoinClaim& claim) {
  const std::string text = claim.service + "\n" + std::to_string(claim.replica.value) + "\n" +
                           std::to_string(claim.attempt) + "\n" +
                           std::to_string(claim.version.value) + "\n" + claim.token;
  const std::string encoded = base64_url(text);
  return encoded + "." + proof(key, use, encoded);
}

std::optional<JoinClaim> read_token(std::string_view key, TokenUse use, std::string_view token) {
  const std::size_t dot = token.find('.');
  if (key.empty() || token.size() > longest_token || dot == std::string_view::npos) return {};
  const std::string_view encoded = token.substr(0, dot);
  if (!equal_secrets(token.substr(dot + 1), proof(key, use, encoded))) return {};
  const auto text = base64_decoded(encoded);
  if (!text) return {};
  const auto lines = lines_of(*text);
  if (lines.size() != 5) return {};
  return JoinClaim{std::string(lines[0]),
                   {read_number(lines[1])},
                   read_number(lines[2]),
                   {read_number(lines[3])},
                   std::string(lines[4])};
}

}  // namespace sky::adapters::vm
