// Texts as they must be printed, one file each in golden/. A `$` ends every line there, so that
// spaces before it are seen and kept.
#pragma once

#include <fstream>
#include <string>

namespace sky::cli {

inline std::string golden(const std::string& name) {
  std::ifstream file(std::string(SKY_GOLDEN) + "/" + name + ".txt");
  std::string text;
  for (std::string line; std::getline(file, line);) text += line.substr(0, line.rfind('$')) + "\n";
  return text.empty() ? "there is no golden text " + name : text;
}

}  // namespace sky::cli
