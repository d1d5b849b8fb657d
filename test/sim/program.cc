#include "test/sim/program.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "test/sim/commit.h"
#include "test/sim/world.h"

namespace sky::sim {
namespace {

struct Arguments {
  std::uint64_t first = 1;
  std::uint64_t last = 1;
  core::Duration length = core::seconds(7200);
  std::uint32_t steady_replicas = 0;
  Mutation mutation = Mutation::none;
  bool is_traced = false;
  bool prints_hashes = false;
};

bool parse_range(const std::string& text, Arguments& arguments) {
  const std::size_t dash = text.find('-');
  if (dash == std::string::npos || text.find_first_not_of("0123456789-") != std::string::npos)
    return false;
  arguments.first = std::strtoull(text.substr(0, dash).c_str(), nullptr, 10);
  arguments.last = std::strtoull(text.substr(dash + 1).c_str(), nullptr, 10);
  return arguments.first <= arguments.last;
}

bool parse_count(const std::string& text, std::uint32_t& count) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos) return false;
  count = static_cast<std::uint32_t>(std::strtoul(text.c_str(), nullptr, 10));
  return count > 0;
}

bool parse_mutation(const std::string& text, Arguments& arguments) {
  for (std::size_t i = 0; i < mutation_count; ++i)
    if (text == to_text(static_cast<Mutation>(i))) {
      arguments.mutation = static_cast<Mutation>(i);
      return true;
    }
  return false;
}

bool parse(int count, char** words, Arguments& arguments) {
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--trace" || word == "--hash") {
      (word == "--trace" ? arguments.is_traced : arguments.prints_hashes) = true;
      continue;
    }
    if (i + 1 == count) return false;
    const std::string value = words[++i];
    if (word == "--seeds" && parse_range(value, arguments)) continue;
    if (word == "--steady" && parse_count(value, arguments.steady_replicas)) continue;
    if (word == "--mutation" && parse_mutation(value, arguments)) continue;
    const long minutes = static_cast<long>(std::strtod(value.c_str(), nullptr) * 60);
    if (word != "--hours" || minutes <= 0) return false;
    arguments.length = core::seconds(minutes * 60);
  }
  return true;
}

World* world = nullptr;
std::uint64_t seed_now = 0;

void tell(const std::string& name, const std::string& sentence, const std::string& detail) {
  std::cout << "BROKEN seed " << seed_now << ", commit " << built_commit << "\n  " << name << ": "
            << sentence << "\n  " << detail << "\n\nwhat happened last:\n"
            << world->last_words() << std::flush;
}

// A check of the program itself failed (core/check.h): it has printed which.
void on_abort(int) {
  if (world != nullptr) tell("check", "A part of the program found its own invariant broken.", "");
  ::_exit(1);
}

int run(const Arguments& arguments, const MakeDisk& make_disk) {
  ::signal(SIGABRT, on_abort);
  ::signal(SIGSEGV, on_abort);
  Tally tally;
  for (std::uint64_t seed = arguments.first; seed <= arguments.last; ++seed) {
    WorldOptions options{seed,
                         arguments.length,
                         MutationSet(arguments.mutation),
                         arguments.steady_replicas,
                         make_disk,
                         {}};
    if (arguments.is_traced)
      options.trace = [](const std::string& line) { std::cout << line << '\n'; };
    World one(std::move(options), tally);
    world = &one;
    seed_now = seed;
    one.run();
    if (arguments.prints_hashes)
      std::cout << "hash " << seed << ' ' << std::hex << one.hash() << std::dec << std::endl;
    if (one.broken()) {
      tell(one.broken()->name, one.broken()->sentence, one.broken()->detail);
      return 1;
    }
    world = nullptr;
  }
  std::cout << to_lines(tally);
  return 0;
}

int report(bool must_be_complete) {
  Tally tally;
  for (std::string line; std::getline(std::cin, line);) add_line(tally, line);
  std::cout << report_of(tally);
  const std::string missing = unseen(tally);
  if (!missing.empty()) std::cout << "never seen:\n" << missing;
  return must_be_complete && !missing.empty() ? 1 : 0;
}

}  // namespace

int run_program(int count, char** words, const MakeDisk& make_disk) {
  if (count >= 2 && std::string(words[1]) == "--report")
    return report(count > 2 && std::string(words[2]) == "--complete");
  Arguments arguments;
  if (!parse(count, words, arguments)) {
    std::cerr << "usage: sim --seeds A-B [--hours H] [--steady REPLICAS] [--mutation NAME] "
                 "[--trace] [--hash]\n";
    return 2;
  }
  return run(arguments, make_disk);
}

}  // namespace sky::sim
