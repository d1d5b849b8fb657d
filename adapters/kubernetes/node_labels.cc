#include "adapters/kubernetes/node_labels.h"

#include <algorithm>
#include <cctype>

#include "adapters/service_file_reader.h"

namespace sky::adapters::kubernetes {
namespace {

// The longest first: "l40s" before "l4". What stands between is compared without dashes.
struct Model {
  const char* fragment;  // lower case, only letters and digits
  const char* name;
};
constexpr Model models[] = {{"gb200", "GB200"},
                            {"b200", "B200"},
                            {"h200", "H200"},
                            {"h100mega80gb", "H100"},
                            {"h100", "H100"},
                            {"a10080gb", "A100-80GB"},
                            {"a100sxm480gb", "A100-80GB"},
                            {"a100pcie80gb", "A100-80GB"},
                            {"a100", "A100"},
                            {"a10g", "A10G"},
                            {"a10", "A10"},
                            {"l40s", "L40S"},
                            {"l40", "L40"},
                            {"l4", "L4"},
                            {"t4", "T4"},
                            {"v100", "V100"},
                            {"p100", "P100"},
                            {"p4", "P4"},
                            {"k80", "K80"},
                            {"rtx6000", "RTX6000"},
                            {"mi300x", "MI300X"},
                            {"mi300", "MI300"}};

std::string letters_and_digits(std::string_view text) {
  std::string kept;
  for (const char c : to_lower(text))
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) kept += c;
  return kept;
}

}  // namespace

const std::vector<SpotLabel> spot_labels = {
    {"cloud.google.com/gke-spot", "true"},
    {"cloud.google.com/gke-preemptible", "true"},
    {"eks.amazonaws.com/capacityType", "SPOT"},
    {"karpenter.sh/capacity-type", "spot"},
    {"kubernetes.azure.com/scalesetpriority", "spot"},
};

bool is_label_of_interest(std::string_view key) {
  return std::any_of(std::begin(accelerator_keys), std::end(accelerator_keys),
                     [&](const char* one) { return key == one; }) ||
         std::any_of(spot_labels.begin(), spot_labels.end(),
                     [&](const SpotLabel& one) { return key == one.key; });
}

std::string canonical_accelerator(std::string_view key, std::string_view value) {
  if (key == accelerator_keys[0]) return to_upper(value);  // given by hand, in our spelling
  const std::string plain = letters_and_digits(value);
  if (plain.find("mig") != std::string::npos) return {};  // a slice is not the whole
  const bool is_80 = plain.find("80gb") != std::string::npos;
  for (const Model& model : models) {
    if (plain.find(model.fragment) == std::string::npos) continue;
    const std::string name = model.name;
    return name == "A100" && is_80 ? "A100-80GB" : name;
  }
  return to_upper(value);
}

std::string accelerator_of(const std::map<std::string, std::string>& labels) {
  for (const char* key : accelerator_keys)
    if (const auto found = labels.find(key); found != labels.end() && !found->second.empty())
      return canonical_accelerator(key, found->second);
  return {};
}

bool is_spot_node(const std::map<std::string, std::string>& labels) {
  return std::any_of(spot_labels.begin(), spot_labels.end(), [&](const SpotLabel& one) {
    const auto found = labels.find(one.key);
    return found != labels.end() && to_lower(found->second) == to_lower(one.value);
  });
}

}  // namespace sky::adapters::kubernetes
