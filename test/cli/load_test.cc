#include "cli/load.h"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <optional>

#include "adapters/json.h"
#include "cli/demo_llm_server.h"
#include "cli/http_server.h"
#include "cli/load_generator.h"

namespace sky::cli {
namespace {

using core::milliseconds;
using Counts = std::map<std::string, std::uint64_t>;

BOOST_AUTO_TEST_SUITE(load_schedule)

BOOST_AUTO_TEST_CASE(even_arrivals_keep_their_spacing_for_ever) {
  LoadSchedule schedule(3, false, 1);
  for (int i = 0; i < 3'000'000; ++i) schedule.advance();
  BOOST_TEST(schedule.next().count() == core::seconds(1'000'000).count());
}

BOOST_AUTO_TEST_CASE(poisson_arrivals_have_the_asked_rate_and_repeat_with_their_seed) {
  LoadSchedule one(50, true, 7), same(50, true, 7), other(50, true, 8);
  int short_gaps = 0;
  for (int i = 0; i < 100'000; ++i) {
    const core::Duration before = one.next();
    one.advance(), same.advance(), other.advance();
    BOOST_REQUIRE(one.next() >= before);
    short_gaps += one.next() - before < milliseconds(2) ? 1 : 0;
  }
  const double seconds = static_cast<double>(one.next().count()) / 1e6;
  BOOST_TEST(seconds > 1980);  // 100 000 / 50, give or take 1 %
  BOOST_TEST(seconds < 2020);
  BOOST_TEST(short_gaps > 9000);  // 1 - exp(-0.1) = 9.5 % of all gaps are below 2 ms
  BOOST_TEST(short_gaps < 10'000);
  BOOST_TEST(same.next().count() == one.next().count());
  BOOST_TEST(other.next().count() != one.next().count());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(load_report)

BOOST_AUTO_TEST_CASE(percentiles_are_of_nearest_rank) {
  LoadReport report;
  for (int i = 200; i >= 1; --i) report.add_ok(milliseconds(i), milliseconds(1));
  const Percentiles latency = report.latency();
  BOOST_TEST(latency.p50.count() == 100'000);
  BOOST_TEST(latency.p90.count() == 180'000);
  BOOST_TEST(latency.p99.count() == 198'000);
  BOOST_TEST(latency.max.count() == 200'000);
  BOOST_TEST(LoadReport().latency().max.count() == 0);
}

BOOST_AUTO_TEST_CASE(text_and_json_tell_every_count) {
  LoadOptions options;
  options.url = "http://127.0.0.1:30001";
  options.qps = 4;
  LoadReport report;
  for (int i = 0; i < 5; ++i) report.add_sent();
  report.add_ok(milliseconds(20), milliseconds(5));
  report.add_ok(milliseconds(40), milliseconds(7));
  report.add_failure("status 503");
  report.add_failure("status 503");
  report.add_failure("connect");
  report.add_not_sent();
  report.add_replica("1");
  report.set_run(core::seconds(10), milliseconds(250), true);
  const std::string text = report.as_text(options);
  for (const char* part :
       {"4 qps (even) for 10.0 s against http://127.0.0.1:30001, interrupted\n",
        "sent 5, ok 2, failed 3\n", "failed by    connect: 1, status 503: 2\n",
        "not sent     1: client limit (1000 in flight)\n", "up to 250 ms late",
        "latency          20.0 ms     40.0 ms     40.0 ms     40.0 ms\n",
        "first byte        5.0 ms      7.0 ms      7.0 ms      7.0 ms\n", "by replica   1: 1\n"})
    BOOST_TEST_CONTEXT(text << " / " << part) BOOST_TEST(text.find(part) != std::string::npos);
  const auto json = adapters::parse_json(report.as_json(options));
  BOOST_REQUIRE(json);
  const adapters::JsonView root(*json);
  BOOST_TEST(root.at("sent").integer_or(0) == 5);
  BOOST_TEST(root.at("ok").integer_or(0) == 2);
  BOOST_TEST(root.at("failed").integer_or(0) == 3);
  BOOST_TEST(root.at("not_sent").integer_or(0) == 1);
  BOOST_TEST(root.at("failures").at("status 503").integer_or(0) == 2);
  BOOST_TEST(*root.at("latency_ms").at("p90").as_number() == 40.0);
  BOOST_TEST(!report.all_went_well());
}

BOOST_AUTO_TEST_SUITE_END()

// A server and a generator on one loop.
struct Fixture {
  Fixture()
      : server(reactor, [this](const HttpRequest& request, Responder to) {
          requests.push_back(request);
          handler(request, to);
        }) {
    BOOST_REQUIRE(server.listen_tcp("127.0.0.1", 0));
    options.url = "http://127.0.0.1:" + std::to_string(server.port());
    options.qps = 100;
    options.duration = milliseconds(100);  // ten requests
    options.timeout = milliseconds(500);
  }
  const LoadReport& run() {
    generator.emplace(reactor, options, [this] { reactor.stop(); });
    generator->start();
    reactor.run();
    return generator->report();
  }

  adapters::Reactor reactor;
  HttpHandler handler;
  std::vector<HttpRequest> requests;
  LoadOptions options;
  HttpServer server;
  std::optional<LoadGenerator> generator;
};

BOOST_FIXTURE_TEST_SUITE(load_generator, Fixture)

BOOST_AUTO_TEST_CASE(every_request_is_sent_once_and_counted) {
  options.prompt = "say \"hello\"";
  options.max_tokens = 3;
  handler = [&](const HttpRequest&, const Responder& to) {
    HttpAnswer answer{.body = "{}"};
    answer.headers.push_back({"x-skyctl-replica", requests.size() % 2 == 0 ? "1" : "2"});
    to.answer(answer);
  };
  const LoadReport& report = run();
  BOOST_TEST(report.sent() == 10u);
  BOOST_TEST(report.ok() == 10u);
  BOOST_TEST(report.all_went_well());
  BOOST_TEST((report.replicas() == Counts{{"1", 5}, {"2", 5}}));
  BOOST_TEST(report.latency().p50.count() > 0);
  BOOST_TEST(requests.size() == 10u);
  BOOST_TEST(requests[0].method == "POST");
  BOOST_TEST(requests[0].path == "/v1/chat/completions");
  BOOST_TEST(requests[0].header("content-type") == "application/json");
  BOOST_TEST(requests[0].body ==
             R"({"model":"llama3","messages":[{"role":"user","content":"say \"hello\""}],)"
             R"("max_tokens":3})");
}

BOOST_AUTO_TEST_CASE(arrivals_do_not_wait_for_answers) {
  std::vector<Responder> waiting;
  handler = [&](const HttpRequest&, const Responder& to) {
    waiting.push_back(to);
    if (waiting.size() < 10) return;
    for (const Responder& one : waiting) one.answer_json("{}");
  };
  const LoadReport& report = run();  // a closed loop would have sent one and stopped
  BOOST_TEST(report.ok() == 10u);
  BOOST_TEST((report.latency().max > milliseconds(50)));
}

BOOST_AUTO_TEST_CASE(failures_are_told_apart_by_cause) {
  std::vector<Responder> kept;
  handler = [&](const HttpRequest&, const Responder& to) {
    switch (requests.size()) {
      case 1: return to.answer_error(503, "not now");
      case 2: return to.answer_error(429, "too many");
      case 3: return kept.push_back(to);  // until its timeout
      case 4: return to.begin_stream({.body = "half"});  // dropped: cut in the middle
      default: return to.answer_json("{}");
    }
  };
  const LoadReport& report = run();
  BOOST_TEST(report.ok() == 6u);
  BOOST_TEST((report.failures() ==
              Counts{{"status 503", 1}, {"status 429", 1}, {"timeout", 1}, {"cut answer", 1}}));
}

BOOST_AUTO_TEST_CASE(a_stream_without_its_end_mark_was_cut) {
  options.is_stream = true;
  handler = [&](const HttpRequest& request, const Responder& to) {
    BOOST_TEST(request.body.find(R"("stream":true)") != std::string::npos);
    to.begin_stream({.content_type = "text/event-stream", .body = "data: {}\n\n"});
    if (requests.size() == 1) return to.end_stream();  // clean for HTTP, but not for the reader
    if (requests.size() == 2) return;  // cut on the wire
    to.write("data: [DO");
    to.write("NE]\n\n");
    to.end_stream();
  };
  const LoadReport& report = run();
  BOOST_TEST(report.ok() == 8u);
  BOOST_TEST((report.failures() == Counts{{"cut stream", 2}}));
}

BOOST_AUTO_TEST_CASE(a_port_where_nobody_listens_is_a_connect_failure) {
  server.drain();
  const LoadReport& report = run();
  BOOST_TEST((report.failures() == Counts{{"connect", 10}}));
}

BOOST_AUTO_TEST_CASE(beyond_its_own_limit_requests_are_not_sent) {
  options.max_in_flight = 4;
  options.timeout = milliseconds(200);
  std::vector<Responder> kept;
  handler = [&](const HttpRequest&, const Responder& to) { kept.push_back(to); };
  const LoadReport& report = run();
  BOOST_TEST(report.sent() == 4u);
  BOOST_TEST(report.not_sent() == 6u);
  BOOST_TEST((report.failures() == Counts{{"timeout", 4}}));
}

BOOST_AUTO_TEST_CASE(stopping_ends_the_arrivals_and_waits_for_the_answers) {
  options.duration = core::seconds(60);
  handler = [&](const HttpRequest&, const Responder& to) {
    if (requests.size() == 3) generator->stop();
    to.answer_json("{}");
  };
  const LoadReport& report = run();
  BOOST_TEST(report.sent() < 10u);
  BOOST_TEST(report.ok() == report.sent());
}

BOOST_AUTO_TEST_CASE(it_loads_the_stand_in_model_with_streams) {
  DemoLlmOptions model;
  model.port = 0;
  model.first_token = milliseconds(5);
  model.per_token = milliseconds(1);
  model.tokens = 5;
  DemoLlmServer llm(reactor, model);
  BOOST_REQUIRE(llm.listen());
  options.url = "http://127.0.0.1:" + std::to_string(llm.port()) + "/";
  options.is_stream = true;
  options.is_poisson = true;
  const LoadReport& report = run();
  BOOST_TEST(report.sent() > 2u);
  BOOST_TEST(report.ok() == report.sent());
  BOOST_TEST((report.first_byte().p50 < report.latency().p50));
  generator.reset();
}

BOOST_AUTO_TEST_CASE(wrong_options_are_refused) {
  const auto is_wrong = [&](auto change) {
    LoadOptions changed = options;
    change(changed);
    const auto valid = validate(changed);
    return !valid && valid.error().code == core::ErrorCode::usage;
  };
  BOOST_TEST(validate(options).has_value());
  BOOST_TEST(is_wrong([](LoadOptions& o) { o.url = "127.0.0.1:30001"; }));
  BOOST_TEST(is_wrong([](LoadOptions& o) { o.qps = 0; }));
  BOOST_TEST(is_wrong([](LoadOptions& o) { o.qps = std::nan(""); }));
  BOOST_TEST(is_wrong([](LoadOptions& o) { o.duration = core::seconds(90'000); }));
  BOOST_TEST(is_wrong([](LoadOptions& o) { o.qps = 50'000, o.duration = core::seconds(1000); }));
  BOOST_TEST(is_wrong([](LoadOptions& o) { o.timeout = core::Duration{0}; }));
  BOOST_TEST(is_wrong([](LoadOptions& o) { o.max_in_flight = 0; }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::cli
