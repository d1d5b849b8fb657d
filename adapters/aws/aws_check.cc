#include "adapters/aws/aws_check.h"

#include <fmt/format.h>

#include <memory>

#include "adapters/aws/aws_provider.h"
#include "adapters/aws/ec2_answer.h"
#include "adapters/aws/ec2_request.h"

namespace sky::adapters::aws {
namespace {

using Grade = Finding::Grade;

struct Check {
  AwsClient& client;
  AwsSettings settings;
  CheckDone done;
  std::vector<Finding> findings;
  std::size_t open = 0;

  void part_done() {
    if (--open == 0) done(std::move(findings));
  }
};
using SharedCheck = std::shared_ptr<Check>;

// The order of a small machine, as a service would make it.
core::LaunchInstance sample_order(const std::string& region) {
  core::LaunchInstance order;
  order.service = "check";
  order.replica = {1};
  order.attempt = 1;
  order.token = "check";
  order.offer.place = {"aws", region, ""};
  order.offer.instance_type = "m6i.large";
  order.offer.market = core::Market::spot;
  order.spec.resources.choices.emplace_back();
  order.spec.resources.choices.back().disk_size_gb = 8;
  return order;
}

Finding finding_of(const std::string& what, const core::Failure& failure) {
  const bool is_policy = failure.kind == core::FailureKind::forbidden;
  return {Grade::missing, what + ": " + failure.text,
          is_policy ? "grant this policy:\n" + least_policy() : std::string()};
}

void ask(const SharedCheck& check, const std::string& region, NameValues call,
         const std::string& what) {
  ++check->open;
  check->client.call({region, "ec2"}, call, CallEffect::reads,
                     [check, what](const AwsAnswer& answer) {
                       if (answer.failure && !is_dry_run_success(answer.error.code))
                         check->findings.push_back(finding_of(what, *answer.failure));
                       else
                         check->findings.push_back({Grade::good, what + ": allowed", {}});
                       check->part_done();
                     });
}

NameValues dry_order(const SharedCheck& check, const std::string& region) {
  const core::LaunchInstance order = sample_order(region);
  LaunchTerms terms;
  const auto named = check->settings.images.find(region);
  const auto any = check->settings.images.find("");
  terms.image_id = named != check->settings.images.end() ? named->second
                   : any != check->settings.images.end() ? any->second
                                                         : default_image(order.offer);
  terms.instance_profile = check->settings.instance_profile;
  NameValues call = run_instances_dry(
      order, vm::mark_of(order, check->settings.log_id.empty() ? "check" : check->settings.log_id),
      terms);
  std::erase_if(call, [](const auto& one) {
    return one.first == "Placement.AvailabilityZone" || one.first == "ClientToken";
  });
  return call;
}

void ask_permissions(const SharedCheck& check) {
  for (const std::string& region : check->settings.regions)
    ask(check, region, describe_instances("check", ""), "list machines in " + region);
  const std::string& region = check->settings.regions.front();
  ask(check, region, describe_spot_requests("check", ""), "see notices in " + region);
  ask(check, region, list_security_groups("check"), "see firewalls in " + region);
  ask(check, region, dry_order(check, region), "launch a spot machine in " + region);
}

}  // namespace

void check_account(AwsClient& client, const AwsSettings& settings, CheckDone done) {
  auto check = std::make_shared<Check>(Check{client, settings, std::move(done), {}, 1});
  const std::string region = settings.regions.front();
  client.call({region, "sts"}, get_caller_identity(), CallEffect::reads,
              [check](const AwsAnswer& answer) {
                if (answer.failure) {  // whoever we are not may do nothing
                  check->findings.push_back(finding_of("credentials", *answer.failure));
                  return check->part_done();
                }
                const auto caller = read_caller(answer.body);
                const std::string who = caller ? caller->arn : caller.error().text;
                check->findings.push_back({Grade::good, "credentials: " + who, {}});
                if (check->settings.sources.empty())
                  check->findings.push_back(
                      {Grade::missing, "the addresses that the endpoint's requests come from",
                       "skyctl: {machines: {sources: [ADDRESS/32]}}   # in config.yaml"});
                ask_permissions(check);
                check->part_done();
              });
}

std::string least_policy() {
  return R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Resource": "*", "Action": [
      "ec2:DescribeInstances", "ec2:DescribeSpotInstanceRequests", "ec2:DescribeSpotPriceHistory",
      "ec2:DescribeSecurityGroups", "ssm:GetParameters"]},
    {"Effect": "Allow", "Resource": "*", "Action": ["ec2:RunInstances", "ec2:CreateSecurityGroup"]},
    {"Effect": "Allow", "Resource": "arn:aws:ec2:*:*:*/*", "Action": "ec2:CreateTags",
     "Condition": {"StringEquals": {"ec2:CreateAction": ["RunInstances", "CreateSecurityGroup"]}}},
    {"Effect": "Allow", "Resource": "*", "Action": [
      "ec2:TerminateInstances", "ec2:AuthorizeSecurityGroupIngress", "ec2:DeleteSecurityGroup"],
     "Condition": {"StringLike": {"aws:ResourceTag/skyctl-log": "*"}}},
    {"Effect": "Allow", "Action": "iam:CreateServiceLinkedRole",
     "Resource": "arn:aws:iam::*:role/aws-service-role/spot.amazonaws.com/*",
     "Condition": {"StringEquals": {"iam:AWSServiceName": "spot.amazonaws.com"}}}
  ]
})";
}

}  // namespace sky::adapters::aws
