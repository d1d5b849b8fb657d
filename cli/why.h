// `skyctl why`: the chain of causes behind a service's, a replica's or an event's present state.
//
// Fed with the log's events in order, it keeps what can be part of an answer (bounded), then walks
// the cause links back, newest first. For a replica its whole story follows, oldest first, with
// the offers that were compared and what replaced it. Any thread; nothing is stored.
// Errors: not_found.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/event.h"
#include "core/result.h"

namespace sky::cli {

// Either `seq`, or `service` with or without `replica`.
struct WhyQuestion {
  core::Seq seq;
  core::ServiceName service;
  core::ReplicaId replica;
};

class WhyHistory {
 public:
  explicit WhyHistory(WhyQuestion question);

  void add(const core::Event& event);  // in the order of the log

  core::Result<std::string> text() const;
  core::Result<std::string> json() const;

 private:
  using Chain = std::vector<const core::Event*>;  // newest first, each the cause of the one before
  struct Answer {
    Chain chain;  // of the newest event that the question is about
    Chain decision;  // of a service: of its newest scale decision, when that is another one
    std::vector<const core::Event*> story;  // of a replica, oldest first
  };
  core::Result<Answer> answer() const;
  Chain chain_from(core::Seq seq) const;
  std::vector<const core::Event*> story_of_replica() const;
  std::string chain_text(const Chain& chain) const;
  std::string story_text(const std::vector<const core::Event*>& story) const;
  bool is_about_question(const core::Event& event) const;
  void keep(const core::Event& event);

  WhyQuestion question_;
  std::map<core::Seq, core::Event> kept_;
  std::map<core::Seq, core::Event> recent_;  // probes and samples: kept when something names them
  core::Seq subject_;  // newest event the question is about
  core::Seq decision_;  // newest scale decision of the service
};

}  // namespace sky::cli
