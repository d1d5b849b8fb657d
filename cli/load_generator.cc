#include "cli/load_generator.h"

#include <algorithm>
#include <utility>

#include "adapters/json.h"

namespace sky::cli {
namespace {

constexpr std::string_view end_of_stream = "data: [DONE]";
constexpr std::size_t tail_bytes = 64;  // the end mark and the line ends around it
// Sent in one turn of the loop when the generator is behind, so that answers are still read.
constexpr int max_burst = 1000;

std::string chat_body(const LoadOptions& options) {
  adapters::JsonWriter out;
  out.begin_object().member("model", options.model).key("messages").begin_array().begin_object();
  out.member("role", "user").member("content", options.prompt).end_object().end_array();
  if (options.is_stream) out.member("stream", true);
  if (options.max_tokens != 0) out.member("max_tokens", options.max_tokens);
  return out.end_object().take();
}

// The path of the options, unless the url names one.
std::string full_url(const LoadOptions& options) {
  const std::size_t authority = options.url.find("://") + 3;
  const std::size_t path = options.url.find('/', authority);
  if (path == std::string::npos) return options.url + options.path;
  return path + 1 == options.url.size() ? options.url.substr(0, path) + options.path : options.url;
}

adapters::HttpRequest make_request(const LoadOptions& options) {
  adapters::HttpRequest request;
  request.method = options.method;
  request.url = full_url(options);
  request.timeout = options.timeout;
  request.connect_timeout = std::min(request.connect_timeout, options.timeout);
  if (options.method == "GET" || options.method == "HEAD") return request;
  request.headers.push_back("content-type: application/json");
  request.body = options.body.empty() ? chat_body(options) : options.body;
  return request;
}

}  // namespace

LoadGenerator::LoadGenerator(adapters::Reactor& reactor, LoadOptions options,
                             std::function<void()> on_finished)
    : options_(std::move(options)),
      on_finished_(std::move(on_finished)),
      request_(make_request(options_)),
      client_(reactor, {.max_in_flight = options_.max_in_flight}),
      timer_(reactor),
      schedule_(options_.qps, options_.is_poisson, options_.seed) {}

void LoadGenerator::start() {
  started_ns_ = uv_hrtime();
  timer_.start(core::Duration{0}, [this] { send_due(); });
}

void LoadGenerator::stop() {
  if (std::exchange(arrivals_over_, true)) return;
  was_interrupted_ = true;
  arrivals_ended_ = elapsed();
  // Later, as promised, also when nothing is in flight.
  timer_.start(core::Duration{0}, [this] { finish_if_over(); });
}

core::Duration LoadGenerator::elapsed() const {
  if (started_ns_ == 0) return core::Duration{0};
  return core::Duration(static_cast<std::int64_t>((uv_hrtime() - started_ns_) / 1000));
}

void LoadGenerator::send_due() {
  if (arrivals_over_) return finish_if_over();
  for (int sent = 0; sent < max_burst && schedule_.next() <= elapsed(); ++sent) {
    if (schedule_.next() >= options_.duration) break;
    worst_lag_ = std::max(worst_lag_, elapsed() - schedule_.next());
    send_one();
    schedule_.advance();
  }
  if (schedule_.next() >= options_.duration) {
    arrivals_over_ = true;
    arrivals_ended_ = options_.duration;
    return finish_if_over();
  }
  timer_.start(schedule_.next() - elapsed(), [this] { send_due(); });
}

void LoadGenerator::send_one() {
  if (flights_.size() >= options_.max_in_flight) return report_.add_not_sent();
  const std::uint64_t number = ++last_number_;
  report_.add_sent();
  flights_[number].sent_at = elapsed();
  adapters::HttpRequest request = request_;
  request.on_chunk = [this, number](std::string_view piece) { take_piece(number, piece); };
  client_.send(std::move(request), [this, number](const adapters::HttpResponse& response) {
    take_answer(number, response);
  });
}

void LoadGenerator::take_piece(std::uint64_t number, std::string_view piece) {
  Flight& flight = flights_.at(number);
  if (flight.first_byte.count() == 0)
    flight.first_byte = std::max(elapsed() - flight.sent_at, core::Duration{1});
  if (!options_.is_stream) return;
  flight.tail += piece.substr(piece.size() - std::min(piece.size(), tail_bytes));
  if (flight.tail.size() > tail_bytes) flight.tail.erase(0, flight.tail.size() - tail_bytes);
}

void LoadGenerator::take_answer(std::uint64_t number, const adapters::HttpResponse& response) {
  const Flight flight = std::move(flights_.at(number));
  flights_.erase(number);
  const core::Duration latency = elapsed() - flight.sent_at;
  if (const std::string replica = response.header("x-skyctl-replica"); !replica.empty())
    report_.add_replica(replica);
  const std::string failure = failure_of(flight, response);
  if (failure.empty()) {
    report_.add_ok(latency, flight.first_byte.count() == 0 ? latency : flight.first_byte);
  } else {
    report_.add_failure(failure);
  }
  finish_if_over();
}

// Empty: it went well.
std::string LoadGenerator::failure_of(const Flight& flight,
                                      const adapters::HttpResponse& response) const {
  using adapters::HttpError;
  switch (response.error) {
    case HttpError::none: break;
    case HttpError::resolve:
    case HttpError::connect: return "connect";
    case HttpError::timeout: return "timeout";
    case HttpError::cut:
      if (response.status == 0) return "reset";
      return options_.is_stream && flight.first_byte.count() != 0 ? "cut stream" : "cut answer";
    case HttpError::garbled: return "not HTTP";
    default: return adapters::to_text(response.error);
  }
  if (!response.is_ok()) return "status " + std::to_string(response.status);
  const bool has_end = flight.tail.find(end_of_stream) != std::string::npos;
  return options_.is_stream && !has_end ? "cut stream" : "";
}

void LoadGenerator::finish_if_over() {
  if (!arrivals_over_ || !flights_.empty()) return;
  report_.set_run(arrivals_ended_, worst_lag_, was_interrupted_);
  if (const auto finished = std::exchange(on_finished_, nullptr)) finished();
}

}  // namespace sky::cli
