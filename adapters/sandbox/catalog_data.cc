#include "adapters/sandbox/catalog_data.h"

// The assembler puts the file into the binary as it is; SKY_CLOUDS_YAML is its path.
__asm__(
    ".pushsection .rodata\n"
    ".global sky_clouds_yaml\n"
    ".global sky_clouds_yaml_end\n"
    "sky_clouds_yaml:\n"
    ".incbin \"" SKY_CLOUDS_YAML
    "\"\n"
    "sky_clouds_yaml_end:\n"
    ".byte 0\n"
    ".popsection\n");

extern "C" const char sky_clouds_yaml[];
extern "C" const char sky_clouds_yaml_end[];

namespace sky::adapters::sandbox {

std::string_view catalog_text() {
  return {sky_clouds_yaml, static_cast<std::size_t>(sky_clouds_yaml_end - sky_clouds_yaml)};
}

}  // namespace sky::adapters::sandbox
