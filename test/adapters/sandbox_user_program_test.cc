#include "adapters/sandbox/user_program.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>

namespace sky::adapters::sandbox {

BOOST_AUTO_TEST_SUITE(adapters_sandbox_user_program)

BOOST_AUTO_TEST_CASE(the_service_port_becomes_the_replicas_own_where_it_stands_alone) {
  const auto own = [](const char* text) { return with_own_port(text, 8888, 20123); };

  BOOST_TEST(own("0.0.0.0:8888") == "0.0.0.0:20123");
  BOOST_TEST(own("8888") == "20123");
  BOOST_TEST(own("serve --port 8888 --max 88880") == "serve --port 20123 --max 88880");
  BOOST_TEST(own("http://h:8888/v1, -p8888 --port=8888.") ==
             "http://h:20123/v1, -p8888 --port=20123.");
  BOOST_TEST(own("18888 8888.5 1.8888 _8888 8888x") == "18888 8888.5 1.8888 _8888 8888x");
  BOOST_TEST(with_own_port("port 0", 0, 20123) == "port 0");
}

BOOST_AUTO_TEST_CASE(the_files_own_variables_win_over_ours_and_secrets_over_both) {
  MachineOrder order;
  order.service_port = 8888;
  order.envs = {{"PORT", "9999"}, {"KEY", "env"}, {"PATH", "/mine"}};
  const auto environment = program_environment(order, {{"KEY", "secret"}}, "/m", 20123);

  const auto count = [&](const std::string& entry) {
    return std::count(environment.begin(), environment.end(), entry);
  };
  BOOST_TEST(count("PORT=9999") == 1);
  BOOST_TEST(count("SKYCTL_REPLICA_PORT=20123") == 1);
  BOOST_TEST(count("KEY=secret") == 1);
  BOOST_TEST(count("KEY=env") == 0);
  BOOST_TEST(count("PATH=/mine") == 1);
  BOOST_TEST(count("HOME=/m/work") == 1);
  BOOST_TEST(count("SKYCTL_MACHINE=/m") == 1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters::sandbox
