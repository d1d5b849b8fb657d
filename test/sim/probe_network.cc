#include "test/sim/probe_network.h"

#include <utility>

namespace sky::sim {
namespace {

// "http://10.0.0.7:8080/health" -> "10.0.0.7"
std::string host_of(const std::string& url) {
  const std::size_t begin = url.find("//") + 2;
  return url.substr(begin, url.find(':', begin) - begin);
}

}  // namespace

adapters::HttpResponse ProbeNetwork::answer_of(const std::string& host) const {
  adapters::HttpResponse response;
  const Machine* machine = clouds_.by_host(host);
  const core::Duration now = process_.agenda().now();
  if (!machine || machine->is_gone || machine->never_serves || now < machine->serves_at) {
    response.error = adapters::HttpError::connect;
    response.error_text = "refused or unreachable";
  } else if (machine->is_sick) {
    response.status = 500;
    response.was_sent = true;
  } else {
    response.status = 200;
    response.was_sent = true;
  }
  return response;
}

ProbeNetwork::RequestId ProbeNetwork::send(adapters::HttpRequest request, Done done) {
  process_.edge();
  const RequestId id = ++last_;
  running_.emplace(id, std::move(done));
  const core::Duration took = clouds_.random.between(core::Duration(500), core::milliseconds(20));
  process_.later(took, [this, id, took, host = host_of(request.url)] {
    const auto found = running_.find(id);
    if (found == running_.end()) return;
    const Done tell = std::move(found->second);
    running_.erase(found);
    adapters::HttpResponse response = answer_of(host);
    response.total = took;
    tell(std::move(response));
  });
  return id;
}

void ProbeNetwork::cancel(RequestId id) { running_.erase(id); }

}  // namespace sky::sim
