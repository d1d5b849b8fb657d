#include "adapters/vm/embedded_files.h"

// The assembler puts the files into the binary as they are; the macros are their paths.
#define SKY_EMBED(name, path)       \
  __asm__(                          \
      ".pushsection .rodata\n"      \
      ".global " name               \
      "\n"                          \
      ".global " name "_end\n" name \
      ":\n"                         \
      ".incbin \"" path "\"\n" name \
      "_end:\n"                     \
      ".byte 0\n"                   \
      ".popsection\n")

SKY_EMBED("sky_vm_launcher", SKY_VM_LAUNCHER);
SKY_EMBED("sky_vm_offers", SKY_VM_OFFERS);

extern "C" const char sky_vm_launcher[];
extern "C" const char sky_vm_launcher_end[];
extern "C" const char sky_vm_offers[];
extern "C" const char sky_vm_offers_end[];

namespace sky::adapters::vm {

std::string_view launcher_text() {
  return {sky_vm_launcher, static_cast<std::size_t>(sky_vm_launcher_end - sky_vm_launcher)};
}

std::string_view offers_text() {
  return {sky_vm_offers, static_cast<std::size_t>(sky_vm_offers_end - sky_vm_offers)};
}

}  // namespace sky::adapters::vm
