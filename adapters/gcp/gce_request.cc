#include "adapters/gcp/gce_request.h"

#include <algorithm>

#include "adapters/json.h"
#include "adapters/percent_code.h"
#include "adapters/vm/boot_script.h"

namespace sky::adapters::gcp {
namespace {

constexpr const char* page_size = "500";

std::string paged(std::string path, const std::string& page) {
  path += std::string("&maxResults=") + page_size;
  return page.empty() ? path : path + "&pageToken=" + percent_encoded(page);
}

std::string lower(std::string text) {
  for (char& letter : text)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter + 32);
  return text;
}

// What the Compute API calls the catalog's accelerators that are ordered apart from the machine.
std::string accelerator_type(const std::string& name) {
  if (name == "T4" || name == "V100" || name == "P100" || name == "P4")
    return "nvidia-tesla-" + lower(name);
  return "nvidia-" + lower(name);
}

// Other families bring their own.
bool orders_accelerators(const core::Offer& offer) {
  return offer.accelerator.count > 0 && offer.instance_type.starts_with("n1-");
}

void write_scheduling(JsonWriter& json, const core::Offer& offer) {
  const bool may_move = !offer.is_spot() && offer.accelerator.count == 0;
  json.key("scheduling").begin_object();
  json.member("provisioningModel", offer.is_spot() ? "SPOT" : "STANDARD");
  json.member("preemptible", offer.is_spot());
  json.member("automaticRestart", false);
  json.member("onHostMaintenance", may_move ? "MIGRATE" : "TERMINATE");
  if (offer.is_spot()) json.member("instanceTerminationAction", "DELETE");
  json.end_object();
}

void write_disk(JsonWriter& json, const core::LaunchInstance& order, const GcpSettings& settings) {
  std::uint32_t size = 0;
  std::string image = settings.image.empty() ? default_image(order.offer) : settings.image;
  for (const core::ResourceRequest& choice : order.spec.resources.choices) {
    size = std::max(size, choice.disk_size_gb);
    if (!choice.image_id.empty() && !vm::is_container_image(choice.image_id))
      image = choice.image_id;
  }
  json.key("disks").begin_array().begin_object();
  json.member("boot", true).member("autoDelete", true).member("type", "PERSISTENT");
  json.member("mode", "READ_WRITE").key("initializeParams").begin_object();
  json.member("sourceImage", image).member("diskSizeGb", std::to_string(size));
  json.end_object().end_object().end_array();
}

void write_network(JsonWriter& json, const GcpSettings& settings) {
  json.key("networkInterfaces").begin_array().begin_object();
  json.member("network", "global/networks/" + settings.network);
  if (!settings.use_private_addresses) {
    json.key("accessConfigs").begin_array().begin_object();
    json.member("type", "ONE_TO_ONE_NAT").member("name", "external-nat");
    json.end_object().end_array();
  }
  json.end_object().end_array();
}

void write_metadata(JsonWriter& json, const vm::ReplicaMark& mark, const std::string& user_data) {
  json.key("metadata").begin_object().key("items").begin_array();
  const auto item = [&](const std::string& key, const std::string& value) {
    json.begin_object().member("key", key).member("value", value).end_object();
  };
  for (const auto& [key, value] : to_marks(mark)) item(key, value);
  item("user-data", user_data);
  item("block-project-ssh-keys", "true");
  json.end_array().end_object();
}

}  // namespace

std::string instances_path(const std::string& zone) { return "zones/" + zone + "/instances"; }

std::string instance_path(const std::string& zone, const std::string& name) {
  return instances_path(zone) + "/" + name;
}

std::string insert_path(const std::string& zone, const std::string& id) {
  return instances_path(zone) + "?requestId=" + id;
}

std::string delete_path(const std::string& zone, const std::string& name) {
  return instance_path(zone, name);
}

std::string all_instances_path(const core::LogId& log_id, const std::string& page) {
  return paged("aggregated/instances?filter=" +
                   percent_encoded(std::string("labels.") + vm::log_mark + "=" + log_id),
               page);
}

std::string preempted_path(const std::string& page) {
  return paged("aggregated/operations?filter=" +
                   percent_encoded("operationType=\"compute.instances.preempted\""),
               page);
}

std::string firewall_path(const std::string& name) { return "global/firewalls/" + name; }

std::string all_firewalls_path() {
  return "global/firewalls?filter=" + percent_encoded("name eq \"skyctl-.*\"");
}

std::string instance_body(const core::LaunchInstance& order, const vm::ReplicaMark& mark,
                          const std::string& user_data, const GcpSettings& settings) {
  const core::Offer& offer = order.offer;
  const std::string zone = "zones/" + offer.place.zone + "/";
  JsonWriter json;
  json.begin_object().member("name", machine_name(mark));
  json.member("machineType", zone + "machineTypes/" + offer.instance_type);
  if (orders_accelerators(offer)) {
    json.key("guestAccelerators").begin_array().begin_object();
    json.member("acceleratorType",
                zone + "acceleratorTypes/" + accelerator_type(offer.accelerator.name));
    json.member("acceleratorCount", offer.accelerator.count).end_object().end_array();
  }
  write_scheduling(json, offer);
  write_disk(json, order, settings);
  write_network(json, settings);
  write_metadata(json, mark, user_data);
  json.key("labels").begin_object();
  json.member(vm::log_mark, mark.log_id).member(vm::token_mark, mark.token).end_object();
  json.key("tags").begin_object().key("items").begin_array();
  json.text(vm::service_resource_name(mark.service, mark.log_id)).end_array().end_object();
  if (!settings.service_account.empty()) {
    json.key("serviceAccounts").begin_array().begin_object();
    json.member("email", settings.service_account).key("scopes").begin_array();
    json.text("https://www.googleapis.com/auth/cloud-platform");
    json.end_array().end_object().end_array();
  }
  return json.end_object().take();
}

std::string firewall_description(const core::LogId& log_id) {
  return "replicas of a service of skyctl; its log is " + log_id;
}

std::string firewall_body(const std::string& name, std::uint16_t port,
                          const GcpSettings& settings) {
  JsonWriter json;
  json.begin_object().member("name", name).member("direction", "INGRESS");
  json.member("description", firewall_description(settings.log_id));
  json.member("network", "global/networks/" + settings.network);
  json.key("sourceRanges").begin_array();
  for (const std::string& source : settings.sources) json.text(source);
  json.end_array().key("targetTags").begin_array().text(name).end_array();
  json.key("allowed").begin_array().begin_object().member("IPProtocol", "tcp");
  json.key("ports").begin_array().text(std::to_string(port)).end_array().end_object().end_array();
  return json.end_object().take();
}

std::string request_id(const std::string& token) {
  std::string digits = token.substr(0, 32);
  digits.resize(32, '0');
  digits[12] = '4';  // version and variant of RFC 4122
  digits[16] = 'a';
  return digits.substr(0, 8) + "-" + digits.substr(8, 4) + "-" + digits.substr(12, 4) + "-" +
         digits.substr(16, 4) + "-" + digits.substr(20);
}

std::string last_part(const std::string& url) { return url.substr(url.rfind('/') + 1); }

std::string default_image(const core::Offer& offer) {
  return offer.accelerator.count > 0
             ? "projects/ubuntu-os-accelerator-images/global/images/family/"
               "ubuntu-accelerator-2204-amd64-with-nvidia-550"
             : "projects/ubuntu-os-cloud/global/images/family/ubuntu-2204-lts";
}

}  // namespace sky::adapters::gcp
