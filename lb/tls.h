// TLS towards clients, on OpenSSL: the service's certificate, and one connection's session.
//
// A session turns bytes into bytes and knows no socket. TLS 1.2 and later, HTTP/1.1 by ALPN. The
// files are read again when they change: new connections get the new certificate, those that stand
// keep theirs. Loop thread.
#pragma once

#include <openssl/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/spec.h"

namespace sky::lb {

class TlsSession;

class TlsContext {
 public:
  TlsContext();
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  void set_files(const core::TlsFiles& files);  // both empty: none is wanted
  // Reads the files if they changed. A pair that is no good leaves what there was, and is told.
  void look();

  bool is_wanted() const { return !files_.cert_file.empty(); }
  bool is_ready() const { return context_ != nullptr; }
  const std::string& problem() const { return problem_; }
  std::unique_ptr<TlsSession> make_session() const;  // is_ready()

 private:
  struct Stamp {
    std::int64_t time_ns = -1;
    std::int64_t size = -1;
    bool operator==(const Stamp&) const = default;
  };
  static Stamp stamp_of(const std::string& path);
  void load();

  core::TlsFiles files_;
  Stamp key_stamp_;
  Stamp cert_stamp_;
  ssl_ctx_st* context_ = nullptr;
  std::string problem_;
};

class TlsSession {
 public:
  explicit TlsSession(ssl_ctx_st* context);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  void feed(std::string_view encrypted);
  enum class Input { some, none, end, broken };
  // The next piece of what was fed, in the clear, into `buffer`.
  Input read(char* buffer, std::size_t capacity, std::size_t& size);
  bool write(std::string_view plain);  // false: not before the handshake, or broken
  void end();  // says that nothing more comes
  std::string take_output();  // what is to be sent now; empty: nothing

 private:
  ssl_st* ssl_ = nullptr;
};

}  // namespace sky::lb
