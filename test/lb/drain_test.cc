// Replicas and services that go away while requests run.
#include "test/lb/test_balancer.h"

namespace sky::lb {

namespace {

std::size_t count_of(const std::vector<core::InputBody>& reports,
                     const std::function<bool(const core::InputBody&)>& wanted) {
  return static_cast<std::size_t>(std::count_if(reports.begin(), reports.end(), wanted));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(drain)

BOOST_AUTO_TEST_CASE(draining_replica_finishes_its_stream_and_gets_nothing_new) {
  Origin leaving;
  Origin staying;
  TestBalancer lb;
  lb.add_replica(1, leaving.port());
  Peer stream = lb.client();
  stream.write(get("/stream"));
  Peer old = leaving.accept();
  old.read_head();
  old.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
  stream.read_until("\r\n\r\n1\r\na\r\n");
  lb.route(1).state = core::RouteState::draining;
  lb.add_replica(2, staying.port());

  for (int i = 0; i < 4; ++i) {
    Peer client = lb.client();
    client.write(get("/new"));
    Peer replica = staying.accept();
    replica.read_head();
    replica.write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    client.read_head();
  }
  BOOST_TEST(!leaving.has_connection(0ms));
  const auto is_drained = [](const core::InputBody& body) {
    const auto* report = std::get_if<core::ReplicaReported>(&body);
    return report != nullptr && report->change == core::EndpointChange::drained;
  };
  BOOST_TEST(count_of(lb.reports(), is_drained) == 0U);
  old.write("1\r\nb\r\n0\r\n\r\n");
  BOOST_TEST(stream.read_until("0\r\n\r\n") == "1\r\nb\r\n0\r\n\r\n");
  BOOST_TEST(lb.reports_change(1, core::EndpointChange::drained));
  BOOST_TEST(count_of(lb.reports(), is_drained) == 1U);
  old.read_to_end();  // not pooled
}

BOOST_AUTO_TEST_CASE(idle_replica_is_drained_at_once) {
  Origin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  lb.route(1).state = core::RouteState::draining;
  lb.publish();
  BOOST_TEST(lb.reports_change(1, core::EndpointChange::drained));
}

BOOST_AUTO_TEST_CASE(drain_deadline_cuts_streams_without_a_clean_end) {
  Origin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  Peer events = lb.client();
  events.write(get("/events"));
  Peer first = origin.accept();
  first.read_head();
  first.write(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: "
      "chunked\r\n\r\n9\r\ndata: x\n\n\r\n");
  events.read_until("data: x\n\n");
  Peer sized = lb.client();
  sized.write(get("/sized"));
  Peer second = origin.accept();
  second.read_head();
  second.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  sized.read_until("\r\n\r\nabc");

  lb.route(1).state = core::RouteState::draining;
  lb.route(1).drain_deadline =
      core::WallTime(std::chrono::duration_cast<core::Duration>(
                         std::chrono::system_clock::now().time_since_epoch()) +
                     core::milliseconds(200));
  lb.publish();

  const std::string rest = events.read_to_end();
  BOOST_TEST(contains(rest, "event: error\ndata: {"));
  BOOST_TEST(!contains(rest, "0\r\n\r\n"));
  BOOST_TEST(!contains(rest, "[DONE]"));
  BOOST_TEST(sized.read_to_end() == "");
  first.read_to_end();
  BOOST_TEST(lb.reports_change(1, core::EndpointChange::drained));
  events.close();
  sized.close();
  BOOST_TEST(lb.becomes_idle());
}

BOOST_AUTO_TEST_CASE(removed_service_finishes_what_runs) {
  Origin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  Peer client = lb.client();
  client.write(get("/"));
  Peer idle = lb.client();
  Peer replica = origin.accept();
  replica.read_head();
  lb.on_loop([](Balancer& balancer) { balancer.apply(core::RoutingSnapshot{}); });
  BOOST_TEST(idle.read_to_end() == "");
  replica.write(ok("last"));
  const std::string answer = client.read_to_end();
  BOOST_TEST(contains(answer, "Connection: close"));
  BOOST_TEST(answer.ends_with("last"));
  client.close();
  BOOST_TEST(lb.becomes_idle());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::lb
