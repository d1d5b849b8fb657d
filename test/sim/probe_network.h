// The network between the prober and the machines: answers as the machine behind an address would.
#pragma once

#include <map>

#include "adapters/http_sender.h"
#include "test/sim/clouds.h"
#include "test/sim/process.h"

namespace sky::sim {

class ProbeNetwork final : public adapters::HttpSender {
 public:
  ProbeNetwork(Process& process, Clouds& clouds) : process_(process), clouds_(clouds) {}

  RequestId send(adapters::HttpRequest request, Done done) override;
  void cancel(RequestId id) override;

 private:
  adapters::HttpResponse answer_of(const std::string& host) const;

  Process& process_;
  Clouds& clouds_;
  RequestId last_ = 0;
  std::map<RequestId, Done> running_;
};

}  // namespace sky::sim
