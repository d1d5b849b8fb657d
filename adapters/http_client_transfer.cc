#include "adapters/http_client_transfer.h"

#include <algorithm>
#include <cctype>

namespace sky::adapters {
namespace {

// The response's headers together; more is garbage. A guess, above every server's own limit.
constexpr std::size_t max_header_bytes = std::size_t{64} << 10;

std::size_t on_body(char* data, std::size_t, std::size_t size, void* user) {
  auto& transfer = *static_cast<HttpTransfer*>(user);
  if (transfer.cancelled) return 0;
  const HttpRequest& request = transfer.request;
  if (request.on_status && !std::exchange(transfer.status_told, true)) {
    long status = 0;
    curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
    request.on_status(static_cast<int>(status));
  }
  if (request.on_chunk) {
    request.on_chunk({data, size});
    return transfer.cancelled ? 0 : size;
  }
  std::string& body = transfer.response.body;
  const std::size_t room = request.max_body_bytes - body.size();
  if (size > room && !request.keep_reading_past_limit) {
    transfer.too_large = true;
    return 0;
  }
  body.append(data, std::min(size, room));
  return size;
}

std::size_t on_header(char* data, std::size_t, std::size_t size, void* user) {
  auto& transfer = *static_cast<HttpTransfer*>(user);
  transfer.header_bytes += size;
  if (transfer.header_bytes > max_header_bytes) return 0;
  const std::string_view line(data, size);
  const std::size_t colon = line.find(':');
  if (line.starts_with("HTTP/")) transfer.response.headers.clear();  // after a 100 Continue
  if (line.starts_with("HTTP/") || colon == std::string_view::npos) return size;
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::size_t first = line.find_first_not_of(" \t", colon + 1);
  const std::size_t last = line.find_last_not_of(" \t\r\n");
  std::string value;
  if (first != std::string_view::npos && last >= first)
    value = line.substr(first, last - first + 1);
  transfer.response.headers.emplace_back(std::move(name), std::move(value));
  return size;
}

HttpError error_of(CURLcode code, const HttpTransfer& transfer) {
  if (transfer.cancelled) return HttpError::cancelled;
  if (transfer.too_large) return HttpError::too_large;
  switch (code) {
    case CURLE_OK: return HttpError::none;
    case CURLE_URL_MALFORMAT: return HttpError::invalid;
    case CURLE_UNSUPPORTED_PROTOCOL:  // of the url, or an answer without a status line
      return transfer.response.was_sent ? HttpError::garbled : HttpError::invalid;
    case CURLE_COULDNT_RESOLVE_HOST: return HttpError::resolve;
    case CURLE_OPERATION_TIMEDOUT: return HttpError::timeout;
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_PEER_FAILED_VERIFICATION: return HttpError::connect;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_WRITE_ERROR: return HttpError::garbled;  // too many headers
    default: return HttpError::cut;
  }
}

core::Duration info_time(CURL* easy, CURLINFO info) {
  curl_off_t us = 0;
  curl_easy_getinfo(easy, info, &us);
  return core::Duration(us);
}

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  curl_easy_setopt(easy, option, value);
}

long whole_ms(core::Duration duration) {
  return duration.count() <= 0 ? 0 : static_cast<long>((duration.count() + 999) / 1000);
}

void set_method(CURL* easy, const HttpRequest& request) {
  if (request.method == "HEAD") return set(easy, CURLOPT_NOBODY, 1L);
  if (request.method == "GET" && request.body.empty()) return set(easy, CURLOPT_HTTPGET, 1L);
  set(easy, CURLOPT_POST, 1L);
  set(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  set(easy, CURLOPT_POSTFIELDS, request.body.data());
}

void set_blob(CURL* easy, CURLoption option, const std::string& text) {
  if (text.empty()) return;
  // Not copied: the request, and with it the text, lives as long as its transfer.
  curl_blob blob{const_cast<char*>(text.data()), text.size(), CURL_BLOB_NOCOPY};
  curl_easy_setopt(easy, option, &blob);
}

void set_tls(CURL* easy, const HttpTls& tls) {
  set_blob(easy, CURLOPT_CAINFO_BLOB, tls.ca);
  set_blob(easy, CURLOPT_SSLCERT_BLOB, tls.certificate);
  set_blob(easy, CURLOPT_SSLKEY_BLOB, tls.key);
  set(easy, CURLOPT_SSLCERTTYPE, "PEM");
  set(easy, CURLOPT_SSLKEYTYPE, "PEM");
  set(easy, CURLOPT_SSL_VERIFYPEER, tls.verify ? 1L : 0L);
  set(easy, CURLOPT_SSL_VERIFYHOST, tls.verify ? 2L : 0L);
}

}  // namespace

void fill_response(HttpTransfer& transfer, CURLcode code) {
  HttpResponse& response = transfer.response;
  CURL* easy = transfer.easy.get();
  long status = 0, request_size = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &request_size);
  response.status = static_cast<int>(status);
  response.was_sent = request_size > 0;
  response.total = info_time(easy, CURLINFO_TOTAL_TIME_T);
  if (status != 0) response.first_byte = info_time(easy, CURLINFO_STARTTRANSFER_TIME_T);
  response.error = error_of(code, transfer);
  if (response.error == HttpError::none) return;
  response.error_text = to_text(response.error);
  const bool is_curls_word =
      response.error != HttpError::too_large && response.error != HttpError::cancelled;
  const char* detail = transfer.error_buffer[0] ? transfer.error_buffer : curl_easy_strerror(code);
  if (is_curls_word) response.error_text += std::string(": ") + detail;
}

void prepare(HttpTransfer& transfer) {
  CURL* easy = transfer.easy.get();
  const HttpRequest& request = transfer.request;
  set(easy, CURLOPT_PRIVATE, &transfer);
  set(easy, CURLOPT_URL, request.url.c_str());
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_PROXY, request.proxy.c_str());
  set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (request.tls) set_tls(easy, *request.tls);
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  set(easy, CURLOPT_ERRORBUFFER, transfer.error_buffer);
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, whole_ms(request.connect_timeout));
  set(easy, CURLOPT_TIMEOUT_MS, whole_ms(request.timeout));
  set(easy, CURLOPT_WRITEFUNCTION, on_body);
  set(easy, CURLOPT_WRITEDATA, &transfer);
  set(easy, CURLOPT_HEADERFUNCTION, on_header);
  set(easy, CURLOPT_HEADERDATA, &transfer);
  if (!request.unix_socket.empty()) {
    set(easy, CURLOPT_UNIX_SOCKET_PATH, request.unix_socket.c_str());
  }
  if (!request.connect_to.empty()) {
    transfer.connect_to = curl_slist_append(nullptr, ("::" + request.connect_to).c_str());
    set(easy, CURLOPT_CONNECT_TO, transfer.connect_to);
  }
  if (request.fresh_connection) {
    set(easy, CURLOPT_FRESH_CONNECT, 1L);
    set(easy, CURLOPT_FORBID_REUSE, 1L);
  }
  set_method(easy, request);
  // No 100-continue dance: it costs a round trip, and a second with servers that ignore it.
  transfer.headers = curl_slist_append(nullptr, "Expect:");
  for (const std::string& header : request.headers) {
    transfer.headers = curl_slist_append(transfer.headers, header.c_str());
  }
  set(easy, CURLOPT_HTTPHEADER, transfer.headers);
}

std::string HttpResponse::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return {};
}

const char* to_text(HttpError error) {
  switch (error) {
    case HttpError::none: return "";
    case HttpError::invalid: return "the request cannot be made";
    case HttpError::resolve: return "the name has no address";
    case HttpError::connect: return "refused or unreachable";
    case HttpError::timeout: return "no answer in time";
    case HttpError::cut: return "the connection was cut";
    case HttpError::garbled: return "the answer is not HTTP";
    case HttpError::too_large: return "the answer is too large";
    case HttpError::overloaded: return "too many requests wait already";
    case HttpError::cancelled: return "cancelled";
  }
  return "unknown";
}

}  // namespace sky::adapters
