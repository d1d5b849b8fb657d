// Nodes: what their labels mean, and what they can hold.
#include <boost/test/unit_test.hpp>
#include <set>

#include "adapters/kubernetes/node_labels.h"
#include "adapters/kubernetes/node_offers.h"

namespace sky::adapters::kubernetes {
namespace {

Node node(std::uint32_t cpus, std::uint32_t gib, std::uint32_t gpus,
          std::map<std::string, std::string> labels) {
  Node made;
  made.name = "n";
  made.ready = "True";
  made.milli_cpus = cpus * 1000 - 80;  // what the system keeps
  made.memory_mib = gib * 1024 - 300;
  made.gpus = gpus;
  made.labels = std::move(labels);
  return made;
}

std::vector<std::string> names(const std::vector<core::Offer>& offers) {
  std::vector<std::string> found;
  for (const core::Offer& offer : offers)
    found.push_back(offer.instance_type + (offer.is_spot() ? "[Spot]" : ""));
  return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(kubernetes_nodes)

BOOST_AUTO_TEST_CASE(each_cluster_s_spelling_of_an_accelerator_is_the_catalogs_name) {
  struct Row {
    const char* key;
    const char* value;
    const char* name;
  };
  const Row rows[] = {{"skypilot.co/accelerator", "a100-80gb", "A100-80GB"},
                      {"cloud.google.com/gke-accelerator", "nvidia-tesla-t4", "T4"},
                      {"cloud.google.com/gke-accelerator", "nvidia-l4", "L4"},
                      {"cloud.google.com/gke-accelerator", "nvidia-tesla-a100", "A100"},
                      {"cloud.google.com/gke-accelerator", "nvidia-a100-80gb", "A100-80GB"},
                      {"cloud.google.com/gke-accelerator", "nvidia-h100-mega-80gb", "H100"},
                      {"karpenter.k8s.aws/instance-gpu-name", "a10g", "A10G"},
                      {"karpenter.k8s.aws/instance-gpu-name", "l40s", "L40S"},
                      {"nvidia.com/gpu.product", "Tesla-T4", "T4"},
                      {"nvidia.com/gpu.product", "Tesla-T4-SHARED", "T4"},
                      {"nvidia.com/gpu.product", "NVIDIA-A100-SXM4-40GB", "A100"},
                      {"nvidia.com/gpu.product", "NVIDIA-A100-SXM4-80GB", "A100-80GB"},
                      {"nvidia.com/gpu.product", "NVIDIA-A100-SXM4-80GB-MIG-1g.10gb", ""},
                      {"nvidia.com/gpu.product", "NVIDIA-H100-80GB-HBM3", "H100"},
                      {"nvidia.com/gpu.product", "NVIDIA-H200", "H200"},
                      {"gpu.nvidia.com/class", "H100_NVLINK_80GB", "H100"},
                      {"nebius.com/gpu-name", "H200", "H200"},
                      {"nebius.com/gpu-name", "something-new", "SOMETHING-NEW"}};
  for (const Row& row : rows)
    BOOST_TEST(accelerator_of({{row.key, row.value}}) == row.name, row.value);
  BOOST_TEST(accelerator_of({{"nvidia.com/gpu.product", "Tesla-T4"},
                             {"skypilot.co/accelerator", "l4"}}) == "L4");
}

BOOST_AUTO_TEST_CASE(each_provider_s_label_of_a_spot_node_is_known) {
  const std::pair<const char*, const char*> rows[] = {
      {"cloud.google.com/gke-spot", "true"},
      {"cloud.google.com/gke-preemptible", "true"},
      {"eks.amazonaws.com/capacityType", "SPOT"},
      {"karpenter.sh/capacity-type", "spot"},
      {"kubernetes.azure.com/scalesetpriority", "spot"}};
  for (const auto& [key, value] : rows) BOOST_TEST(is_spot_node({{key, value}}), key);
  BOOST_TEST(!is_spot_node({{"karpenter.sh/capacity-type", "on-demand"}}));
  BOOST_TEST(!is_spot_node({}));
}

BOOST_AUTO_TEST_CASE(offers_are_what_fits_on_a_node_each_once) {
  const auto t4 = node(4, 16, 1, {{"cloud.google.com/gke-accelerator", "nvidia-tesla-t4"}});
  const auto offers = node_offers("prod", {t4, t4});
  const std::vector<std::string> wanted = {"1CPU--4GB",       "2CPU--8GB",
                                           "3CPU--15GB",      "1CPU--4GB--T4:1",
                                           "2CPU--8GB--T4:1", "3CPU--15GB--T4:1"};
  BOOST_TEST(names(offers) == wanted, boost::test_tools::per_element());
  BOOST_TEST((offers[0].place == core::Place{"kubernetes", "prod", ""}));
  BOOST_TEST(!offers[0].is_paid());
}

BOOST_AUTO_TEST_CASE(spot_nodes_make_spot_offers_and_leaving_ones_none) {
  auto spot = node(2, 8, 0, {{"cloud.google.com/gke-spot", "true"}});
  BOOST_TEST(names(node_offers("c", {spot})).front() == "1CPU--4GB[Spot]");
  spot.ready = "Unknown";
  BOOST_TEST(node_offers("c", {spot}).empty());
  spot.ready = "True";
  spot.is_unschedulable = true;
  BOOST_TEST(node_offers("c", {spot}).empty());
}

BOOST_AUTO_TEST_CASE(a_node_of_many_accelerators_offers_powers_of_two_and_all_of_them) {
  const auto offers = node_offers("c", {node(2, 8, 6, {{"nebius.com/gpu-name", "H100"}})});
  std::set<std::uint32_t> counts;
  for (const core::Offer& offer : offers) counts.insert(offer.accelerator.count);
  BOOST_TEST(counts == (std::set<std::uint32_t>{0, 1, 2, 4, 6}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(accelerators_that_no_label_names_are_told_and_not_offered) {
  const auto unnamed = node(2, 8, 1, {});
  BOOST_TEST(names(node_offers("c", {unnamed})).size() == 2u);
  BOOST_TEST(unnamed_accelerators({unnamed}).size() == 1u);
}

BOOST_AUTO_TEST_CASE(quantities_are_read_in_every_notation) {
  const std::pair<const char*, double> rows[] = {
      {"1", 1},      {"500m", 0.5}, {"16Gi", 17179869184.0},
      {"1e3", 1000}, {"2k", 2000},  {"1.5Mi", 1572864}};
  for (const auto& [text, value] : rows) {
    const auto read = read_quantity(text);
    BOOST_REQUIRE_MESSAGE(read.has_value(), text);
    BOOST_TEST(*read == value, boost::test_tools::tolerance(1e-9));
  }
  for (const char* text : {"", "x", "1Xi", "Gi"})
    BOOST_TEST(!read_quantity(text).has_value(), text);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters::kubernetes
