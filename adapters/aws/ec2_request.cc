#include "adapters/aws/ec2_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/digest.h"
#include "adapters/percent_code.h"

namespace sky::adapters::aws {
namespace {

constexpr const char* page_size = "1000";

NameValues call(const char* action, const char* version = ec2_version) {
  return {{"Action", action}, {"Version", version}};
}

void add_filter(NameValues& call, int number, const std::string& name,
                const std::vector<std::string>& values) {
  call.emplace_back(fmt::format("Filter.{}.Name", number), name);
  for (std::size_t i = 0; i < values.size(); ++i)
    call.emplace_back(fmt::format("Filter.{}.Value.{}", number, i + 1), values[i]);
}

void add_tags(NameValues& call, int number, const char* resource, const vm::Marks& tags,
              const std::string& name) {
  const std::string prefix = fmt::format("TagSpecification.{}.", number);
  call.emplace_back(prefix + "ResourceType", resource);
  vm::Marks all = tags;
  if (!name.empty()) all.emplace_back("Name", name);
  for (std::size_t i = 0; i < all.size(); ++i) {
    call.emplace_back(fmt::format("{}Tag.{}.Key", prefix, i + 1), all[i].first);
    call.emplace_back(fmt::format("{}Tag.{}.Value", prefix, i + 1), all[i].second);
  }
}

std::uint32_t disk_size(const core::LaunchInstance& order) {
  std::uint32_t size = 0;
  for (const core::ResourceRequest& choice : order.spec.resources.choices)
    size = std::max(size, choice.disk_size_gb);
  return size;
}

void add_network(NameValues& call, const LaunchTerms& terms) {
  if (terms.subnet_id.empty()) {
    if (!terms.security_group_id.empty())
      call.emplace_back("SecurityGroupId.1", terms.security_group_id);
    return;
  }
  call.emplace_back("NetworkInterface.1.DeviceIndex", "0");
  call.emplace_back("NetworkInterface.1.SubnetId", terms.subnet_id);
  call.emplace_back("NetworkInterface.1.AssociatePublicIpAddress", "true");
  call.emplace_back("NetworkInterface.1.DeleteOnTermination", "true");
  if (!terms.security_group_id.empty())
    call.emplace_back("NetworkInterface.1.SecurityGroupId.1", terms.security_group_id);
}

void add_page(NameValues& call, const std::string& page) {
  call.emplace_back("MaxResults", page_size);
  if (!page.empty()) call.emplace_back("NextToken", page);
}

}  // namespace

std::string form_of(const NameValues& parameters) {
  std::string out;
  for (const auto& [name, value] : parameters)
    out += (out.empty() ? "" : "&") + percent_encoded(name) + "=" + percent_encoded(value);
  return out;
}

NameValues run_instances(const core::LaunchInstance& order, const vm::ReplicaMark& mark,
                         const std::string& user_data, const LaunchTerms& terms) {
  NameValues out = call("RunInstances");
  out.emplace_back("ImageId", terms.image_id);
  out.emplace_back("InstanceType", order.offer.instance_type);
  out.emplace_back("MinCount", "1");
  out.emplace_back("MaxCount", "1");
  out.emplace_back("ClientToken", client_token(mark));
  out.emplace_back("Placement.AvailabilityZone", order.offer.place.zone);
  add_network(out, terms);
  if (!terms.instance_profile.empty())
    out.emplace_back("IamInstanceProfile.Name", terms.instance_profile);
  if (!terms.key_name.empty()) out.emplace_back("KeyName", terms.key_name);
  out.emplace_back("BlockDeviceMapping.1.DeviceName", "/dev/sda1");
  out.emplace_back("BlockDeviceMapping.1.Ebs.VolumeSize", std::to_string(disk_size(order)));
  out.emplace_back("BlockDeviceMapping.1.Ebs.VolumeType", "gp3");
  out.emplace_back("BlockDeviceMapping.1.Ebs.DeleteOnTermination", "true");
  if (!user_data.empty()) out.emplace_back("UserData", base64(user_data));
  // The launcher ends a machine by shutting it down; containers cannot reach the metadata.
  out.emplace_back("InstanceInitiatedShutdownBehavior", "terminate");
  out.emplace_back("MetadataOptions.HttpTokens", "required");
  out.emplace_back("MetadataOptions.HttpPutResponseHopLimit", "1");
  vm::Marks tags = to_marks(mark);
  for (const core::ResourceRequest& choice : order.spec.resources.choices)
    for (const auto& label : choice.labels)
      if (!label.first.starts_with("skyctl-")) tags.push_back(label);
  std::sort(tags.begin(), tags.end());
  tags.erase(std::unique(tags.begin(), tags.end(),
                         [](const auto& a, const auto& b) { return a.first == b.first; }),
             tags.end());
  add_tags(out, 1, "instance", tags, machine_name(mark));
  add_tags(out, 2, "volume", {{vm::log_mark, mark.log_id}}, machine_name(mark));
  if (order.offer.is_spot()) {
    // No MaxPrice: it only adds interruptions, says AWS.
    out.emplace_back("InstanceMarketOptions.MarketType", "spot");
    out.emplace_back("InstanceMarketOptions.SpotOptions.SpotInstanceType", "one-time");
    out.emplace_back("InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior", "terminate");
    add_tags(out, 3, "spot-instances-request", {{vm::log_mark, mark.log_id}}, "");
  }
  return out;
}

NameValues run_instances_dry(const core::LaunchInstance& order, const vm::ReplicaMark& mark,
                             const LaunchTerms& terms) {
  NameValues out = run_instances(order, mark, "", terms);
  out.emplace_back("DryRun", "true");
  return out;
}

NameValues describe_instances(const core::LogId& log_id, const std::string& page) {
  NameValues out = call("DescribeInstances");
  add_filter(out, 1, std::string("tag:") + vm::log_mark, {log_id});
  add_page(out, page);
  return out;
}

NameValues describe_by_client_token(const std::string& token) {
  NameValues out = call("DescribeInstances");
  add_filter(out, 1, "client-token", {token});
  return out;
}

NameValues terminate_instance(const std::string& instance_id) {
  NameValues out = call("TerminateInstances");
  out.emplace_back("InstanceId.1", instance_id);
  return out;
}

NameValues describe_spot_requests(const core::LogId& log_id, const std::string& page) {
  NameValues out = call("DescribeSpotInstanceRequests");
  add_filter(out, 1, std::string("tag:") + vm::log_mark, {log_id});
  add_filter(out, 2, "state", {"active", "closed"});
  add_page(out, page);
  return out;
}

NameValues describe_spot_prices(const std::vector<std::string>& instance_types,
                                const std::string& start_time, const std::string& page) {
  NameValues out = call("DescribeSpotPriceHistory");
  for (std::size_t i = 0; i < instance_types.size(); ++i)
    out.emplace_back(fmt::format("InstanceType.{}", i + 1), instance_types[i]);
  out.emplace_back("ProductDescription.1", "Linux/UNIX");
  out.emplace_back("StartTime", start_time);
  add_page(out, page);
  return out;
}

NameValues create_security_group(const std::string& name, const core::LogId& log_id,
                                 const std::string& vpc_id) {
  NameValues out = call("CreateSecurityGroup");
  out.emplace_back("GroupName", name);
  out.emplace_back("GroupDescription", "replicas of a service of skyctl: its endpoint may come in");
  if (!vpc_id.empty()) out.emplace_back("VpcId", vpc_id);
  add_tags(out, 1, "security-group", {{vm::log_mark, log_id}}, name);
  return out;
}

NameValues find_security_group(const std::string& name, const std::string& vpc_id) {
  NameValues out = call("DescribeSecurityGroups");
  add_filter(out, 1, "group-name", {name});
  if (!vpc_id.empty()) add_filter(out, 2, "vpc-id", {vpc_id});
  return out;
}

NameValues authorize_ingress(const std::string& group_id, std::uint16_t port,
                             const std::vector<std::string>& sources) {
  NameValues out = call("AuthorizeSecurityGroupIngress");
  out.emplace_back("GroupId", group_id);
  out.emplace_back("IpPermissions.1.IpProtocol", "tcp");
  out.emplace_back("IpPermissions.1.FromPort", std::to_string(port));
  out.emplace_back("IpPermissions.1.ToPort", std::to_string(port));
  int v4_count = 0, v6_count = 0;
  for (const std::string& source : sources) {
    const bool is_v6 = source.find(':') != std::string::npos;
    out.emplace_back(is_v6 ? fmt::format("IpPermissions.1.Ipv6Ranges.{}.CidrIpv6", ++v6_count)
                           : fmt::format("IpPermissions.1.IpRanges.{}.CidrIp", ++v4_count),
                     source);
  }
  return out;
}

NameValues list_security_groups(const core::LogId& log_id) {
  NameValues out = call("DescribeSecurityGroups");
  add_filter(out, 1, std::string("tag:") + vm::log_mark, {log_id});
  return out;
}

NameValues delete_security_group(const std::string& group_id) {
  NameValues out = call("DeleteSecurityGroup");
  out.emplace_back("GroupId", group_id);
  return out;
}

NameValues get_caller_identity() { return call("GetCallerIdentity", sts_version); }

NameValues assume_role(const std::string& role_arn, const std::string& session_name,
                       const std::string& external_id) {
  NameValues out = call("AssumeRole", sts_version);
  out.emplace_back("RoleArn", role_arn);
  out.emplace_back("RoleSessionName", session_name);
  if (!external_id.empty()) out.emplace_back("ExternalId", external_id);
  return out;
}

NameValues assume_role_with_web_identity(const std::string& role_arn,
                                         const std::string& session_name,
                                         const std::string& token) {
  NameValues out = call("AssumeRoleWithWebIdentity", sts_version);
  out.emplace_back("RoleArn", role_arn);
  out.emplace_back("RoleSessionName", session_name);
  out.emplace_back("WebIdentityToken", token);
  return out;
}

std::string client_token(const vm::ReplicaMark& mark) {
  return "skyctl-" + mark.token.substr(0, 48);  // derived from log and intent: core/token.h
}

}  // namespace sky::adapters::aws
