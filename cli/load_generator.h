// Sends requests on schedule and judges their answers.
//
// Loop thread. It finishes when the last arrival is over and every request has its answer or its
// timeout: bounded by duration + timeout.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "adapters/http_client.h"
#include "adapters/reactor.h"
#include "cli/load.h"
#include "cli/load_report.h"
#include "cli/load_schedule.h"

namespace sky::cli {

class LoadGenerator {
 public:
  // `on_finished` is called once, later. The reactor outlives the generator.
  LoadGenerator(adapters::Reactor& reactor, LoadOptions options, std::function<void()> on_finished);

  void start();
  void stop();  // no more arrivals; finishes when the answers are in

  const LoadReport& report() const { return report_; }
  std::size_t in_flight() const { return flights_.size(); }
  core::Duration elapsed() const;

 private:
  struct Flight {
    core::Duration sent_at{0};
    core::Duration first_byte{0};  // of the body, since sent_at; zero: none yet
    std::string tail;  // the stream's last bytes
  };

  void send_due();
  void send_one();
  void take_piece(std::uint64_t number, std::string_view piece);
  void take_answer(std::uint64_t number, const adapters::HttpResponse& response);
  std::string failure_of(const Flight& flight, const adapters::HttpResponse& response) const;
  void finish_if_over();

  LoadOptions options_;
  std::function<void()> on_finished_;
  adapters::HttpRequest request_;
  adapters::HttpClient client_;
  adapters::Timer timer_;
  LoadSchedule schedule_;
  LoadReport report_;
  std::unordered_map<std::uint64_t, Flight> flights_;
  std::uint64_t last_number_ = 0;
  std::uint64_t started_ns_ = 0;
  core::Duration worst_lag_{0};
  core::Duration arrivals_ended_{0};
  bool arrivals_over_ = false;
  bool was_interrupted_ = false;
};

}  // namespace sky::cli
