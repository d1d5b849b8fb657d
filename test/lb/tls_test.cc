// TLS at the endpoint: real handshakes, with certificates made for the test.
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>

#include "test/lb/test_balancer.h"

namespace sky::lb {
namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/skyctl-tls-XXXXXX";
    BOOST_REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file(const char* name) const { return (path / name).string(); }
  std::filesystem::path path;
};

// A key and a certificate of its own for that name, in key.pem and cert.pem.
void write_certificate(const Folder& folder, const char* name) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* cert = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
  X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
  X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
  X509_set_pubkey(cert, key);
  X509_NAME* subject = X509_get_subject_name(cert);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_issuer_name(cert, subject);
  X509_sign(cert, key, EVP_sha256());
  FILE* file = std::fopen(folder.file("key.pem").c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  file = std::fopen(folder.file("cert.pem").c_str(), "w");
  PEM_write_X509(file, cert);
  std::fclose(file);
  X509_free(cert);
  EVP_PKEY_free(key);
}

class SecurePeer {
 public:
  explicit SecurePeer(std::uint16_t port)
      : peer_(Peer::to(port)), context_(SSL_CTX_new(TLS_client_method())), ssl_(SSL_new(context_)) {
    SSL_set_fd(ssl_, peer_.fd());
    BOOST_REQUIRE(SSL_connect(ssl_) == 1);
  }
  ~SecurePeer() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  SecurePeer(const SecurePeer&) = delete;
  SecurePeer& operator=(const SecurePeer&) = delete;

  void write(std::string_view bytes) {
    BOOST_REQUIRE(SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) > 0);
  }
  std::string read_until(std::string_view mark) {
    while (read_.find(mark) == std::string::npos) {
      char buffer[4096];
      const int size = SSL_read(ssl_, buffer, sizeof buffer);
      if (size <= 0) throw std::runtime_error("no '" + std::string(mark) + "' in " + read_);
      read_.append(buffer, static_cast<std::size_t>(size));
    }
    const std::size_t end = read_.find(mark) + mark.size();
    std::string taken = read_.substr(0, end);
    read_.erase(0, end);
    return taken;
  }
  std::string name_in_certificate() const {
    X509* cert = SSL_get1_peer_certificate(ssl_);
    char name[64] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, name, sizeof name);
    X509_free(cert);
    return name;
  }

 private:
  Peer peer_;
  SSL_CTX* context_;
  SSL* ssl_;
  std::string read_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(tls)

BOOST_AUTO_TEST_CASE(requests_streams_and_large_bodies_pass_encrypted) {
  Folder folder;
  write_certificate(folder, "first");
  Origin origin;
  TestBalancer lb;
  lb.service.balancer.tls = {folder.file("key.pem"), folder.file("cert.pem")};
  lb.add_replica(1, origin.port());
  {
    SecurePeer client(lb.port);
    BOOST_TEST(client.name_in_certificate() == "first");
    const std::string large(300'000, 'x');
    client.write(post("/", large));
    Peer replica = origin.accept();
    const std::string request = replica.read_message();
    BOOST_TEST(contains(request, "X-Forwarded-Proto: https\r\n"));
    BOOST_TEST(request.ends_with("x"));
    replica.write(ok(large + "end"));
    BOOST_TEST(client.read_until("end").size() > large.size());
    client.write(get("/stream"));
    replica.read_head();
    replica.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 5; ++i) {
      replica.write("3\r\nabc\r\n");
      client.read_until("3\r\nabc\r\n");
    }
    replica.write("0\r\n\r\n");
    client.read_until("0\r\n\r\n");
  }
  BOOST_TEST(lb.becomes_idle());
}

BOOST_AUTO_TEST_CASE(renewed_certificate_is_used_without_a_restart) {
  Folder folder;
  write_certificate(folder, "first");
  AutoOrigin origin("x");
  TestBalancer lb;
  lb.service.balancer.tls = {folder.file("key.pem"), folder.file("cert.pem")};
  lb.add_replica(1, origin.port());
  SecurePeer old(lb.port);
  write_certificate(folder, "second");
  const auto until = std::chrono::steady_clock::now() + patience;
  std::string name;
  while (name != "second" && std::chrono::steady_clock::now() < until) {
    name = SecurePeer(lb.port).name_in_certificate();
    std::this_thread::sleep_for(50ms);
  }
  BOOST_TEST(name == "second");
  old.write(get("/"));  // the old connection goes on
  BOOST_TEST(old.read_until("\r\n\r\n").starts_with("HTTP/1.1 200 "));
}

BOOST_AUTO_TEST_CASE(without_a_certificate_nobody_is_served_in_the_clear) {
  Folder folder;
  AutoOrigin origin("x");
  TestBalancer lb;
  lb.service.balancer.tls = {folder.file("key.pem"), folder.file("cert.pem")};
  lb.add_replica(1, origin.port());
  BOOST_TEST(lb.report<core::EndpointReported>([](const auto& report) {
                 return contains(report.text, "TLS: ") && contains(report.text, "cert.pem");
               }).has_value());
  BOOST_CHECK_THROW(Peer::to(lb.port), std::runtime_error);
  write_certificate(folder, "late");  // it opens when the files are there
  const auto opens = [&] {
    try {
      Peer::to(lb.port);
      return true;
    } catch (const std::runtime_error&) {
      return false;
    }
  };
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!opens() && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(20ms);
  BOOST_TEST(SecurePeer(lb.port).name_in_certificate() == "late");
  // Plain HTTP at the same port is turned away, and hurts nobody.
  Peer plain = lb.client();
  plain.write(get("/"));
  BOOST_TEST(!contains(plain.read_to_end(), "HTTP/1.1 200"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::lb
