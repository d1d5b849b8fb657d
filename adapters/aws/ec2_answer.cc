#include "adapters/aws/ec2_answer.h"

#include <cstring>
#include <pugixml.hpp>

#include "adapters/utc_time.h"
#include "adapters/vm/offer_catalog.h"

namespace sky::adapters::aws {
namespace {

core::Error unexpected(const std::string& what) {
  return {core::ErrorCode::corrupt, "the answer is not what was asked for: " + what};
}

// Without a DOCTYPE there are no entities but the five of XML itself.
core::Result<pugi::xml_document> parse(std::string_view xml) {
  pugi::xml_document document;
  const auto result = document.load_buffer(xml.data(), xml.size(), pugi::parse_default);
  if (!result) return unexpected(result.description());
  if (xml.substr(0, 1024).find("<!DOCTYPE") != std::string_view::npos)
    return unexpected("it has a DOCTYPE");
  return document;
}

const char* local_name(const pugi::xml_node& node) {
  const char* colon = std::strrchr(node.name(), ':');
  return colon == nullptr ? node.name() : colon + 1;
}

pugi::xml_node child(const pugi::xml_node& parent, const char* name) {
  return parent.find_child(
      [&](const pugi::xml_node& node) { return std::strcmp(local_name(node), name) == 0; });
}

pugi::xml_node anywhere(const pugi::xml_node& root, const char* name) {
  return root.find_node(
      [&](const pugi::xml_node& node) { return std::strcmp(local_name(node), name) == 0; });
}

std::string text_of(const pugi::xml_node& parent, const char* name) {
  return child(parent, name).child_value();
}

// The root element, which must be one of the answers that were asked for.
core::Result<pugi::xml_node> root_of(const pugi::xml_document& document, const char* what) {
  const pugi::xml_node root = document.document_element();
  if (std::strcmp(local_name(root), what) != 0)
    return unexpected(std::string(what) + " expected, got <" + root.name() + ">");
  return root;
}

template <class Read>
void each_item(const pugi::xml_node& set, Read read) {
  for (const pugi::xml_node& item : set.children())
    if (std::strcmp(local_name(item), "item") == 0) read(item);
}

Ec2Instance read_instance(const pugi::xml_node& item) {
  Ec2Instance instance;
  instance.id = text_of(item, "instanceId");
  instance.state = text_of(child(item, "instanceState"), "name");
  instance.state_reason = text_of(child(item, "stateReason"), "code");
  instance.state_text = text_of(child(item, "stateReason"), "message");
  instance.zone = text_of(child(item, "placement"), "availabilityZone");
  instance.instance_type = text_of(item, "instanceType");
  instance.public_address = text_of(item, "ipAddress");
  instance.private_address = text_of(item, "privateIpAddress");
  instance.client_token = text_of(item, "clientToken");
  instance.launched_at = text_of(item, "launchTime");
  instance.is_spot = text_of(item, "instanceLifecycle") == "spot";
  each_item(child(item, "tagSet"), [&](const pugi::xml_node& tag) {
    instance.tags.emplace_back(text_of(tag, "key"), text_of(tag, "value"));
  });
  return instance;
}

}  // namespace

std::string Ec2Instance::tag(std::string_view key) const {
  for (const auto& [name, value] : tags)
    if (name == key) return value;
  return {};
}

core::Result<InstancesPage> read_instances(std::string_view xml) {
  const auto document = parse(xml);
  if (!document) return document.error();
  const pugi::xml_node root = document->document_element();
  InstancesPage page;
  if (std::strcmp(local_name(root), "RunInstancesResponse") == 0) {
    each_item(child(root, "instancesSet"),
              [&](const pugi::xml_node& item) { page.instances.push_back(read_instance(item)); });
    return page;
  }
  if (auto described = root_of(*document, "DescribeInstancesResponse"); !described)
    return described.error();
  each_item(child(root, "reservationSet"), [&](const pugi::xml_node& reservation) {
    each_item(child(reservation, "instancesSet"),
              [&](const pugi::xml_node& item) { page.instances.push_back(read_instance(item)); });
  });
  page.next_token = text_of(root, "nextToken");
  return page;
}

core::Result<SpotRequestsPage> read_spot_requests(std::string_view xml) {
  const auto document = parse(xml);
  if (!document) return document.error();
  const auto root = root_of(*document, "DescribeSpotInstanceRequestsResponse");
  if (!root) return root.error();
  SpotRequestsPage page;
  each_item(child(*root, "spotInstanceRequestSet"), [&](const pugi::xml_node& item) {
    page.requests.push_back({text_of(item, "spotInstanceRequestId"), text_of(item, "instanceId"),
                             text_of(child(item, "status"), "code"),
                             text_of(child(item, "status"), "message")});
  });
  page.next_token = text_of(*root, "nextToken");
  return page;
}

core::Result<SpotPricesPage> read_spot_prices(std::string_view xml) {
  const auto document = parse(xml);
  if (!document) return document.error();
  const auto root = root_of(*document, "DescribeSpotPriceHistoryResponse");
  if (!root) return root.error();
  SpotPricesPage page;
  each_item(child(*root, "spotPriceHistorySet"), [&](const pugi::xml_node& item) {
    const auto price = vm::read_price(text_of(item, "spotPrice"));
    if (price)
      page.prices.push_back({text_of(item, "availabilityZone"), text_of(item, "instanceType"),
                             *price, text_of(item, "timestamp")});
  });
  page.next_token = text_of(*root, "nextToken");
  return page;
}

core::Result<std::vector<SecurityGroup>> read_security_groups(std::string_view xml) {
  const auto document = parse(xml);
  if (!document) return document.error();
  const auto root = root_of(*document, "DescribeSecurityGroupsResponse");
  if (!root) return root.error();
  std::vector<SecurityGroup> groups;
  each_item(child(*root, "securityGroupInfo"), [&](const pugi::xml_node& item) {
    groups.push_back({text_of(item, "groupId"), text_of(item, "groupName")});
  });
  return groups;
}

core::Result<std::string> read_group_id(std::string_view xml) {
  const auto document = parse(xml);
  if (!document) return document.error();
  const auto root = root_of(*document, "CreateSecurityGroupResponse");
  if (!root) return root.error();
  const std::string id = text_of(*root, "groupId");
  if (id.empty()) return unexpected("a security group without an id");
  return id;
}

core::Result<CallerIdentity> read_caller(std::string_view xml) {
  const auto document = parse(xml);
  if (!document) return document.error();
  const pugi::xml_node result = anywhere(*document, "GetCallerIdentityResult");
  CallerIdentity caller{text_of(result, "Account"), text_of(result, "Arn")};
  if (caller.account.empty()) return unexpected("a caller without an account");
  return caller;
}

core::Result<Credentials> read_sts_credentials(std::string_view xml) {
  const auto document = parse(xml);
  if (!document) return document.error();
  const pugi::xml_node node = anywhere(*document, "Credentials");
  Credentials credentials{text_of(node, "AccessKeyId"),
                          text_of(node, "SecretAccessKey"),
                          text_of(node, "SessionToken"),
                          {}};
  const auto expires = read_iso_time(text_of(node, "Expiration"));
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty() || !expires)
    return unexpected("no credentials in it");
  credentials.expires = *expires;
  return credentials;
}

ServiceError read_error(int status, std::string_view body) {
  ServiceError error;
  error.status = status;
  const auto document = parse(body);
  if (!document) return error;
  const pugi::xml_node code = anywhere(*document, "Code");
  error.code = code.child_value();
  error.message = text_of(code.parent(), "Message");
  pugi::xml_node request_id = anywhere(*document, "RequestID");
  if (!request_id) request_id = anywhere(*document, "RequestId");
  error.request_id = request_id.child_value();
  return error;
}

}  // namespace sky::adapters::aws
