#include "cli/http_router.h"

#include <algorithm>

#include "adapters/percent_code.h"

namespace sky::cli {
namespace {

std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    segments.push_back(adapters::percent_decoded(path.substr(begin, end - begin)));
    begin = end + 1;
  }
  return segments;
}

bool is_placeholder(const std::string& segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  return std::equal(pattern.begin(), pattern.end(), path.begin(), path.end(),
                    [](const std::string& wanted, const std::string& found) {
                      return is_placeholder(wanted) ? !found.empty() : wanted == found;
                    });
}

}  // namespace

void HttpRouter::add(std::string_view method, std::string_view path, RouteHandler handler) {
  routes_.push_back({std::string(method), segments_of(path), std::move(handler)});
}

void HttpRouter::handle(const HttpRequest& request, const Responder& responder) const {
  const std::vector<std::string> path = segments_of(request.path);
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  std::string allowed;
  for (const Route& route : routes_) {
    if (!fits(route.segments, path)) continue;
    if (route.method != method) {
      allowed += (allowed.empty() ? "" : ", ") + route.method;
      continue;
    }
    Matches matches;
    for (std::size_t i = 0; i < path.size(); ++i)
      if (is_placeholder(route.segments[i])) matches.push_back(path[i]);
    return route.handler(request, matches, responder);
  }
  if (allowed.empty()) return responder.answer_error(404, "nothing is at " + request.path);
  HttpAnswer refusal = http_error(405, request.path + " takes only " + allowed);
  refusal.headers.push_back({"allow", allowed});
  responder.answer(std::move(refusal));
}

}  // namespace sky::cli
