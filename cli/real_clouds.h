// Which real clouds a home has: those whose credentials are found when the daemon starts, and for
// the others what is missing.
//
// To add one: a function that makes it or says why it cannot, and a line in `makers()` of
// real_clouds.cc. Loop thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/cloud.h"
#include "adapters/http_sender.h"
#include "adapters/reactor.h"
#include "cli/config.h"
#include "cli/home.h"
#include "core/result.h"
#include "core/scheduler.h"

namespace sky::cli {

// What a cloud is made from. All references outlive it.
struct CloudEdges {
  adapters::Reactor& reactor;
  adapters::HttpSender& http;
  const Home& home;
  const Config& config;
  core::LogId log_id;  // the tag of everything it makes; empty: only to check
  adapters::OnChange on_change;
};

struct MissingCloud {
  std::string cloud;
  std::string why;  // one clause: where credentials were looked for
};

struct RealClouds {
  core::Scheduler& scheduler;
  std::vector<std::unique_ptr<adapters::RealCloud>> clouds = {};
  std::vector<MissingCloud> missing = {};

  adapters::RealCloud* find(std::string_view name) const;  // null: not there
  // "kubernetes: no kubeconfig; aws: ..."; empty when nothing is missing.
  std::string missing_text() const;
};

RealClouds make_real_clouds(const CloudEdges& edges);

struct OffersFound {
  std::vector<core::Offer> offers;
  std::vector<std::string> problems;  // "gcp: TEXT", of clouds that could not tell
};
// Of all clouds. `done` is called once, later.
void find_offers(const RealClouds& clouds, std::function<void(OffersFound)> done);

struct CloudFindings {
  std::string cloud;
  std::vector<adapters::Finding> findings;
};
// `only`: empty asks all. What is missing is a finding too.
void check_clouds(const RealClouds& clouds, const std::string& only,
                  std::function<void(std::vector<CloudFindings>)> done);

}  // namespace sky::cli
