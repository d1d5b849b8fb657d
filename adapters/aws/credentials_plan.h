// Where this machine's AWS credentials come from: the same places, in the same order, as AWS's own
// tools look (environment, web identity, shared files, container, instance metadata).
//
// It reads texts and an environment that it is given, and asks nobody: credentials.h carries the
// plan out. Pure; any thread. Errors: invalid_input (a profile that is missing or says nothing that
// we know; the text names file and profile).
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/aws/sigv4.h"
#include "core/result.h"

namespace sky::adapters::aws {

enum class CredentialsKind : std::uint8_t {
  keys,  // they are known already
  web_identity,  // a token in a file, for a role
  process,  // a program prints them
  sso,  // a login of `aws sso login`, for a role
  container,  // an address gives them (ECS, EKS Pod Identity)
  instance,  // the metadata service of the instance we run on
};

struct CredentialsSource {
  CredentialsKind kind = CredentialsKind::instance;
  Credentials keys;
  std::string role_arn, token_file, session_name;  // web_identity
  std::string command;  // process
  std::string sso_cache_file, sso_region, sso_account, sso_role;  // sso
  std::string url, authorization, authorization_file;  // container; url: instance, too
};

struct AssumedRole {
  std::string role_arn, external_id, session_name;
};

struct CredentialsPlan {
  CredentialsSource source;
  std::vector<AssumedRole> roles;  // taken one after the other with what the one before gave
  std::string region;  // of the environment or the profile; may be empty
  std::string found_in;  // for people: "the environment", "profile 'work'"
};

using ProfileValues = std::map<std::string, std::string>;
using Profiles = std::map<std::string, ProfileValues>;  // "work", "sso-session mine"

// Both files, as texts; the credentials file wins where both say something.
Profiles parse_profiles(std::string_view config_text, std::string_view credentials_text);

struct CredentialsPlace {
  std::function<std::string(const char*)> environment;  // "" when not set
  std::string home;  // the user's, for ~/.aws
  Profiles profiles;
};

core::Result<CredentialsPlan> plan_credentials(const CredentialsPlace& place);

// Where the two shared files are, by the environment.
std::string config_path(const CredentialsPlace& place);
std::string credentials_path(const CredentialsPlace& place);

}  // namespace sky::adapters::aws
