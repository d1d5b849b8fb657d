// `skyctl why`: the chain of causes behind a service's, a replica's or an event's present state.
//
// Fed with the log's events in order, it keeps what can be part of an answer (bounded), then walks
// the cause links back. Newest first: "READY because ... because ...". For a replica its whole
// story follows, oldest first. Any thread; nothing is stored. Errors: not_found, unsupported.
#pragma once

#include <deque>
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
  struct Answer {
    const core::Event* subject = nullptr;
    std::vector<const core::Event*> causes;  // newest first, without the subject
    std::vector<const core::Event*> story;   // of a replica, oldest first
  };
  core::Result<Answer> answer() const;
  const core::Event* find(core::Seq seq) const;
  bool is_asked_for(const core::Event& event) const;
  void forget_oldest();

  WhyQuestion question_;
  std::map<core::Seq, core::Event> events_;
  core::Seq subject_;               // newest event that answers the question
  bool dropped_ = false;            // older events were forgotten
};

}  // namespace sky::cli
