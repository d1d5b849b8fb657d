// A blocking client on a plain socket: sends any bytes, reads what comes, gives up after 5 s.
//
// For tests that must see exactly what is on the wire, or send what no HTTP client would.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace sky::test {

class RawClient {
 public:
  static RawClient to_port(std::uint16_t port);  // on 127.0.0.1
  static RawClient to_socket(const std::filesystem::path& path);
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient& operator=(RawClient&& other) noexcept;

  void send(std::string_view bytes);
  // Everything up to and including `end`; less when the peer closed or 5 s passed.
  std::string read_until(std::string_view end);
  // Everything until the peer closes; "(timeout)" is appended when it does not within 5 s.
  std::string read_to_end();

 private:
  explicit RawClient(int descriptor) : descriptor_(descriptor) {}
  bool read_more();

  int descriptor_;
  std::string received_;
};

}  // namespace sky::test
