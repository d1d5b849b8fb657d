// The small tables of the vocabulary: phases, tokens, names.
#include <boost/test/unit_test.hpp>
#include <set>

#include "core/event.h"
#include "core/failure.h"
#include "core/phase.h"
#include "core/token.h"

namespace sky::core {
namespace {

const std::vector<Phase> all_phases = {Phase::pending,          Phase::provisioning,
                                       Phase::starting,         Phase::ready,
                                       Phase::not_ready,        Phase::draining,
                                       Phase::shutting_down,    Phase::preempted,
                                       Phase::failed_provision, Phase::failed_initial_delay,
                                       Phase::failed_probing,   Phase::failed,
                                       Phase::failed_cleanup,   Phase::terminated};

BOOST_AUTO_TEST_SUITE(core_vocabulary)

BOOST_AUTO_TEST_CASE(every_phase_has_its_own_name_and_is_live_leaving_or_ended) {
  std::set<std::string> names;
  for (const Phase phase : all_phases) {
    names.insert(to_text(phase));
    const bool is_leaving = phase == Phase::draining || phase == Phase::shutting_down;
    BOOST_TEST(int{is_live(phase)} + int{is_leaving} + int{is_terminal(phase)} == 1);
    if (is_failed(phase)) BOOST_TEST(is_terminal(phase));
  }
  BOOST_TEST(names.size() == all_phases.size());
  BOOST_TEST(to_text(Phase::failed_initial_delay) == "FAILED_INITIAL_DELAY");
}

BOOST_AUTO_TEST_CASE(nothing_comes_back_to_life) {
  for (const Phase from : all_phases)
    for (const Phase to : all_phases) {
      if (is_terminal(from) && !is_terminal(to)) BOOST_TEST(!is_legal(from, to));
      if (from == Phase::draining || from == Phase::shutting_down)
        BOOST_TEST(!(is_legal(from, to) && is_live(to)));
      if (is_live(from) && is_terminal(to)) BOOST_TEST(is_legal(from, to));
    }
  BOOST_TEST(is_legal(Phase::provisioning, Phase::pending));
  BOOST_TEST(!is_legal(Phase::pending, Phase::ready));
  BOOST_TEST(!is_legal(Phase::starting, Phase::not_ready));
}

BOOST_AUTO_TEST_CASE(a_token_is_the_same_for_the_same_intent_and_no_other) {
  const LogId log(32, 'a'), copy(32, 'b');
  std::set<std::string> tokens;
  for (std::uint64_t seq = 1; seq <= 2000; ++seq) {
    tokens.insert(launch_token(log, Seq{seq}));
    tokens.insert(launch_token(copy, Seq{seq}));
  }
  BOOST_TEST(tokens.size() == 4000u);
  BOOST_TEST(launch_token(log, Seq{7}) == launch_token(log, Seq{7}));
  BOOST_TEST(launch_token(log, Seq{7}).size() == 32u);
  // Written down once: a later version must make the same tokens for the same log.
  BOOST_TEST(launch_token("00112233445566778899aabbccddeeff", Seq{1}) ==
             "5dba23fd625eed0c4b90eb6e1d0b677e");
}

BOOST_AUTO_TEST_CASE(every_event_has_the_name_of_its_type) {
  BOOST_TEST(type_name(EventBody{DaemonStarted{}}) == std::string("DaemonStarted"));
  BOOST_TEST(type_name(EventBody{ScaleEvaluated{}}) == std::string("ScaleEvaluated"));
  BOOST_TEST(type_name(EventBody{LaunchIntended{}}) == std::string("LaunchIntended"));
  BOOST_TEST(type_name(EventBody{InstanceLost{}}) == std::string("InstanceLost"));
  BOOST_TEST(type_name(EventBody{TrafficSampled{}}) == std::string("TrafficSampled"));
  BOOST_TEST(type_name(EventBody{RequestsShed{}}) == std::string("RequestsShed"));
}

BOOST_AUTO_TEST_CASE(a_price_held_for_an_hour_costs_the_price) {
  for (const std::int64_t price : {1ll, 140'000ll, 32'772'600ll}) {
    const Money hour = Price{price}.for_duration(seconds(3600));
    BOOST_TEST(hour.nano_usd == price * 1000);
    const Money year = Price{price}.for_duration(seconds(3600ll * 24 * 365));
    BOOST_TEST(year.nano_usd == price * 1000 * 24 * 365);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::core
