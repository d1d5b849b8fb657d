#include "adapters/vm/boot_script.h"

#include <fmt/format.h>

#include "adapters/digest.h"
#include "adapters/shell_text.h"
#include "adapters/vm/embedded_files.h"
#include "adapters/vm/join_token.h"

namespace sky::adapters::vm {
namespace {

constexpr const char* container_prefix = "docker:";
constexpr const char* root = "/opt/skyctl";

std::string assignment(const std::string& name, const std::string& value) {
  return name + "=" + shell_quoted(value) + "\n";
}

const char* metadata_word(MetadataService metadata) {
  switch (metadata) {
    case MetadataService::none: break;
    case MetadataService::aws: return "aws";
    case MetadataService::gcp: return "gcp";
  }
  return "none";
}

// What the launcher needs to know.
std::string boot_environment(const core::LaunchInstance& order, const BootSettings& settings,
                             const std::string& image) {
  const bool is_spot = order.offer.is_spot();
  return assignment("ADVERTISE_URL", settings.advertise_url) +
         assignment("DEAD_AFTER", std::to_string(core::whole_seconds(settings.dead_after))) +
         assignment("METADATA", is_spot ? metadata_word(settings.metadata) : "none") +
         assignment("SERVICE_PORT", std::to_string(order.spec.resources.port)) +
         assignment("CONTAINER_IMAGE", image);
}

// What the service gets, as SkyPilot names it.
std::string service_environment(const core::LaunchInstance& order) {
  const std::string port = std::to_string(order.spec.resources.port);
  std::string text = "set -a\n" + assignment("PORT", port);
  for (const auto& [name, value] : order.spec.task.envs) text += assignment(name, value);
  text += assignment("SKYPILOT_SERVE_REPLICA_ID", std::to_string(order.replica.value));
  text += assignment("SKYPILOT_NODE_RANK", "0");
  text += assignment("SKYPILOT_NODE_IPS", "127.0.0.1");
  text += assignment("SKYPILOT_NUM_NODES", "1");
  text += assignment("SKYPILOT_NUM_GPUS_PER_NODE", std::to_string(order.offer.accelerator.count));
  text += assignment("SKYCTL_REPLICA_PORT", port);
  return text;
}

// Runs on the machine or in the container; secrets come last: they win.
std::string serve_script() {
  return "root=$(cd \"$(dirname \"$0\")\" && pwd)\n"
         ". \"$root/env\"\n. \"$root/secrets\"\nset +a\n"
         "shell=sh\nif command -v bash >/dev/null 2>&1; then shell=bash; fi\n"
         "if [ -s \"$root/setup.sh\" ]; then $shell \"$root/setup.sh\" || exit 1; fi\n"
         "exec $shell \"$root/run.sh\"\n";
}

constexpr const char* unit_text =
    "[Unit]\nDescription=skyctl replica\nAfter=network-online.target\nWants=network-online.target\n"
    "[Service]\nExecStart=/bin/sh /opt/skyctl/launch.sh\nKillMode=mixed\n"
    "[Install]\nWantedBy=multi-user.target\n";

std::string file_entry(const std::string& path, const std::string& content) {
  return fmt::format("- path: {}\n  permissions: '0600'\n  encoding: b64\n  content: {}\n", path,
                     base64(content));
}

}  // namespace

bool is_container_image(const std::string& image_id) {
  return image_id.starts_with(container_prefix);
}

core::Result<std::string> boot_script(const core::LaunchInstance& order,
                                      const BootSettings& settings, std::size_t max_bytes) {
  if (!order.spec.task.workdir.empty())
    return core::Error{core::ErrorCode::unsupported,
                       "workdir: a folder of this machine does not reach machines of a cloud; put "
                       "the files into an image, or fetch them in setup"};
  std::string image;
  for (const core::ResourceRequest& choice : order.spec.resources.choices)
    if (is_container_image(choice.image_id) && image.empty())
      image = choice.image_id.substr(std::string(container_prefix).size());
  const auto in_root = [](const char* name) { return fmt::format("{}/{}", root, name); };
  std::string text = "#cloud-config\nwrite_files:\n";
  text += file_entry(in_root("boot.env"), boot_environment(order, settings, image));
  text += file_entry(in_root("env"), service_environment(order));
  text += file_entry(in_root("setup.sh"), order.spec.task.setup);
  text += file_entry(in_root("run.sh"), order.spec.task.run);
  text += file_entry(in_root("serve.sh"), serve_script());
  text += file_entry(in_root("launch.sh"), std::string(launcher_text()));
  if (!settings.advertise_url.empty())
    text += file_entry(in_root("join"),
                       "Authorization: Bearer " +
                           make_token(settings.join_key, TokenUse::join, claim_of(order)) + "\n");
  text += file_entry("/etc/systemd/system/skyctl-replica.service", unit_text);
  text +=
      "runcmd:\n- [systemctl, daemon-reload]\n"
      "- [systemctl, start, --no-block, skyctl-replica.service]\n";
  if (text.size() > max_bytes)
    return core::Error{
        core::ErrorCode::invalid_input,
        fmt::format(
            "setup, run and envs make {} bytes of user data, and this cloud takes {}: fetch "
            "a script in setup instead of writing it out",
            text.size(), max_bytes)};
  return text;
}

}  // namespace sky::adapters::vm
