// EC2's and STS's XML answers as values.
//
// Names are matched without their namespaces, errors in any of the envelopes that are seen in the
// wild. Documents with a DOCTYPE are refused: nothing here needs one. Pure; any thread.
// Errors: corrupt, when the text is not the document that was asked for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "adapters/aws/ec2_verdict.h"
#include "adapters/aws/sigv4.h"
#include "core/money.h"
#include "core/result.h"

namespace sky::adapters::aws {

struct Ec2Instance {
  std::string id;
  std::string state;  // "pending", "running", "shutting-down", "terminated", "stopping", "stopped"
  std::string state_reason;  // "Server.SpotInstanceTermination", ... or empty
  std::string state_text;
  std::string zone;
  std::string instance_type;
  std::string public_address;
  std::string private_address;
  std::string client_token;
  std::string launched_at;  // ISO 8601: the order of texts is the order of times
  bool is_spot = false;
  NameValues tags;

  std::string tag(std::string_view key) const;  // "" when absent
};

struct InstancesPage {
  std::vector<Ec2Instance> instances;
  std::string next_token;  // empty: the last page
};

// Of DescribeInstances and of RunInstances.
core::Result<InstancesPage> read_instances(std::string_view xml);

struct SpotRequest {
  std::string id;
  std::string instance_id;
  std::string status;  // "fulfilled", "marked-for-termination", ...
  std::string text;
};
struct SpotRequestsPage {
  std::vector<SpotRequest> requests;
  std::string next_token;
};
core::Result<SpotRequestsPage> read_spot_requests(std::string_view xml);

struct SpotPrice {
  std::string zone;
  std::string instance_type;
  core::Price price;
  std::string since;  // ISO 8601
};
struct SpotPricesPage {
  std::vector<SpotPrice> prices;
  std::string next_token;
};
core::Result<SpotPricesPage> read_spot_prices(std::string_view xml);

struct SecurityGroup {
  std::string id;
  std::string name;
};
core::Result<std::vector<SecurityGroup>> read_security_groups(std::string_view xml);
core::Result<std::string> read_group_id(std::string_view xml);  // of CreateSecurityGroup

struct CallerIdentity {
  std::string account;
  std::string arn;
};
core::Result<CallerIdentity> read_caller(std::string_view xml);
core::Result<Credentials> read_sts_credentials(std::string_view xml);  // of the AssumeRole calls

// The error that an answer tells; its code is empty when the body holds none.
ServiceError read_error(int status, std::string_view body);

}  // namespace sky::adapters::aws
