#include "cli/cloud_check.h"

#include <algorithm>
#include <sstream>

#include "adapters/json.h"

namespace sky::cli {
namespace {

using adapters::Finding;
using adapters::JsonView;

struct GradeWord {
  Finding::Grade grade;
  const char* word;
};
constexpr GradeWord grade_words[] = {{Finding::Grade::good, "ok"},
                                     {Finding::Grade::advice, "advice"},
                                     {Finding::Grade::missing, "missing"}};

const char* word_of(Finding::Grade grade) {
  for (const GradeWord& one : grade_words)
    if (one.grade == grade) return one.word;
  return "missing";
}

Finding::Grade grade_of(const std::string& word) {
  for (const GradeWord& one : grade_words)
    if (word == one.word) return one.grade;
  return Finding::Grade::missing;
}

}  // namespace

std::string to_json(const std::vector<CloudFindings>& found) {
  adapters::JsonWriter json;
  json.begin_object().key("clouds").begin_array();
  for (const CloudFindings& cloud : found) {
    json.begin_object().member("cloud", cloud.cloud).key("findings").begin_array();
    for (const Finding& one : cloud.findings) {
      json.begin_object().member("grade", word_of(one.grade));
      json.member("text", one.text).member("way_out", one.way_out).end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return json.take();
}

core::Result<std::vector<CloudFindings>> parse_findings(std::string_view text) {
  const auto document = adapters::parse_json(text);
  if (!document) return document.error();
  const auto clouds = JsonView(*document).at("clouds").elements();
  if (!clouds) return clouds.error();
  std::vector<CloudFindings> found;
  for (const JsonView& cloud : *clouds) {
    CloudFindings& into = found.emplace_back(CloudFindings{cloud.at("cloud").text_or(""), {}});
    for (std::size_t i = 0; i < cloud.at("findings").size(); ++i) {
      const JsonView one = cloud.at("findings").at(i);
      into.findings.push_back({grade_of(one.at("grade").text_or("")), one.at("text").text_or(""),
                               one.at("way_out").text_or("")});
    }
  }
  return found;
}

std::string findings_text(const std::vector<CloudFindings>& found) {
  if (found.empty()) return "No real cloud is known here.\n";
  std::string text;
  for (const CloudFindings& cloud : found) {
    text += cloud.cloud + '\n';
    for (const Finding& one : cloud.findings) {
      std::string word = word_of(one.grade);
      word.resize(8, ' ');
      text += "  " + word + one.text + '\n';
      std::istringstream lines(one.way_out);
      for (std::string line; std::getline(lines, line);) text += "          " + line + '\n';
    }
  }
  return text;
}

bool is_all_well(const std::vector<CloudFindings>& found) {
  return !found.empty() && std::all_of(found.begin(), found.end(), [](const CloudFindings& cloud) {
    return std::none_of(cloud.findings.begin(), cloud.findings.end(),
                        [](const auto& one) { return one.grade == Finding::Grade::missing; });
  });
}

}  // namespace sky::cli
