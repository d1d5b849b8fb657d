#include "adapters/vm/join_desk.h"

#include <algorithm>

#include "adapters/digest.h"
#include "adapters/durable_file.h"
#include "adapters/json.h"
#include "adapters/shell_text.h"
#include "adapters/utc_time.h"

namespace sky::adapters::vm {
namespace {

constexpr std::size_t key_bytes = 32;
constexpr std::size_t longest_nonce = 128;
constexpr std::size_t longest_note = 4096;
constexpr std::string_view bearer = "Bearer ";
// What GCP gives between its word and the end; AWS tells the moment itself.
constexpr core::Duration unnamed_notice = core::seconds(30);

DeskAnswer refused(int status, const char* why) { return {status, std::string(why) + "\n"}; }

core::InstanceChanged change_of(const JoinClaim& claim, core::InstanceChange change,
                                std::string text) {
  return {claim.service, claim.replica, claim.attempt, change, core::Duration{0}, std::move(text)};
}

}  // namespace

DeskAnswer JoinDesk::handle(const DeskRequest& request) {
  const bool has_token = request.authorization.starts_with(bearer);
  if (!has_token) return refused(401, "a bearer token is needed");
  const std::string_view token = std::string_view(request.authorization).substr(bearer.size());
  const bool is_join = request.path == "/v1/join";
  const auto claim = read_token(edges_.key, is_join ? TokenUse::join : TokenUse::session, token);
  if (!claim) return refused(401, "this token is not ours");
  if (!edges_.is_expected(*claim)) return refused(410, "this replica is not wanted any more");
  if (is_join) return join(*claim, request.body);
  if (request.path == "/v1/join/alive") return {};
  if (request.path == "/v1/join/mark") return take_mark(*claim, request);
  if (request.path == "/v1/join/notice") return take_notice(*claim, request.body);
  return refused(404, "no such call");
}

DeskAnswer JoinDesk::join(const JoinClaim& claim, const std::string& nonce) {
  if (nonce.empty() || nonce.size() > longest_nonce) return refused(400, "a nonce is needed");
  const std::string proof = hex(sha256(nonce));
  const auto file = edges_.directory / hex(sha256(claim.token)).substr(0, key_bytes);
  const auto bound = read_file(file);
  if (bound && *bound != proof) return refused(403, "another machine has joined with this token");
  if (!bound && bound.error().code != core::ErrorCode::not_found)
    return refused(503, "the record of joined machines cannot be read");
  const auto secrets = edges_.secrets(claim.service, claim.version);
  if (!secrets) return refused(503, "the secrets cannot be read");
  if (!bound) {
    auto kept = make_private_directory(edges_.directory);
    if (kept) kept = write_file_durably(file, proof);
    if (!kept) return refused(503, "the record of joined machines cannot be written");
    edges_.note(claim, "joined");
  }
  std::string body = "#session " + make_token(edges_.key, TokenUse::session, claim) + "\n";
  for (const auto& [name, value] : *secrets) body += name + "=" + shell_quoted(value) + "\n";
  return {200, body};
}

DeskAnswer JoinDesk::take_mark(const JoinClaim& claim, const DeskRequest& request) {
  const std::string text = repaired_utf8(request.body.substr(0, longest_note));
  edges_.note(claim,
              request.mark + " after " + request.uptime + " s" + (text.empty() ? "" : ": " + text));
  if (request.mark == "run")
    edges_.report(claim, change_of(claim, core::InstanceChange::started, {}));
  if (request.mark == "ended")
    edges_.report(claim, change_of(claim, core::InstanceChange::user_code_ended, text));
  return {};
}

DeskAnswer JoinDesk::take_notice(const JoinClaim& claim, const std::string& body) {
  auto change = change_of(claim, core::InstanceChange::noticed,
                          "the machine says that its cloud takes it back");
  change.notice_left = unnamed_notice;
  if (const auto document = parse_json(body)) {
    const auto moment = read_iso_time(JsonView(*document).at("time").text_or(""));
    if (moment) change.notice_left = std::max(*moment - edges_.wall(), core::Duration{0});
  }
  edges_.note(claim, "notice: " + repaired_utf8(body.substr(0, longest_note)));
  edges_.report(claim, change);
  return {};
}

core::Result<std::string> read_join_key(const std::filesystem::path& home) {
  const auto file = home / "join.key";
  auto key = read_file(file);
  if (key && key->size() == key_bytes) return key;
  if (key)
    return core::Error{core::ErrorCode::corrupt,
                       file.string() +
                           " is not a key; remove it, and machines that boot now will "
                           "not be able to join"};
  if (key.error().code != core::ErrorCode::not_found) return key;
  key = random_bytes(key_bytes);
  if (!key) return key;
  if (auto kept = write_file_durably(file, *key); !kept) return kept.error();
  return key;
}

}  // namespace sky::adapters::vm
