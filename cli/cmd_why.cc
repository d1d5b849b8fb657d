// skyctl why NAME[/REPLICA] | SEQ: the chain of causes, in words.

#include <charconv>
#include <iostream>
#include <string>

#include "cli/command.h"
#include "cli/daemon_process.h"
#include "cli/event_source.h"
#include "cli/why.h"

namespace sky::cli {
namespace {

struct WhyOptions {
  std::string subject;
  bool json = false;
};

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

int run_why(const WhyOptions& options) {
  const auto home = find_home();
  if (!home) return fail(home.error());
  const auto question = question_of(options.subject);
  if (!question) return fail(question.error());
  if (auto revived = revive_daemon(*home); !revived) return fail(revived.error());
  WhyHistory history(*question);
  auto read = read_events(*home, core::Seq{1}, [&history](const core::Event& event) {
    history.add(event);
    return true;
  });
  if (!read) return fail(read.error());
  const auto answer = options.json ? history.json() : history.text();
  if (!answer) return fail(answer.error());
  std::cout << *answer;
  return exit_done;
}

}  // namespace

void add_why_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<WhyOptions>();
  CLI::App* command = app.add_subcommand("why", "Why it did what it did");
  command->add_option("SUBJECT", options->subject, "NAME, NAME/REPLICA, or a sequence")->required();
  command->add_flag("--json", options->json, "One JSON document");
  command->callback([options, &chosen] { chosen = [options] { return run_why(*options); }; });
}

}  // namespace sky::cli
