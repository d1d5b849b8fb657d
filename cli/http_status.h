// The reason phrases of HTTP status codes (RFC 9110).
#pragma once

namespace sky::cli {

// "Not Found"; an empty text for a code that has none here.
const char* http_reason(int status);

}  // namespace sky::cli
