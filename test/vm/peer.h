// A program of a test that is the other side of an adapter: it prints "listening on PORT".
#pragma once

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "test/lb/child_process.h"

namespace sky::adapters {

class Peer {
 public:
  explicit Peer(const std::vector<std::string>& words) : process_(words) {
    const auto line = process_.line(std::chrono::seconds(20));
    BOOST_REQUIRE_MESSAGE(line && line->starts_with("listening on "), "no port from " << words[1]);
    url = "http://127.0.0.1:" + line->substr(line->rfind(' ') + 1);
  }

  std::string url;

 private:
  lb::ChildProcess process_;
};

}  // namespace sky::adapters
