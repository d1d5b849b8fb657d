// Picks the handler of a request by method and path; answers 404 and 405 itself.
//
// Paths are exact, or have segments in braces that match any one segment:
// "/services/{name}/replicas". The earliest route that fits wins. Loop thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/http_message.h"

namespace sky::cli {

class HttpRouter {
 public:
  // The matched segments, in the order of their braces.
  using Matches = std::vector<std::string>;
  using RouteHandler = std::function<void(const HttpRequest&, const Matches&, Responder)>;

  void add(std::string_view method, std::string_view path, RouteHandler handler);
  // A HEAD is answered by the GET route (the server leaves the body out).
  void handle(const HttpRequest& request, const Responder& responder) const;

 private:
  struct Route {
    std::string method;
    std::vector<std::string> segments;
    RouteHandler handler;
  };
  std::vector<Route> routes_;
};

}  // namespace sky::cli
