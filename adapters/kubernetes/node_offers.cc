#include "adapters/kubernetes/node_offers.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "adapters/kubernetes/node_labels.h"

namespace sky::adapters::kubernetes {
namespace {

constexpr std::uint32_t smallest_cpus = 1;
constexpr std::uint32_t mib_per_cpu = 4096;
constexpr std::uint32_t mib_per_gib = 1024;

struct Shape {
  bool is_spot = false;
  core::Accelerator accelerator;
  std::uint32_t vcpus = 0;
  std::uint32_t memory_mib = 0;
  auto operator<=>(const Shape&) const = default;
};

bool is_usable(const Node& node) { return node.ready == "True" && !node.is_unschedulable; }

void add_sizes(std::set<Shape>& shapes, Shape shape, const Node& node) {
  const std::uint32_t cpus = node.milli_cpus / 1000;
  const std::uint32_t memory = node.memory_mib / mib_per_gib * mib_per_gib;
  if (cpus == 0 || memory == 0) return;
  for (std::uint32_t size = smallest_cpus; size <= cpus; size *= 2) {
    shape.vcpus = size;
    shape.memory_mib = std::min(size * mib_per_cpu, memory);
    shapes.insert(shape);
  }
  shape.vcpus = cpus;
  shape.memory_mib = memory;
  shapes.insert(shape);
}

std::string type_name(const Shape& shape) {
  std::string name =
      std::to_string(shape.vcpus) + "CPU--" + std::to_string(shape.memory_mib / mib_per_gib) + "GB";
  if (shape.accelerator.count > 0)
    name += "--" + shape.accelerator.name + ":" + std::to_string(shape.accelerator.count);
  return name;
}

}  // namespace

std::vector<core::Offer> node_offers(const std::string& context, const std::vector<Node>& nodes) {
  std::set<Shape> shapes;
  for (const Node& node : nodes) {
    if (!is_usable(node)) continue;
    Shape shape;
    shape.is_spot = is_spot_node(node.labels);
    add_sizes(shapes, shape, node);
    shape.accelerator.name = accelerator_of(node.labels);
    if (shape.accelerator.name.empty()) continue;
    for (std::uint32_t count = 1; count <= node.gpus; count *= 2) {
      shape.accelerator.count = count;
      add_sizes(shapes, shape, node);
    }
    if (node.gpus == 0) continue;
    shape.accelerator.count = node.gpus;
    add_sizes(shapes, shape, node);
  }
  std::vector<core::Offer> offers;
  for (const Shape& shape : shapes) {
    core::Offer offer;
    offer.place = {"kubernetes", context, ""};
    offer.instance_type = type_name(shape);
    offer.market = shape.is_spot ? core::Market::spot : core::Market::on_demand;
    offer.accelerator = shape.accelerator;
    offer.vcpus = shape.vcpus;
    offer.memory_mib = shape.memory_mib;
    offers.push_back(std::move(offer));
  }
  return offers;
}

std::vector<std::string> unnamed_accelerators(const std::vector<Node>& nodes) {
  std::vector<std::string> names;
  for (const Node& node : nodes)
    if (node.gpus > 0 && accelerator_of(node.labels).empty()) names.push_back(node.name);
  return names;
}

}  // namespace sky::adapters::kubernetes
