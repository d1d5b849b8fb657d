// What EC2 and STS are asked, as the forms that their query APIs take.
//
// Each function makes the parameters of one call; the names are those of the wire (a list's members
// are NAME.1, NAME.2, ...). Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "adapters/aws/sigv4.h"
#include "adapters/vm/replica_mark.h"
#include "core/effect.h"

namespace sky::adapters::aws {

// "Action=...&Version=..." as a form.
std::string form_of(const NameValues& parameters);

inline constexpr const char* ec2_version = "2016-11-15";
inline constexpr const char* sts_version = "2011-06-15";
inline constexpr std::size_t max_user_data_bytes = 16 * 1024;  // before base64

// What a region's machines are made of, apart from the order.
struct LaunchTerms {
  std::string image_id;
  std::string security_group_id;
  std::string subnet_id;  // empty: the default one of the zone
  std::string instance_profile;  // empty: machines get no rights
  std::string key_name;  // empty: nobody can log in
};

NameValues run_instances(const core::LaunchInstance& order, const vm::ReplicaMark& mark,
                         const std::string& user_data, const LaunchTerms& terms);
NameValues run_instances_dry(const core::LaunchInstance& order, const vm::ReplicaMark& mark,
                             const LaunchTerms& terms);

// All machines of a log; `page` is the token of the page before, or empty.
NameValues describe_instances(const core::LogId& log_id, const std::string& page);
NameValues describe_by_client_token(const std::string& client_token);
NameValues terminate_instance(const std::string& instance_id);
NameValues describe_spot_requests(const core::LogId& log_id, const std::string& page);
// Prices of now, of machines that run Linux.
NameValues describe_spot_prices(const std::vector<std::string>& instance_types,
                                const std::string& start_time, const std::string& page);

NameValues create_security_group(const std::string& name, const core::LogId& log_id,
                                 const std::string& vpc_id);
NameValues find_security_group(const std::string& name, const std::string& vpc_id);
// Lets these addresses ("203.0.113.7/32") reach that port, and nobody else any.
NameValues authorize_ingress(const std::string& group_id, std::uint16_t port,
                             const std::vector<std::string>& sources);
NameValues list_security_groups(const core::LogId& log_id);
NameValues delete_security_group(const std::string& group_id);

NameValues get_caller_identity();
NameValues assume_role(const std::string& role_arn, const std::string& session_name,
                       const std::string& external_id);
NameValues assume_role_with_web_identity(const std::string& role_arn,
                                         const std::string& session_name, const std::string& token);

// At most 64 ASCII letters; the same launch, the same token.
std::string client_token(const vm::ReplicaMark& mark);

}  // namespace sky::adapters::aws
