#include "core/offer.h"

namespace sky::core {

std::string to_text(const Place& place) {
  std::string text = place.cloud;
  for (const std::string* part : {&place.region, &place.zone}) {
    if (part->empty()) break;
    text += '/';
    text += *part;
  }
  return text;
}

}  // namespace sky::core
