// `skyctl why`: the chain of causes behind a service's, a replica's or an event's present state, or
// its state at an earlier moment.
//
// Fed with the log's events in order, up to the moment that is asked about, it keeps what can be
// part of an answer (bounded), then walks the cause links back, newest first. For a replica its
// whole story follows, oldest first, with what replaced it. cli/print_why.h says it in words. Any
// thread; nothing is stored. Errors: not_found.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "core/event.h"
#include "core/result.h"
#include "projections/model.h"
#include "projections/otherwise.h"

namespace sky::cli {

// Either `seq`, or `service` with or without `replica`.
struct WhyQuestion {
  core::Seq seq;
  core::ServiceName service;
  core::ReplicaId replica;
};

// Borrowed from the history.
struct WhyAnswer {
  using Chain = std::vector<const core::Event*>;  // newest first, each the cause of the one before
  Chain chain;  // of the newest event that the question is about
  Chain decision;  // of a service: of its newest scale decision, when that is another one
  std::vector<const core::Event*> story;  // of a replica, oldest first
  std::vector<const core::Event*> effects;  // of a sequence: what it led to at once, oldest first
  std::uint64_t more_effects = 0;  // besides these

  // Of which it is asked what another outcome would have needed: all of both chains, and of a
  // story the newest event of each type.
  std::set<core::Seq> decisions() const;
};

class WhyHistory {
 public:
  explicit WhyHistory(WhyQuestion question);

  void add(const core::Event& event);  // in the order of the log
  const WhyQuestion& question() const { return question_; }
  core::Result<WhyAnswer> answer() const;

 private:
  WhyAnswer::Chain chain_from(core::Seq seq) const;
  std::vector<const core::Event*> story_of_replica() const;
  bool is_about_question(const core::Event& event) const;
  void keep(const core::Event& event);

  WhyQuestion question_;
  std::map<core::Seq, core::Event> kept_;
  std::map<core::Seq, core::Event> recent_;  // probes and samples: kept when something names them
  core::Seq subject_;  // newest event the question is about
  core::Seq decision_;  // newest scale decision of the service
  std::vector<core::Event> effects_;  // of `question_.seq`
  std::uint64_t more_effects_ = 0;
};

// What another outcome would have needed, of some events of a log: folds it up to each of them.
using Alternatives = std::map<core::Seq, projections::Otherwise>;

class AlternativesFold {
 public:
  // `before`: the state that the first event to be added continues.
  explicit AlternativesFold(std::set<core::Seq> asked, projections::Model before = {});
  bool add(const core::Event& event);  // false: nothing that was asked comes after it
  Alternatives take() { return std::move(found_); }

 private:
  std::set<core::Seq> asked_;
  projections::Model before_;
  Alternatives found_;
};

}  // namespace sky::cli
