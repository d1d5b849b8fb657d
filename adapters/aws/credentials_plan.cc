#include "adapters/aws/credentials_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/digest.h"

namespace sky::adapters::aws {
namespace {

constexpr std::size_t max_role_chain = 5;  // a guess; two is the rule
constexpr const char* own_session_name = "skyctl";
// Link-local addresses that AWS gives to containers and instances.
constexpr const char* container_host = "http://169.254.170.2";
constexpr const char* instance_host = "http://169.254.169.254";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

void add_profiles(std::string_view text, Profiles& profiles) {
  ProfileValues* values = nullptr;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view raw = text.substr(begin, end - begin);
    const std::string_view line = trimmed(raw);
    begin = end + 1;
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      std::string_view name = trimmed(line.substr(1, line.find(']') - 1));
      if (name.starts_with("profile ")) name = trimmed(name.substr(8));
      values = &profiles[std::string(name)];
      continue;
    }
    const std::size_t equals = line.find('=');
    const bool is_nested = raw.front() == ' ' || raw.front() == '\t';  // settings of one service
    if (values == nullptr || equals == std::string_view::npos || is_nested) continue;
    (*values)[std::string(trimmed(line.substr(0, equals)))] = trimmed(line.substr(equals + 1));
  }
}

std::string value_or(const ProfileValues& values, const char* key, std::string fallback = {}) {
  const auto found = values.find(key);
  return found == values.end() ? fallback : found->second;
}

core::Error profile_error(const std::string& profile, const std::string& why) {
  return {core::ErrorCode::invalid_input, fmt::format("AWS profile '{}': {}", profile, why)};
}

CredentialsSource keys_source(std::string key, std::string secret, std::string token) {
  CredentialsSource source;
  source.kind = CredentialsKind::keys;
  source.keys = {std::move(key), std::move(secret), std::move(token), {}};
  return source;
}

CredentialsSource web_source(std::string token_file, std::string role_arn, std::string name) {
  CredentialsSource source;
  source.kind = CredentialsKind::web_identity;
  source.token_file = std::move(token_file);
  source.role_arn = std::move(role_arn);
  source.session_name = name.empty() ? own_session_name : std::move(name);
  return source;
}

core::Result<CredentialsSource> sso_source(const CredentialsPlace& place,
                                           const std::string& profile,
                                           const ProfileValues& values) {
  const std::string session = value_or(values, "sso_session");
  std::string cache_name = session, region = value_or(values, "sso_region");
  if (!session.empty()) {
    const auto found = place.profiles.find("sso-session " + session);
    if (found == place.profiles.end())
      return profile_error(profile, "there is no [sso-session " + session + "]");
    region = value_or(found->second, "sso_region", region);
  } else {
    cache_name = value_or(values, "sso_start_url");
  }
  CredentialsSource source;
  source.kind = CredentialsKind::sso;
  source.sso_cache_file = place.home + "/.aws/sso/cache/" + sha1_hex(cache_name) + ".json";
  source.sso_region = region;
  source.sso_account = value_or(values, "sso_account_id");
  source.sso_role = value_or(values, "sso_role_name");
  if (region.empty() || source.sso_account.empty() || source.sso_role.empty())
    return profile_error(profile, "sso needs sso_region, sso_account_id and sso_role_name");
  return source;
}

CredentialsSource container_source(const CredentialsPlace& place) {
  CredentialsSource source;
  source.kind = CredentialsKind::container;
  const std::string relative = place.environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  source.url = relative.empty() ? place.environment("AWS_CONTAINER_CREDENTIALS_FULL_URI")
                                : container_host + relative;
  source.authorization = place.environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  source.authorization_file = place.environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  return source;
}

CredentialsSource instance_source(const CredentialsPlace& place) {
  CredentialsSource source;
  source.kind = CredentialsKind::instance;
  const std::string other = place.environment("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  source.url = other.empty() ? instance_host : other;
  while (source.url.ends_with('/')) source.url.pop_back();
  return source;
}

bool has_container(const CredentialsPlace& place) {
  return !place.environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").empty() ||
         !place.environment("AWS_CONTAINER_CREDENTIALS_FULL_URI").empty();
}

bool has_environment_keys(const CredentialsPlace& place) {
  return !place.environment("AWS_ACCESS_KEY_ID").empty() &&
         !place.environment("AWS_SECRET_ACCESS_KEY").empty();
}

CredentialsSource environment_keys(const CredentialsPlace& place) {
  return keys_source(place.environment("AWS_ACCESS_KEY_ID"),
                     place.environment("AWS_SECRET_ACCESS_KEY"),
                     place.environment("AWS_SESSION_TOKEN"));
}

// `credential_source`: for a role that is taken with what the machine itself has.
core::Result<CredentialsSource> named_source(const CredentialsPlace& place,
                                             const std::string& profile, const std::string& name) {
  if (name == "Environment" && has_environment_keys(place)) return environment_keys(place);
  if (name == "EcsContainer" && has_container(place)) return container_source(place);
  if (name == "Ec2InstanceMetadata") return instance_source(place);
  return profile_error(profile, "credential_source = " + name + " gives nothing here");
}

// What a profile has by itself, a role apart.
core::Result<CredentialsSource> plain_source(const CredentialsPlace& place,
                                             const std::string& profile,
                                             const ProfileValues& values) {
  if (values.contains("aws_access_key_id"))
    return keys_source(value_or(values, "aws_access_key_id"),
                       value_or(values, "aws_secret_access_key"),
                       value_or(values, "aws_session_token"));
  if (values.contains("sso_session") || values.contains("sso_start_url"))
    return sso_source(place, profile, values);
  if (values.contains("credential_process")) {
    CredentialsSource source;
    source.kind = CredentialsKind::process;
    source.command = value_or(values, "credential_process");
    return source;
  }
  return profile_error(profile, "it has no credentials that we know");
}

core::Result<CredentialsPlan> plan_profile(const CredentialsPlace& place, std::string profile) {
  CredentialsPlan plan;
  plan.found_in = "profile '" + profile + "'";
  for (std::size_t depth = 0; depth < max_role_chain; ++depth) {
    const auto found = place.profiles.find(profile);
    if (found == place.profiles.end())
      return profile_error(
          profile, "it is in neither " + config_path(place) + " nor " + credentials_path(place));
    const ProfileValues& values = found->second;
    if (plan.region.empty()) plan.region = value_or(values, "region");
    const std::string role = value_or(values, "role_arn");
    const std::string name = value_or(values, "role_session_name", own_session_name);
    core::Result<CredentialsSource> source = CredentialsSource{};
    if (role.empty()) {
      source = plain_source(place, profile, values);
    } else if (values.contains("web_identity_token_file")) {
      source = web_source(value_or(values, "web_identity_token_file"), role, name);
    } else {
      plan.roles.insert(plan.roles.begin(), {role, value_or(values, "external_id"), name});
      const std::string next = value_or(values, "source_profile");
      if (next.empty()) {
        source = named_source(place, profile, value_or(values, "credential_source"));
      } else if (next == profile) {
        source = plain_source(place, profile, values);
      } else {
        profile = next;
        continue;
      }
    }
    if (!source) return source.error();
    plan.source = std::move(*source);
    return plan;
  }
  return profile_error(profile, "its roles refer to each other without end");
}

}  // namespace

Profiles parse_profiles(std::string_view config_text, std::string_view credentials_text) {
  Profiles profiles;
  add_profiles(config_text, profiles);
  add_profiles(credentials_text, profiles);
  return profiles;
}

std::string config_path(const CredentialsPlace& place) {
  const std::string other = place.environment("AWS_CONFIG_FILE");
  return other.empty() ? place.home + "/.aws/config" : other;
}

std::string credentials_path(const CredentialsPlace& place) {
  const std::string other = place.environment("AWS_SHARED_CREDENTIALS_FILE");
  return other.empty() ? place.home + "/.aws/credentials" : other;
}

core::Result<CredentialsPlan> plan_credentials(const CredentialsPlace& place) {
  const auto& environment = place.environment;
  std::string region = environment("AWS_REGION");
  if (region.empty()) region = environment("AWS_DEFAULT_REGION");
  CredentialsPlan plan;
  const std::string profile = environment("AWS_PROFILE");
  const std::string token_file = environment("AWS_WEB_IDENTITY_TOKEN_FILE");
  if (has_environment_keys(place) && profile.empty()) {
    plan.source = environment_keys(place);
    plan.found_in = "the environment";
  } else if (!token_file.empty() && profile.empty()) {
    plan.source =
        web_source(token_file, environment("AWS_ROLE_ARN"), environment("AWS_ROLE_SESSION_NAME"));
    plan.found_in = "AWS_WEB_IDENTITY_TOKEN_FILE";
  } else if (!profile.empty() || place.profiles.contains("default")) {
    auto planned = plan_profile(place, profile.empty() ? "default" : profile);
    // A default profile that only names a region leaves it to the machine.
    if (planned || !profile.empty() || place.profiles.at("default").contains("role_arn")) {
      if (planned && !region.empty()) planned->region = region;
      return planned;
    }
    if (region.empty()) region = value_or(place.profiles.at("default"), "region");
  }
  if (plan.found_in.empty()) {
    const bool is_container = has_container(place);
    plan.source = is_container ? container_source(place) : instance_source(place);
    plan.found_in =
        is_container ? "the container's credentials address" : "the instance's metadata";
  }
  plan.region = region;
  return plan;
}

}  // namespace sky::adapters::aws
