// Hashes, keyed hashes and signatures as clouds ask for them, and their spelling as text.
//
// On OpenSSL. Pure; any thread. Keys are the caller's to keep and to wipe.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace sky::adapters {

std::string sha256(std::string_view data);  // 32 bytes
std::string hmac_sha256(std::string_view key, std::string_view data);  // 32 bytes
std::string sha1_hex(std::string_view data);  // for names of cache files only

std::string hex(std::string_view bytes);  // lower case
std::string base64(std::string_view bytes);
std::string base64_url(std::string_view bytes);  // unpadded, "-" and "_"
// Either alphabet, padded or not. Errors: invalid_input.
core::Result<std::string> base64_decoded(std::string_view text);

// RS256 (RSASSA-PKCS1-v1_5 over SHA-256) with a private key in PEM. Errors: invalid_input.
core::Result<std::string> rs256_signature(std::string_view pem_key, std::string_view data);

// Whether two secrets are equal, in a time that tells nothing about where they differ.
bool equal_secrets(std::string_view a, std::string_view b);

// Random bytes of the operating system. Errors: io.
core::Result<std::string> random_bytes(std::size_t count);

}  // namespace sky::adapters
