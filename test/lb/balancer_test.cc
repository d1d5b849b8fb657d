// The table folded from events, as the process does it between two snapshots.
#include "test/lb/test_balancer.h"

namespace sky::lb {

BOOST_AUTO_TEST_SUITE(balancer)

BOOST_AUTO_TEST_CASE(events_open_the_port_route_requests_and_close_it_again) {
  // given a replica that answers, and a service known only by its events
  Origin origin;
  TestBalancer lb;
  const std::uint16_t port = free_port();
  std::uint64_t seq = 0;
  const auto happened = [&](core::ReplicaId replica, core::EventBody body) {
    core::Event event;
    event.seq = {++seq};
    event.service = "other";
    event.replica = replica;
    event.body = std::move(body);
    return lb.on_loop([&](Balancer& balancer) { return balancer.apply(event); });
  };
  core::ServiceRegistered registered;
  registered.spec.name = "other";
  registered.endpoint_port = port;
  BOOST_TEST(happened({}, registered));
  Peer early = Peer::to(port);
  early.write(get("/early"));
  BOOST_REQUIRE(lb.reaches([](const auto& now) { return now.held == 1; }));

  // when it becomes ready
  happened({5}, core::ReplicaPlanned{.version = {1}, .pool = core::Pool::burst, .reason = ""});
  happened({5}, core::LaunchIntended{.attempt = 1, .offer = {}});
  happened({5}, core::ProvisionSucceeded{
                    .attempt = 1, .instance_id = "i", .host = "127.0.0.1", .port = origin.port()});
  BOOST_TEST(early.is_silent_for(20ms));
  happened({5}, core::ReplicaBecameReady{});

  // then the held request is answered, and the next event that removes it closes the port
  Peer replica = origin.accept();
  BOOST_TEST(replica.read_head().starts_with("GET /early "));
  replica.write(ok("hello"));
  BOOST_TEST(contains(early.read_message(), "X-Skyctl-Replica: 5\r\n"));
  BOOST_TEST(happened({}, core::ServiceRemoved{}));
  BOOST_TEST(early.read_to_end() == "");
  BOOST_TEST((lb.on_loop([](Balancer& balancer) { return balancer.find("other") == nullptr; })));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::lb
