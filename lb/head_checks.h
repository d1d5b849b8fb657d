// What llhttp accepts and we do not: the rules about whole heads. Pure.
//
// Each rule closes a known way to make two servers see different messages in the same bytes, or a
// request we have no meaning for. The same head gives the same verdict on every machine.
#pragma once

#include <string>

#include "lb/head_lines.h"
#include "lb/http_head.h"

namespace sky::lb {

// Judges a request head and fills in `host`. An absolute-form target is turned into origin form;
// its text may need `storage`, which must live as long as the head.
HttpError check_request(MessageHead& head, std::string& storage);

HttpError check_response(const MessageHead& head);

bool is_token(std::string_view text);

}  // namespace sky::lb
