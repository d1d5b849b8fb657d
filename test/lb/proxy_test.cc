// Requests and responses through the proxy: heads, framing, streaming, reuse of connections.
#include "test/lb/test_balancer.h"

namespace sky::lb {

BOOST_AUTO_TEST_SUITE(proxy)

BOOST_AUTO_TEST_CASE(request_and_response_pass_with_their_heads_rewritten) {
  // given
  Origin origin;
  TestBalancer lb;
  lb.add_replica(7, origin.port());

  // when
  Peer client = lb.client();
  client.write(
      "POST http://svc/v1?key=secret HTTP/1.1\r\nHost: svc\r\nContent-Length: 3\r\nConnection: "
      "keep-alive, X-Private\r\nX-Private: mine\r\nTE: trailers\r\nX-Kept: yes\r\nUpgrade: "
      "h2c\r\nX-Forwarded-For: 10.1.1.1\r\nX-Forwarded-Proto: spoofed\r\nX-Request-Id: "
      "abc\r\n\r\nxyz");
  Peer replica = origin.accept();
  const std::string request = replica.read_message();
  replica.write(
      "HTTP/1.1 201 Made\r\nContent-Length: 2\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nConnection: "
      "X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n\r\nhi");
  const std::string response = client.read_message();

  // then
  BOOST_TEST(request.starts_with("POST /v1?key=secret HTTP/1.1\r\nHost: svc\r\n"));
  BOOST_TEST(request.ends_with("\r\n\r\nxyz"));
  for (const char* part :
       {"Content-Length: 3\r\n", "X-Kept: yes\r\n", "Via: 1.1 skyctl\r\n",
        "X-Forwarded-For: 10.1.1.1, 127.0.0.1\r\n", "X-Forwarded-Proto: http\r\n",
        "X-Forwarded-Host: svc\r\n", "X-Request-Id: abc\r\n"}) {
    BOOST_TEST(contains(request, part), part << " in " << request);
  }
  for (const char* part : {"X-Private", "TE:", "Upgrade", "Connection", "spoofed"}) {
    BOOST_TEST(!contains(request, part), part << " in " << request);
  }
  BOOST_TEST(response.starts_with("HTTP/1.1 201 Made\r\n"));
  BOOST_TEST(response.ends_with("\r\n\r\nhi"));
  for (const char* part : {"Set-Cookie: a\r\nSet-Cookie: b\r\n", "X-Skyctl-Replica: 7\r\n",
                           "X-Request-Id: abc\r\n", "Via: 1.1 skyctl\r\n"}) {
    BOOST_TEST(contains(response, part), part << " in " << response);
  }
  BOOST_TEST(!contains(response, "X-Hop"));
  BOOST_TEST(!contains(response, "Keep-Alive"));
}

BOOST_AUTO_TEST_CASE(both_sides_keep_their_connections) {
  Origin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  Peer client = lb.client();
  std::optional<Peer> replica;
  for (int i = 0; i < 5; ++i) {
    client.write(get("/" + std::to_string(i)));
    if (!replica) replica.emplace(origin.accept());
    BOOST_TEST(replica->read_head().starts_with("GET /" + std::to_string(i) + " "));
    replica->write(ok("n" + std::to_string(i)));
    BOOST_TEST(client.read_message().ends_with("n" + std::to_string(i)));
  }
  BOOST_TEST(!origin.has_connection(0ms));
  BOOST_TEST(lb.counters().upstream_connections == 1U);
  // Another client uses the same pooled connection.
  Peer second = lb.client();
  second.write(get("/second"));
  BOOST_TEST(replica->read_head().starts_with("GET /second "));
  replica->write(ok("2"));
  second.read_message();
}

BOOST_AUTO_TEST_CASE(pipelined_requests_are_answered_in_order) {
  Origin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  Peer client = lb.client();
  client.write(get("/1") + post("/2", "body") + get("/3"));
  Peer replica = origin.accept();
  for (const char* path : {"/1", "/2", "/3"}) {
    BOOST_TEST(contains(replica.read_message(), path));
    BOOST_TEST(replica.is_silent_for(20ms));  // the next one waits for its turn
    replica.write(ok(path));
  }
  for (const char* path : {"/1", "/2", "/3"}) BOOST_TEST(client.read_message().ends_with(path));
}

BOOST_AUTO_TEST_CASE(response_streams_chunk_by_chunk) {
  Origin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  Peer client = lb.client();
  client.write(get("/stream"));
  Peer replica = origin.accept();
  replica.read_head();
  replica.write(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  BOOST_TEST(contains(client.read_head(), "Transfer-Encoding: chunked"));
  for (int i = 0; i < 10; ++i) {  // each arrives before the next is sent
    replica.write("5;ext=1\r\ntok" + std::to_string(i) + "\n\r\n");
    BOOST_TEST(client.read_until("\n\r\n") == "5\r\ntok" + std::to_string(i) + "\n\r\n");
  }
  replica.write("0\r\nTrailer: dropped\r\n\r\n");
  BOOST_TEST(client.read_until("0\r\n\r\n") == "0\r\n\r\n");
  client.write(get("/next"));  // both connections live on
  replica.read_head();
  replica.write(ok("x"));
  BOOST_TEST(client.read_message().ends_with("x"));
}

BOOST_AUTO_TEST_CASE(request_body_streams_piece_by_piece_and_is_framed_anew) {
  Origin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  Peer client = lb.client();
  client.write("POST /up HTTP/1.1\r\nHost: svc\r\nTransfer-Encoding: chunked\r\n\r\n");
  Peer replica = origin.accept();
  BOOST_TEST(contains(replica.read_head(), "Transfer-Encoding: chunked\r\n"));
  client.write("3;evil=1\r\nabc\r\n");
  BOOST_TEST(replica.read_until("abc\r\n") == "3\r\nabc\r\n");
  client.write("2\r\nde\r\n");
  BOOST_TEST(replica.read_until("de\r\n") == "2\r\nde\r\n");
  client.write("0\r\n\r\n");
  BOOST_TEST(replica.read_until("0\r\n\r\n") == "0\r\n\r\n");
  replica.write(ok("done"));
  BOOST_TEST(client.read_message().ends_with("done"));
}

BOOST_AUTO_TEST_CASE(large_bodies_pass_whole_both_ways_without_being_gathered) {
  Origin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  std::string large(20 << 20, 'x');
  for (std::size_t i = 0; i < large.size(); i += 4096) large[i] = static_cast<char>('a' + i % 23);
  Peer client = lb.client();
  std::thread sender([&] { client.write(post("/", large)); });
  Peer replica = origin.accept();
  std::this_thread::sleep_for(50ms);  // the replica does not read: nothing may pile up
  BOOST_TEST(lb.counters().replay_bytes <= max_replay_bytes + 512 * 1024);
  const std::string request = replica.read_message();
  sender.join();
  BOOST_TEST((request.substr(request.find("\r\n\r\n") + 4) == large));

  std::thread answer([&] { replica.write(ok(large)); });
  std::this_thread::sleep_for(50ms);  // nor for a client that does not read
  const std::string response = client.read_message();
  answer.join();
  BOOST_TEST((response.substr(response.find("\r\n\r\n") + 4) == large));
}

BOOST_AUTO_TEST_CASE(answers_without_a_body_leave_the_connection_in_step) {
  Origin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  Peer client = lb.client();
  client.write("HEAD /h HTTP/1.1\r\nHost: svc\r\n\r\n");
  Peer replica = origin.accept();
  replica.read_head();
  replica.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
  BOOST_TEST(contains(client.read_head(), "Content-Length: 1000\r\n"));
  client.write(get("/304"));
  replica.read_head();
  replica.write("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: x\r\n\r\n");
  BOOST_TEST(contains(client.read_head(), "ETag: x"));
  client.write("DELETE /204 HTTP/1.1\r\nHost: svc\r\n\r\n");
  replica.read_head();
  replica.write("HTTP/1.1 204 No Content\r\n\r\n");
  const std::string head = client.read_head();
  BOOST_TEST(!contains(head, "Content-Length"));
  BOOST_TEST(!contains(head, "Transfer-Encoding"));
  client.write(get("/last"));
  replica.read_head();
  replica.write(ok("end"));
  BOOST_TEST(client.read_message().ends_with("end"));
}

BOOST_AUTO_TEST_CASE(every_method_passes) {
  Origin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  Peer client = lb.client();
  std::optional<Peer> replica;
  for (const char* method :
       {"GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "REPORT", "M-SEARCH"}) {
    client.write(std::string(method) + " /m HTTP/1.1\r\nHost: svc\r\n\r\n");
    if (!replica) replica.emplace(origin.accept());
    BOOST_TEST(replica->read_head().starts_with(std::string(method) + " /m "));
    replica->write(ok("."));
    client.read_message();
  }
}

BOOST_AUTO_TEST_CASE(expectation_of_100_goes_to_the_replica_and_its_answer_back) {
  Origin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  Peer client = lb.client();
  client.write("POST / HTTP/1.1\r\nHost: svc\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  Peer replica = origin.accept();
  BOOST_TEST(contains(replica.read_head(), "Expect: 100-continue\r\n"));
  replica.write("HTTP/1.1 100 Continue\r\n\r\n");
  BOOST_TEST(client.read_head().starts_with("HTTP/1.1 100 Continue\r\n"));
  client.write("ab");
  BOOST_TEST(replica.read_bytes(2) == "ab");
  replica.write(ok("x"));
  BOOST_TEST(client.read_message().ends_with("x"));
}

BOOST_AUTO_TEST_CASE(http_1_0_client_gets_its_body_until_the_close) {
  Origin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  Peer client = lb.client();
  client.write("GET / HTTP/1.0\r\n\r\n");
  Peer replica = origin.accept();
  BOOST_TEST(contains(replica.read_head(), "Host: svc\r\n"));
  replica.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  const std::string all = client.read_to_end();
  BOOST_TEST(contains(all, "Connection: close\r\n"));
  BOOST_TEST(!contains(all, "Transfer-Encoding"));
  BOOST_TEST(all.ends_with("\r\n\r\nabc"));
}

BOOST_AUTO_TEST_CASE(replica_of_http_1_0_becomes_a_chunked_answer) {
  Origin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  Peer client = lb.client();
  client.write(get("/"));
  Peer replica = origin.accept();
  replica.read_head();
  replica.write("HTTP/1.0 200 OK\r\n\r\nabc");
  client.read_until("\r\n\r\n3\r\nabc\r\n");
  replica.close();
  BOOST_TEST(client.read_until("0\r\n\r\n") == "0\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(garbage_is_refused_and_others_go_on) {
  Origin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  Peer good = lb.client();
  good.write(get("/good"));
  Peer replica = origin.accept();
  replica.read_head();

  const std::pair<std::string, const char*> garbage[] = {
      {"\x16\x03\x01\x02\r\n\r\n", "400"},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       "400"},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n", "400"},
      {"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", "501"},
      {"GET /" + std::string(9000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", "414"},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(70000, 'x') + "\r\n\r\n", "431"},
  };
  for (const auto& [bytes, status] : garbage) {
    Peer bad = lb.client();
    bad.write(bytes);
    const std::string all = bad.read_to_end();
    BOOST_TEST(all.starts_with(std::string("HTTP/1.1 ") + status + " "), all);
    BOOST_TEST(contains(all, "Connection: close\r\n"));
    BOOST_TEST(bad.end() == "closed");
  }
  BOOST_TEST(!origin.has_connection(0ms));
  replica.write(ok("fine"));
  BOOST_TEST(good.read_message().ends_with("fine"));
}

BOOST_AUTO_TEST_CASE(body_that_breaks_its_framing_ends_the_request_at_the_replica) {
  Origin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  Peer client = lb.client();
  client.write("POST / HTTP/1.1\r\nHost: svc\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  Peer replica = origin.accept();
  replica.read_until("\r\n\r\n3\r\nabc\r\n");
  client.write("zz\r\n");
  BOOST_TEST(client.read_to_end().starts_with("HTTP/1.1 400 "));
  BOOST_TEST(!contains(replica.read_to_end(), "0\r\n\r\n"));
  client.close();
  BOOST_TEST(lb.becomes_idle());
}

BOOST_AUTO_TEST_CASE(client_that_vanishes_ends_the_request_at_the_replica) {
  Origin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  {
    Peer client = lb.client();
    client.write(get("/slow"));
    Peer replica = origin.accept();
    replica.read_head();
    BOOST_TEST(lb.counters().in_flight == 1U);
    client.close();
    replica.read_to_end();  // the proxy closes it
    BOOST_TEST(lb.becomes_idle());
  }
  Peer client = lb.client();  // in the middle of a stream
  client.write(get("/stream"));
  Peer replica = origin.accept();
  replica.read_head();
  replica.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  client.read_until("\r\n\r\n3\r\nabc\r\n");
  client.reset();
  replica.read_to_end();
  BOOST_TEST(lb.becomes_idle());
}

BOOST_AUTO_TEST_CASE(bad_responses_become_502) {
  Origin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  for (const char* bytes :
       {"garbage\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"}) {
    Peer client = lb.client();
    client.write(get("/"));
    Peer replica = origin.accept();
    replica.read_head();
    replica.write(bytes);
    BOOST_TEST(client.read_message().starts_with("HTTP/1.1 502 "), bytes);
    replica.read_to_end();
  }
}

BOOST_AUTO_TEST_CASE(unasked_bytes_on_a_pooled_connection_never_reach_a_client) {
  Origin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  Peer client = lb.client();
  client.write(get("/1"));
  Peer replica = origin.accept();
  replica.read_head();
  replica.write(ok("1") + ok("poison"));
  BOOST_TEST(client.read_message().ends_with("1"));
  client.write(get("/2"));
  Peer fresh = origin.accept();
  fresh.read_head();
  fresh.write(ok("2"));
  BOOST_TEST(client.read_message().ends_with("2"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::lb
