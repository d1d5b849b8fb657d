// Requests that are fine, and everything llhttp or another server would let through that we refuse.
//
// One table for three tests: the parser alone, the proxy over real sockets, and the proxy before
// another server, which must see as many requests as we do.
#pragma once

#include <string>
#include <vector>

namespace sky::lb {

struct RequestRow {
  const char* name;
  std::string bytes;
  int status;  // 0: accepted
  int messages;  // whole messages seen
};

inline const std::string plain_head = "GET / HTTP/1.1\r\nHost: a\r\n";

const std::vector<RequestRow>& request_table();

}  // namespace sky::lb
