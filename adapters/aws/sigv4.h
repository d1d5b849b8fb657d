// AWS Signature Version 4: the headers, or the query parameters, that prove who asks.
//
// The formula is AWS's "Create a signed AWS API request"; botocore's signer gives the same bytes
// (test/aws holds its answers). Pure; any thread. The secret key never leaves these functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/time.h"

namespace sky::adapters::aws {

using NameValues = std::vector<std::pair<std::string, std::string>>;

struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  // empty: long-lived keys
  core::WallTime expires;  // the epoch: they do not
};

// What is signed. Names and values of the query are not encoded yet; the path is as it is sent.
struct SignableRequest {
  std::string method = "POST";
  std::string host;  // with its port unless it is the scheme's own
  std::string path = "/";
  NameValues query;
  NameValues headers;  // all of these are signed but those that proxies change on the way
  std::string body;
};

struct SigningScope {
  std::string region;
  std::string service;  // "ec2", "sts"
};

// Headers to send besides the request's own: x-amz-date, x-amz-security-token, authorization.
NameValues signed_headers(const SignableRequest& request, const SigningScope& scope,
                          const Credentials& credentials, core::WallTime now);

// The encoded query of a request that proves itself for that long, signature included.
std::string presigned_query(const SignableRequest& request, const SigningScope& scope,
                            const Credentials& credentials, core::WallTime now,
                            core::Duration valid_for);

// "20261127T024500Z".
std::string amz_date(core::WallTime wall);

}  // namespace sky::adapters::aws
