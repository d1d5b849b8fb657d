// skyctl why NAME[/REPLICA] | SEQ, or why [NAME[/REPLICA]] --at T: the chain of causes, what the
// state was, and what another outcome would have needed, in words.

#include <charconv>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "adapters/clock.h"
#include "adapters/json.h"
#include "cli/command.h"
#include "cli/daemon_process.h"
#include "cli/print_why.h"
#include "cli/replay.h"

namespace sky::cli {
namespace {

struct WhyOptions {
  std::string subject;
  std::string at;
  std::string log;
  bool json = false;
  bool utc = false;
};

// Part of the interface: fields are only ever added.
constexpr const char* json_fields =
    "--json prints one document:\n"
    "  chain      the newest event asked about, and the cause of each; as `skyctl events --json`\n"
    "  decision   the same for the newest scale decision of a service\n"
    "  story      all events of a replica\n"
    "  effects    what an event led to at once, and more_effects besides these\n"
    "  otherwise  what another outcome would have needed: seq of the decision, text in words, and\n"
    "             by kind\n"
    "    scale      arrivals in window_us, fewest_arrivals_for_more, most_arrivals_for_fewer,\n"
    "               fewest_ or most_arrivals_to_stay, running_for_more, limits; of a wait "
    "agreed_us\n"
    "               and left_us\n"
    "    placement  next (offer), first_open_at_us, others: offer, blocked_until_at_us, needs\n"
    "    launch     failure, provider_text, is_repeated, blocked_until_at_us, retry_at_us, "
    "instead\n"
    "    drop       reason, pool, live, wanted, next_replica\n"
    "    silence    allowed_us, silent_us, last_http_status\n"
    "    unready    given_up_at_us\n"
    "    taken      usd_per_hour, on_demand_usd_per_hour, spot\n"
    "    hold       ready, hold_limit, hold_timeout_us\n"
    "    rollback   failed_version, restored_version, bake_time_us\n"
    "    plan       pool, live, wanted, target, target_without\n"
    "  moment     with --at: time, at_us, after (seq), status, reason, target, ready, live, qps,\n"
    "             in_flight, held, held_since_seq, pending, blocked, fleet, evaluation,\n"
    "             another_target\n"
    "--at without a NAME: {\"services\": [...]}, one such document for each. Fields that end in\n"
    "_at_us are instants of the log's own clock; null: there is none.";

template <class Number>
bool parse_whole(std::string_view text, Number& value) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failed == std::errc{} && end == text.data() + text.size() && value > 0;
}

core::Result<WhyQuestion> question_of(const std::string& subject) {
  WhyQuestion question;
  const std::string_view text = subject;
  if (parse_whole(text.starts_with('#') ? text.substr(1) : text, question.seq.value))
    return question;
  const std::size_t slash = text.find('/');
  question.service = std::string(text.substr(0, slash));
  if (slash != std::string_view::npos &&
      !parse_whole(text.substr(slash + 1), question.replica.value))
    return core::Error{
        core::ErrorCode::usage,
        "say NAME, NAME/REPLICA (llama3/3), or a sequence (#42), not '" + subject + "'"};
  return question;
}

// The state at the moment, and who is asked about.
struct Subject {
  std::optional<Moment> moment;
  PastState past;  // with a moment only
  std::vector<WhyHistory> histories;
};

core::Result<Subject> subject_of(const WhyOptions& options, const ReplaySource& source) {
  Subject subject;
  if (!options.at.empty()) {
    const auto moment = parse_moment("--at", options.at, adapters::wall_now());
    if (!moment) return moment.error();
    subject.moment = *moment;
    auto past = state_at(source, subject.moment);
    if (!past) return past.error();
    subject.past = std::move(*past);
  }
  if (options.subject.empty()) {
    for (const auto& [name, service] : subject.past.model.services)
      subject.histories.emplace_back(WhyQuestion{{}, name, {}});
    return subject;
  }
  const auto question = question_of(options.subject);
  if (!question) return question.error();
  if (question->seq && subject.moment)
    return core::Error{core::ErrorCode::usage,
                       "--at goes with NAME or NAME/REPLICA; a sequence says its moment itself"};
  subject.histories.emplace_back(*question);
  return subject;
}

core::Result<std::vector<WhyReport>> reports_of(Subject& subject, const ReplaySource& source,
                                                bool utc) {
  auto base = oldest_base(source);
  if (!base) return base.error();
  say_where_past_begins(*base);
  const core::Seq first = base->first();
  MomentWitness witness;
  auto read = read_source(source, first, [&](const core::Event& event) {
    if (subject.moment && subject.moment->is_before(event)) return false;
    witness.add(event);
    for (WhyHistory& history : subject.histories) history.add(event);
    return true;
  });
  if (!read) return read.error();
  std::vector<WhyReport> reports;
  std::set<core::Seq> asked;
  for (const WhyHistory& history : subject.histories) {
    const WhyQuestion& question = history.question();
    std::optional<MomentReport> moment;
    if (subject.moment)
      moment = report_moment(subject.past.model, subject.past.now, witness, question.service,
                             question.replica);
    auto answer = history.answer();
    // Of what led to the state of a moment nothing may be kept any more: the state is known.
    const bool is_known = moment && (!question.replica || !moment->pending.empty());
    if (!answer && !is_known) return answer.error();
    if (!answer) answer = WhyAnswer{};
    asked.merge(answer->decisions());
    reports.push_back({question, std::move(*answer), {}, std::move(moment), utc});
  }
  AlternativesFold fold(std::move(asked), std::move(base->model));
  read = read_source(source, first, [&](const core::Event& event) { return fold.add(event); });
  if (!read) return read.error();
  const Alternatives alternatives = fold.take();
  for (WhyReport& report : reports) report.alternatives = alternatives;
  return reports;
}

void print(const std::vector<WhyReport>& reports, const WhyOptions& options) {
  if (!options.json) {
    for (std::size_t i = 0; i < reports.size(); ++i)
      std::cout << (i == 0 ? "" : "\n") << why_text(reports[i]);
    if (reports.empty()) std::cout << "There was no service at that moment.\n";
    return;
  }
  adapters::JsonWriter json;
  const bool is_list = options.subject.empty();
  if (is_list) json.begin_object().key("services").begin_array();
  for (const WhyReport& report : reports) write_why(json, report);
  if (is_list) json.end_array().end_object();
  std::cout << json.take() << "\n";
}

int run_why(const WhyOptions& options) {
  ReplaySource source;
  if (!options.log.empty()) source.directory = options.log;
  if (options.subject.empty() && options.at.empty())
    return fail({core::ErrorCode::usage,
                 "say NAME, NAME/REPLICA or a sequence; --at T alone asks about every service"});
  if (!source.directory) {
    const auto home = find_home();
    if (!home) return fail(home.error());
    if (auto revived = revive_daemon(*home); !revived) return fail(revived.error());
  }
  auto subject = subject_of(options, source);
  if (!subject) return fail(subject.error());
  const auto reports = reports_of(*subject, source, options.utc);
  if (!reports) return fail(reports.error());
  print(*reports, options);
  return exit_done;
}

}  // namespace

void add_why_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<WhyOptions>();
  CLI::App* command = app.add_subcommand("why", "Why it did what it did");
  command->add_option("SUBJECT", options->subject, "NAME, NAME/REPLICA, or a sequence");
  command->add_option(
      "--at", options->at,
      "As of then: a sequence, a time ago (10m), or a UTC time; alone: every service");
  command->add_option("--log", options->log, "Another home, or its log directory; only read");
  command->add_flag("--json", options->json, "One JSON document");
  command->add_flag("--utc", options->utc, "Times in UTC instead of the local zone");
  command->footer(json_fields);
  command->callback([options, &chosen] { chosen = [options] { return run_why(*options); }; });
}

}  // namespace sky::cli
