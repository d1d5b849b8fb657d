// The endpoint's counters in Prometheus' text format, version 0.0.4.
//
// Families are written one after the other, each with its services: so add() gathers, finish()
// writes. Service names come from a checked service file; replicas are labelled by number.
#pragma once

#include <string>
#include <vector>

namespace sky::lb {

class Endpoint;
class Worker;

class MetricsText {
 public:
  void add(const Endpoint& endpoint) { endpoints_.push_back(&endpoint); }  // lives until finish()
  std::string finish(const Worker& worker) const;

 private:
  void add_model_families(std::string& out) const;

  std::vector<const Endpoint*> endpoints_;
};

}  // namespace sky::lb
