// What a request may need besides a replica: a key, a tunnel, a trace, a place within the limits.
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "lb/message_writer.h"
#include "lb/token_meter.h"
#include "test/lb/test_balancer.h"

namespace sky::lb {
namespace {

std::string with_key(std::string_view key) {
  return "GET / HTTP/1.1\r\nHost: svc\r\nAuthorization: " + std::string(key) + "\r\n\r\n";
}

constexpr const char* upgrade_head =
    "GET /ws HTTP/1.1\r\nHost: svc\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: abc\r\n\r\n";
constexpr const char* switching =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Accept: xyz\r\n\r\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(request)

BOOST_AUTO_TEST_CASE(only_those_with_a_key_get_in_and_the_key_stays_here) {
  char name[] = "/tmp/skyctl-keys-XXXXXX";
  ::close(mkstemp(name));
  std::ofstream(name) << "# keys\nfirst-key\n\n  second-key  \r\n";
  Origin origin;
  TestBalancer lb;
  lb.service.balancer.api_keys_file = name;
  lb.add_replica(1, origin.port());
  for (const char* wrong : {"Bearer first", "Bearer first-key2", "Basic first-key", "Bearer ",
                            "Bearer # keys", "first-key"}) {
    Peer client = lb.client();
    client.write(with_key(wrong));
    const std::string answer = client.read_message();
    BOOST_TEST(answer.starts_with("HTTP/1.1 401 "), wrong);
    BOOST_TEST(contains(answer, "WWW-Authenticate: Bearer\r\n"));
    BOOST_TEST(!contains(answer, "first"));
  }
  BOOST_TEST(!origin.has_connection(0ms));
  Peer client = lb.client();
  std::optional<Peer> replica;
  for (const char* right : {"Bearer first-key", "bearer second-key"}) {
    client.write(with_key(right));
    if (!replica) replica.emplace(origin.accept());
    BOOST_TEST(!contains(replica->read_head(), "-key"));  // no spot machine sees it
    replica->write(ok("in"));
    BOOST_TEST(client.read_message().ends_with("in"));
  }
  // The file is read again when it changes; without it nobody gets in.
  std::ofstream(name) << "third-key-is-longer\n";
  for (const bool is_gone : {false, true}) {
    if (is_gone) std::filesystem::remove(name);
    const auto until = std::chrono::steady_clock::now() + patience;
    std::string answer;
    do {
      client.write(with_key(is_gone ? "Bearer third-key-is-longer" : "Bearer first-key"));
      if (!client.is_silent_for(100ms)) {
        answer = client.read_message();
      } else {
        replica->read_head();
        replica->write(ok("in"));
        answer = client.read_message();
      }
    } while (!answer.starts_with("HTTP/1.1 401 ") && std::chrono::steady_clock::now() < until);
    BOOST_TEST(answer.starts_with("HTTP/1.1 401 "));
  }
}

BOOST_AUTO_TEST_CASE(tunnel_opens_after_a_101_and_passes_bytes_both_ways) {
  Origin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  Peer client = lb.client();
  client.write(std::string(upgrade_head) + "early");
  Peer replica = origin.accept();
  const std::string head = replica.read_head();
  BOOST_TEST(contains(head, "Connection: upgrade\r\nUpgrade: websocket\r\n"));
  BOOST_TEST(contains(head, "Sec-WebSocket-Key: abc\r\n"));
  BOOST_TEST(replica.is_silent_for(50ms));  // what follows waits for the 101
  replica.write(std::string(switching) + "hello");
  const std::string answer = client.read_head();
  BOOST_TEST(answer.starts_with("HTTP/1.1 101 "));
  BOOST_TEST(contains(answer, "Upgrade: websocket\r\n"));
  BOOST_TEST(contains(answer, "Sec-WebSocket-Accept: xyz\r\n"));
  BOOST_TEST(client.read_bytes(5) == "hello");
  BOOST_TEST(replica.read_bytes(5) == "early");
  for (int i = 0; i < 5; ++i) {
    client.write("GET / HTTP/1.1\r\n\r\n");  // only bytes now
    BOOST_TEST(replica.read_bytes(18) == "GET / HTTP/1.1\r\n\r\n");
    replica.write("0\r\n\r\n");
    BOOST_TEST(client.read_bytes(5) == "0\r\n\r\n");
  }
  BOOST_TEST(lb.counters().in_flight == 1U);
  replica.close();
  BOOST_TEST(client.read_to_end() == "");
  client.close();
  BOOST_TEST(lb.becomes_idle());
}

BOOST_AUTO_TEST_CASE(tunnel_ends_with_its_client) {
  Origin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  Peer client = lb.client();
  client.write(upgrade_head);
  Peer replica = origin.accept();
  replica.read_head();
  replica.write(switching);
  client.read_head();
  client.close();
  replica.read_to_end();
  BOOST_TEST(lb.becomes_idle());
}

BOOST_AUTO_TEST_CASE(refused_upgrade_stays_http_and_h2c_is_never_asked_for) {
  Origin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  Peer client = lb.client();
  client.write(upgrade_head);
  client.write(get("/next"));
  Peer replica = origin.accept();
  replica.read_head();
  replica.write(ok("no"));
  BOOST_TEST(client.read_message().ends_with("no"));
  BOOST_TEST(replica.read_head().starts_with("GET /next "));
  replica.write(ok("2"));
  BOOST_TEST(client.read_message().ends_with("2"));
  client.write(
      "GET /h2 HTTP/1.1\r\nHost: svc\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
      "HTTP2-Settings: AAA\r\n\r\n");
  const std::string head = replica.read_head();
  BOOST_TEST(!contains(head, "pgrade"));
  BOOST_TEST(!contains(head, "HTTP2-Settings"));
  replica.write(ok("3"));
  client.read_message();
}

BOOST_AUTO_TEST_CASE(trace_is_passed_or_begun_and_stands_in_the_log_with_the_phases) {
  char folder[] = "/tmp/skyctl-log-XXXXXX";
  BOOST_REQUIRE(mkdtemp(folder) != nullptr);
  BalancerOptions options;
  options.access_log = std::filesystem::path(folder) / "lb.log";
  Origin origin;
  std::string own;
  {
    TestBalancer lb(options);
    lb.add_replica(3, origin.port());
    Peer client = lb.client();
    client.write(
        "GET /given?secret=1 HTTP/1.1\r\nHost: svc\r\ntraceparent: "
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n");
    Peer replica = origin.accept();
    BOOST_TEST(
        contains(replica.read_head(),
                 "Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"));
    replica.write(ok("x"));
    client.read_message();
    client.write("GET /bad HTTP/1.1\r\nHost: svc\r\nTraceparent: 00-zz\r\n\r\n");
    const std::string head = replica.read_head();
    const std::size_t at = head.find("Traceparent: 00-");
    BOOST_REQUIRE(at != std::string::npos);
    own = head.substr(at + 16, 32);
    BOOST_TEST(own.find_first_not_of("0123456789abcdef") == std::string::npos);
    replica.write(ok("x"));
    client.read_message();
  }
  std::ifstream file(options.access_log);
  std::string first;
  std::string second;
  std::getline(file, first);
  std::getline(file, second);
  for (const char* part :
       {" svc 3 GET /given 200 ", " queue_us=", " connect_us=", " ttfb_us=", " total_us=",
        " attempts=1 cause=ok pick=only_one ", " trace=0af7651916cd43dd8448eb211c80319c"}) {
    BOOST_TEST(contains(first, part), part << " in " << first);
  }
  BOOST_TEST(contains(second, " trace=" + own));
  BOOST_TEST(!contains(first, "secret"));
  std::filesystem::remove_all(folder);
}

BOOST_AUTO_TEST_CASE(limits_of_the_service_hold) {
  Origin origin;
  TestBalancer lb;
  lb.service.balancer.limits.max_body_bytes = 10;
  lb.service.balancer.limits.max_head_bytes = 1024;
  lb.service.balancer.limits.first_byte_timeout = core::milliseconds(200);
  lb.add_replica(1, origin.port());
  Peer sized = lb.client();
  sized.write(post("/", "eleven byte"));
  BOOST_TEST(sized.read_message().starts_with("HTTP/1.1 413 "));
  BOOST_TEST(!origin.has_connection(0ms));
  Peer chunked = lb.client();
  chunked.write(
      "POST / HTTP/1.1\r\nHost: svc\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n");
  Peer replica = origin.accept();
  replica.read_until("abcdef\r\n");
  chunked.write("6\r\nabcdef\r\n");
  BOOST_TEST(chunked.read_message().starts_with("HTTP/1.1 413 "));
  BOOST_TEST(!contains(replica.read_to_end(), "0\r\n\r\n"));
  Peer large = lb.client();
  large.write("GET / HTTP/1.1\r\nHost: svc\r\nX: " + std::string(1100, 'x') + "\r\n\r\n");
  BOOST_TEST(large.read_message().starts_with("HTTP/1.1 431 "));
  Peer waits = lb.client();
  waits.write(get("/"));
  BOOST_TEST(waits.read_message().starts_with("HTTP/1.1 504 "));
}

BOOST_AUTO_TEST_CASE(flood_of_connections_leaves_the_others_of_another_service_alone) {
  AutoOrigin origin("x");
  TestBalancer lb;
  lb.service.balancer.limits.max_connections = 8;
  lb.add_replica(1, origin.port());
  std::vector<Peer> flood;
  for (int i = 0; i < 64; ++i) flood.push_back(lb.client());  // the kernel takes them, not we
  BOOST_TEST(lb.reaches([](const auto& now) { return now.client_connections == 8; }));
  std::this_thread::sleep_for(50ms);
  BOOST_TEST(lb.counters().client_connections == 8U);
  flood.clear();
  Peer client = lb.client();
  client.write(get("/"));
  BOOST_TEST(client.read_message().starts_with("HTTP/1.1 200 "));
}

BOOST_AUTO_TEST_CASE(tokens_and_times_are_counted_by_replica_and_service) {
  Origin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  Peer client = lb.client();
  const auto stream = [&](std::optional<Peer>& replica, const std::string& events) {
    client.write(get("/"));
    if (!replica) replica.emplace(origin.accept());
    replica->read_head();
    replica->write(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: "
        "chunked\r\n\r\n");
    for (std::size_t at = 0; at < events.size(); at += 40) {
      ByteBuffer chunk;
      append_chunk(chunk, std::string_view(events).substr(at, 40));
      replica->write(chunk.view());
    }
    replica->write("0\r\n\r\n");
    client.read_until("0\r\n\r\n");
  };
  std::optional<Peer> replica;
  stream(replica, "data: {\"a\"}\n\ndata: {\"b\"}\n\n: ping\n\ndata: {\"c\"}\n\ndata: [DONE]\n\n");
  stream(replica,
         "data: {\"a\"}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\": 7, "
         "\"total_tokens\":16,\"completion_tokens\":9}}\n\ndata: [DONE]\n\n");
  client.write(get("/"));
  replica->read_head();
  const std::string body = "{\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":20}}";
  replica->write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                 std::to_string(body.size()) + "\r\n\r\n" + body);
  client.read_message();
  const std::string metrics = lb.on_loop([](Balancer& balancer) { return balancer.metrics(); });
  for (const char* line :
       {"skyctl_lb_input_tokens_total{service=\"svc\"} 107\n",
        "skyctl_lb_output_tokens_total{service=\"svc\"} 32\n",
        "skyctl_lb_replica_output_tokens_total{service=\"svc\",replica=\"1\"} 32\n",
        "skyctl_lb_request_ttft_seconds_count{service=\"svc\"} 3\n",
        "skyctl_lb_request_ttft_seconds_bucket{service=\"svc\",le=\"+Inf\"} 3\n",
        "skyctl_lb_replica_itl_seconds_bucket{service=\"svc\",replica=\"1\",le=\"60\"} "}) {
    BOOST_TEST(contains(metrics, line), line << " in " << metrics);
  }
}

BOOST_AUTO_TEST_CASE(usage_is_read_where_it_stands_last) {
  BOOST_TEST(!usage_in("{\"usage\": null}").has_value());
  BOOST_TEST(!usage_in("no").has_value());
  BOOST_TEST(
      (usage_in("\"usage\":null ... \"usage\" : {\"prompt_tokens\" : 3}") == TokenCounts{3, 0}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::lb
