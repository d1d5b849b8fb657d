// One request on its way through libcurl: the state, how it is set up and how it is read out.
// Part of http_client.cc, nobody else includes it. Loop thread.
#pragma once

#include <curl/curl.h>

#include <memory>

#include "adapters/http_client.h"

namespace sky::adapters {

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;

struct HttpTransfer {
  HttpClient::RequestId id = 0;
  HttpRequest request;
  HttpClient::Done done;
  HttpResponse response;
  Easy easy;  // none while queued
  curl_slist* headers = nullptr;
  curl_slist* connect_to = nullptr;
  std::size_t header_bytes = 0;
  bool too_large = false;
  bool cancelled = false;
  bool status_told = false;
  char error_buffer[CURL_ERROR_SIZE] = {};

  HttpTransfer() = default;
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;
  ~HttpTransfer() {
    curl_slist_free_all(headers);
    curl_slist_free_all(connect_to);
  }
};

// Puts the request into `transfer.easy`.
void prepare(HttpTransfer& transfer);

// Fills `transfer.response` from what libcurl knows when the transfer has ended.
void fill_response(HttpTransfer& transfer, CURLcode code);

}  // namespace sky::adapters
