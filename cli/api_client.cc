#include "cli/api_client.h"

#include <chrono>
#include <utility>

#include "adapters/http_client.h"
#include "adapters/reactor.h"
#include "events/random_id.h"

namespace sky::cli {
namespace {

using core::Error;
using core::ErrorCode;

// The daemon answers as soon as its disk has; a full minute is a daemon that hangs.
constexpr core::Duration patience = core::seconds(60);

ErrorCode code_of(int status) {
  switch (status) {
    case 400: return ErrorCode::invalid_input;
    case 404: return ErrorCode::not_found;
    case 409: return ErrorCode::conflict;
    case 422: return ErrorCode::unsupported;
    default: return ErrorCode::unavailable;
  }
}

core::Result<std::string> result_of(const Home& home, const adapters::HttpResponse& response) {
  if (response.is_ok()) return response.body;
  if (response.status == 0)
    return Error{ErrorCode::unavailable, "no daemon answers in " + home.root.string() + " (" +
                                             response.error_text +
                                             "); `skyctl up FILE` starts one"};
  const auto document = adapters::parse_json(response.body);
  const std::string text =
      document ? adapters::JsonView(*document).at("error").text_or("") : std::string();
  return Error{code_of(response.status),
               text.empty() ? "the daemon answered " + std::to_string(response.status) : text};
}

adapters::HttpResponse exchange(const Home& home, adapters::HttpRequest request) {
  request.unix_socket = home.api_socket();
  request.timeout = patience;
  adapters::Reactor reactor;
  adapters::HttpResponse answer;
  adapters::HttpClient client(reactor);
  client.send(std::move(request), [&](adapters::HttpResponse response) {
    answer = std::move(response);
    reactor.stop();
  });
  reactor.run();
  return answer;
}

adapters::HttpRequest post_request(const std::string& path, const std::string& json_body) {
  adapters::HttpRequest request;
  request.method = "POST";
  request.url = "http://daemon" + path;
  request.headers = {"content-type: application/json"};
  request.body = json_body;
  return request;
}

}  // namespace

core::Result<std::string> api_get(const Home& home, const std::string& path_and_query) {
  adapters::HttpRequest request;
  request.url = "http://daemon" + path_and_query;
  return result_of(home, exchange(home, std::move(request)));
}

core::Result<std::string> api_post(const Home& home, const std::string& path,
                                   const std::string& json_body) {
  return result_of(home, exchange(home, post_request(path, json_body)));
}

core::Result<std::string> api_order(const Home& home, const std::string& path,
                                    const std::string& json_body, const BringBack& bring_back) {
  const auto id = events::draw_id();
  if (!id) return id.error();
  auto request = post_request(path, json_body);
  request.headers.push_back(std::string(request_id_header) + ": " + *id);
  const auto give_up = std::chrono::steady_clock::now() + patience;
  adapters::HttpResponse response = exchange(home, request);
  for (int attempt = 1; attempt < max_attempts && response.status == 0; ++attempt) {
    if (std::chrono::steady_clock::now() > give_up)
      break;  // it hangs; a second minute helps nobody
    if (auto back = bring_back(); !back) return back.error();
    response = exchange(home, request);
  }
  return result_of(home, response);
}

std::string query_value(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                       (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_';
    if (plain) {
      encoded += character;
    } else {
      encoded += '%';
      encoded += digits[byte >> 4];
      encoded += digits[byte & 15];
    }
  }
  return encoded;
}

}  // namespace sky::cli
