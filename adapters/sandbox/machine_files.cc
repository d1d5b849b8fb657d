#include "adapters/sandbox/machine_files.h"

#include <iterator>

#include "adapters/durable_file.h"
#include "adapters/json.h"

namespace sky::adapters::sandbox {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr const char* phase_names[] = {"unknown", "provisioning", "running",   "started",
                                       "ended",   "preempted",    "terminated"};

void write_pairs(JsonWriter& writer, const Pairs& pairs) {
  writer.begin_array();
  for (const auto& [name, value] : pairs) writer.begin_array().text(name).text(value).end_array();
  writer.end_array();
}

Pairs read_pairs(const JsonView& view) {
  Pairs pairs;
  for (std::size_t i = 0; i < view.size(); ++i) {
    pairs.emplace_back(view.at(i).at(std::size_t{0}).text_or(""),
                       view.at(i).at(std::size_t{1}).text_or(""));
  }
  return pairs;
}

template <class Number>
Number number_at(const JsonView& view, std::string_view key) {
  return static_cast<Number>(view.at(key).integer_or(0));
}

void write_offer(JsonWriter& writer, const core::Offer& offer) {
  writer.key("offer")
      .begin_object()
      .member("cloud", offer.place.cloud)
      .member("region", offer.place.region)
      .member("zone", offer.place.zone)
      .member("instance_type", offer.instance_type)
      .member("spot", offer.is_spot())
      .member("accelerator", offer.accelerator.name)
      .member("accelerator_count", offer.accelerator.count)
      .member("vcpus", offer.vcpus)
      .member("memory_mib", offer.memory_mib)
      .end_object();
}

core::Offer read_offer(const JsonView& view) {
  core::Offer offer;
  offer.place = {view.at("cloud").text_or(""), view.at("region").text_or(""),
                 view.at("zone").text_or("")};
  offer.instance_type = view.at("instance_type").text_or("");
  offer.market = view.at("spot").boolean_or(false) ? core::Market::spot : core::Market::on_demand;
  offer.accelerator = {view.at("accelerator").text_or(""),
                       number_at<std::uint32_t>(view, "accelerator_count")};
  offer.vcpus = number_at<std::uint32_t>(view, "vcpus");
  offer.memory_mib = number_at<std::uint32_t>(view, "memory_mib");
  return offer;
}

core::Result<JsonValue> read_json(const std::filesystem::path& path) {
  const auto text = read_file(path);
  if (!text) return text.error();
  auto value = parse_json(*text);
  if (!value) return core::Error{core::ErrorCode::corrupt, path.string() + " is damaged"};
  return value;
}

core::WallTime wall_at(const JsonView& view, std::string_view key) {
  return core::WallTime(core::Duration(view.at(key).integer_or(0)));
}

}  // namespace

const char* to_text(MachinePhase phase) { return phase_names[static_cast<std::size_t>(phase)]; }

bool is_over(MachinePhase phase) {
  return phase == MachinePhase::ended || phase == MachinePhase::preempted ||
         phase == MachinePhase::terminated;
}

std::filesystem::path order_file(const std::filesystem::path& directory) {
  return directory / "order.json";
}
std::filesystem::path state_file(const std::filesystem::path& directory) {
  return directory / "state.json";
}
std::filesystem::path notice_file(const std::filesystem::path& directory) {
  return directory / "notice.json";
}
std::filesystem::path terminate_file(const std::filesystem::path& directory) {
  return directory / "terminate";
}
std::filesystem::path lock_file(const std::filesystem::path& directory) {
  return directory / "lock";
}

core::Result<void> write_order(const std::filesystem::path& directory, const MachineOrder& order) {
  JsonWriter writer;
  writer.begin_object()
      .member("service", order.service)
      .member("replica", order.replica.value)
      .member("attempt", order.attempt)
      .member("token", order.token);
  write_offer(writer, order.offer);
  writer.member("node", order.node)
      .member("service_port", std::uint32_t{order.service_port})
      .member("setup", order.setup)
      .member("run", order.run)
      .member("workdir", order.workdir)
      .member("ordered_at_us", order.ordered_at.time_since_epoch().count())
      .member("provisioning_us", order.provisioning.count())
      .member("notice_us", order.notice.count())
      .member("grace_us", order.grace.count())
      .member("log", order.log.string())
      .key("envs");
  write_pairs(writer, order.envs);
  writer.end_object();
  return write_file_durably(order_file(directory), writer.str());
}

core::Result<MachineOrder> read_order(const std::filesystem::path& directory) {
  const auto document = read_json(order_file(directory));
  if (!document) return document.error();
  const JsonView root(*document);
  MachineOrder order;
  const auto token = root.at("token").as_text();
  if (!token) return core::Error{core::ErrorCode::corrupt, token.error().text};
  order.token = *token;
  order.service = root.at("service").text_or("");
  order.replica = {number_at<std::uint32_t>(root, "replica")};
  order.attempt = number_at<std::uint32_t>(root, "attempt");
  order.offer = read_offer(root.at("offer"));
  order.node = number_at<std::uint32_t>(root, "node");
  order.service_port = number_at<std::uint16_t>(root, "service_port");
  order.setup = root.at("setup").text_or("");
  order.run = root.at("run").text_or("");
  order.workdir = root.at("workdir").text_or("");
  order.ordered_at = wall_at(root, "ordered_at_us");
  order.provisioning = core::Duration(root.at("provisioning_us").integer_or(0));
  order.notice = core::Duration(root.at("notice_us").integer_or(0));
  order.grace = core::Duration(root.at("grace_us").integer_or(0));
  order.log = root.at("log").text_or("");
  order.envs = read_pairs(root.at("envs"));
  return order;
}

core::Result<void> write_state(const std::filesystem::path& directory, const MachineState& state) {
  JsonWriter writer;
  writer.begin_object()
      .member("phase", to_text(state.phase))
      .member("pid", std::int64_t{state.process.pid})
      .member("start_ticks", state.process.start_ticks)
      .member("boot_id", state.process.boot_id)
      .member("port", std::uint32_t{state.port})
      .member("text", state.text)
      .end_object();
  return write_file_atomically(state_file(directory), writer.str());
}

core::Result<MachineState> read_state(const std::filesystem::path& directory) {
  const auto document = read_json(state_file(directory));
  if (!document) return document.error();
  const JsonView root(*document);
  MachineState state;
  const std::string phase = root.at("phase").text_or("");
  for (std::size_t i = 0; i < std::size(phase_names); ++i) {
    if (phase == phase_names[i]) state.phase = static_cast<MachinePhase>(i);
  }
  state.process = {number_at<pid_t>(root, "pid"), number_at<std::uint64_t>(root, "start_ticks"),
                   root.at("boot_id").text_or("")};
  state.port = number_at<std::uint16_t>(root, "port");
  state.text = root.at("text").text_or("");
  return state;
}

core::Result<void> write_notice(const std::filesystem::path& directory,
                                const MachineNotice& notice) {
  JsonWriter writer;
  writer.begin_object()
      .member("deadline_us", notice.deadline.time_since_epoch().count())
      .member("text", notice.text)
      .end_object();
  return write_file_durably(notice_file(directory), writer.str());
}

core::Result<MachineNotice> read_notice(const std::filesystem::path& directory) {
  const auto document = read_json(notice_file(directory));
  if (!document) return document.error();
  const JsonView root(*document);
  return MachineNotice{wall_at(root, "deadline_us"), root.at("text").text_or("")};
}

core::Result<void> write_secrets(const std::filesystem::path& directory, const Secrets& secrets) {
  JsonWriter writer;
  write_pairs(writer, secrets);
  return write_file_atomically(directory / "secrets.json", writer.str());
}

Secrets take_secrets(const std::filesystem::path& directory) {
  const auto path = directory / "secrets.json";
  const auto document = read_json(path);
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  return document ? read_pairs(JsonView(*document)) : Secrets{};
}

}  // namespace sky::adapters::sandbox
