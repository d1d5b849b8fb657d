#include "cli/http_message.h"

#include "adapters/json.h"
#include "adapters/percent_code.h"
#include "lb/http_head.h"

namespace sky::cli {

std::string_view HttpRequest::header(std::string_view name) const {
  for (const HttpHeader& header : headers)
    if (lb::equals_ignoring_case(header.name, name)) return header.value;
  return {};
}

std::optional<std::string> HttpRequest::query_parameter(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (adapters::percent_decoded(pair.substr(0, equals), adapters::PlusSign::is_space) != name)
      continue;
    return adapters::percent_decoded(pair.substr(std::min(equals + 1, pair.size())),
                                     adapters::PlusSign::is_space);
  }
  return std::nullopt;
}

HttpAnswer http_error(int status, std::string_view text) {
  HttpAnswer answer;
  answer.status = status;
  answer.body = adapters::JsonWriter().begin_object().member("error", text).end_object().str();
  answer.body += '\n';
  return answer;
}

}  // namespace sky::cli
