#include "adapters/vm/replica_mark.h"

#include <charconv>
#include <string_view>

#include "adapters/digest.h"

namespace sky::adapters::vm {
namespace {

constexpr const char* service_mark = "skyctl-service";
constexpr const char* replica_mark = "skyctl-replica";
constexpr const char* attempt_mark = "skyctl-attempt";

constexpr std::size_t longest_name = 63;  // RFC 1035, which GCP asks for
constexpr std::size_t short_hash = 8;

std::uint32_t read_number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : 0;
}

std::string plain(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    const bool is_upper = letter >= 'A' && letter <= 'Z';
    const bool is_plain = (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
    out += is_upper ? static_cast<char>(letter + 32) : is_plain ? letter : '-';
  }
  return out;
}

std::string joined(std::string_view prefix, const core::ServiceName& service,
                   const std::string& suffix) {
  const std::size_t room = longest_name - prefix.size() - suffix.size();
  return std::string(prefix) + plain(service).substr(0, room) + suffix;
}

}  // namespace

ReplicaMark mark_of(const core::LaunchInstance& order, const core::LogId& log_id) {
  return {log_id, order.service, order.replica, order.attempt, order.token};
}

Marks to_marks(const ReplicaMark& mark) {
  return {{log_mark, mark.log_id},
          {service_mark, mark.service},
          {replica_mark, std::to_string(mark.replica.value)},
          {attempt_mark, std::to_string(mark.attempt)},
          {token_mark, mark.token}};
}

std::optional<ReplicaMark> read_marks(const Marks& marks) {
  ReplicaMark mark;
  for (const auto& [name, value] : marks) {
    if (name == log_mark) mark.log_id = value;
    if (name == service_mark) mark.service = value;
    if (name == replica_mark) mark.replica = {read_number(value)};
    if (name == attempt_mark) mark.attempt = read_number(value);
    if (name == token_mark) mark.token = value;
  }
  const bool is_whole =
      !mark.log_id.empty() && !mark.service.empty() && mark.replica && !mark.token.empty();
  return is_whole ? std::optional(mark) : std::nullopt;
}

std::string machine_name(const ReplicaMark& mark) {
  return joined("sky-", mark.service,
                "-" + std::to_string(mark.replica.value) + "-" + std::to_string(mark.attempt) +
                    "-" + mark.token.substr(0, short_hash));
}

std::string service_resource_name(const core::ServiceName& service, const core::LogId& log_id) {
  return joined("skyctl-", service,
                "-" + hex(sha256(service + "\n" + log_id)).substr(0, short_hash));
}

}  // namespace sky::adapters::vm
