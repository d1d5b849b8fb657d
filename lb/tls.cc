#include "lb/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <algorithm>
#include <iostream>
#include <utility>

#include "core/check.h"
#include "lb/api_keys.h"

namespace sky::lb {
namespace {

constexpr unsigned char http_1_1[] = "\x08http/1.1";

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(&chosen, out_size, http_1_1, sizeof http_1_1 - 1, offered,
                                          offered_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

std::string last_error() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return reason == nullptr ? "it cannot be read" : reason;
}

}  // namespace

TlsContext::TlsContext() = default;
TlsContext::~TlsContext() { SSL_CTX_free(context_); }

void TlsContext::set_files(const core::TlsFiles& files) {
  if (files == files_) return;
  files_ = files;
  key_stamp_ = cert_stamp_ = {};
  problem_.clear();
  SSL_CTX_free(std::exchange(context_, nullptr));
  look();
}

TlsContext::Stamp TlsContext::stamp_of(const std::string& path) {
  struct stat status {};
  if (stat(with_home(path).c_str(), &status) != 0) return {.time_ns = 0, .size = -1};
  return {status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec, status.st_size};
}

void TlsContext::look() {
  if (!is_wanted()) return;
  const Stamp key = stamp_of(files_.key_file);
  const Stamp cert = stamp_of(files_.cert_file);
  if (key == key_stamp_ && cert == cert_stamp_) return;
  key_stamp_ = key;
  cert_stamp_ = cert;
  load();
}

void TlsContext::load() {
  SSL_CTX* made = SSL_CTX_new(TLS_server_method());
  SKY_CHECK(made != nullptr, "OpenSSL makes a context");
  SSL_CTX_set_min_proto_version(made, TLS1_2_VERSION);
  SSL_CTX_set_options(made, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(made, SSL_MODE_RELEASE_BUFFERS);  // idle connections stay small
  SSL_CTX_set_alpn_select_cb(made, choose_protocol, nullptr);
  std::string wrong;
  const std::string cert = with_home(files_.cert_file);
  const std::string key = with_home(files_.key_file);
  if (SSL_CTX_use_certificate_chain_file(made, cert.c_str()) != 1) {
    wrong = files_.cert_file + ": " + last_error();
  } else if (SSL_CTX_use_PrivateKey_file(made, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    wrong = files_.key_file + ": " + last_error();
  }
  problem_ = wrong;
  if (!wrong.empty()) {
    SSL_CTX_free(made);
    std::cerr << "skyctl lb: TLS: " << wrong << (context_ ? "; the old one stays" : "") << '\n';
    return;
  }
  SSL_CTX_free(std::exchange(context_, made));
}

std::unique_ptr<TlsSession> TlsContext::make_session() const {
  return std::make_unique<TlsSession>(context_);
}

TlsSession::TlsSession(SSL_CTX* context) : ssl_(SSL_new(context)) {
  SKY_CHECK(ssl_ != nullptr, "OpenSSL makes a session");
  SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));  // they belong to it
  SSL_set_accept_state(ssl_);
}

TlsSession::~TlsSession() { SSL_free(ssl_); }

void TlsSession::feed(std::string_view encrypted) {
  BIO_write(SSL_get_rbio(ssl_), encrypted.data(), static_cast<int>(encrypted.size()));
}

TlsSession::Input TlsSession::read(char* buffer, std::size_t capacity, std::size_t& size) {
  ERR_clear_error();
  if (SSL_read_ex(ssl_, buffer, capacity, &size) == 1) return Input::some;
  switch (SSL_get_error(ssl_, 0)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return Input::none;
    case SSL_ERROR_ZERO_RETURN: return Input::end;
    default: ERR_clear_error(); return Input::broken;
  }
}

bool TlsSession::write(std::string_view plain) {
  if (SSL_is_init_finished(ssl_) == 0) return false;
  ERR_clear_error();
  std::size_t written = 0;  // all of it: the memory behind it takes everything
  return plain.empty() || SSL_write_ex(ssl_, plain.data(), plain.size(), &written) == 1;
}

void TlsSession::end() {
  if (SSL_is_init_finished(ssl_) != 0) SSL_shutdown(ssl_);
  ERR_clear_error();
}

std::string TlsSession::take_output() {
  BIO* out = SSL_get_wbio(ssl_);
  std::string bytes(static_cast<std::size_t>(BIO_ctrl_pending(out)), '\0');
  if (!bytes.empty()) BIO_read(out, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

}  // namespace sky::lb
