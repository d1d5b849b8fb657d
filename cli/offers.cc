#include "cli/offers.h"

#include <cmath>
#include <utility>

#include "adapters/json.h"
#include "adapters/sandbox/catalog.h"
#include "cli/api_client.h"
#include "cli/event_body_json.h"
#include "core/offer_match.h"

namespace sky::cli {
namespace {

using adapters::JsonView;
using core::Error;
using core::ErrorCode;

core::Market market_of(const std::string& text) {
  for (const auto market : {core::Market::on_demand, core::Market::spot})
    if (text == core::to_text(market)) return market;
  return core::Market::unknown;
}

core::Price price_of(const JsonView& member) {
  const auto usd = member.as_number();
  return {usd ? std::llround(*usd * 1e6) : 0};
}

std::uint32_t count_of(const JsonView& member) {
  return static_cast<std::uint32_t>(member.integer_or(0));
}

core::Offer read_offer(const JsonView& json) {
  return {
      .place = {json.at("cloud").text_or(""), json.at("region").text_or(""),
                json.at("zone").text_or("")},
      .instance_type = json.at("instance_type").text_or(""),
      .market = market_of(json.at("market").text_or("")),
      .accelerator = {json.at("accelerator").text_or(""), count_of(json.at("accelerator_count"))},
      .vcpus = count_of(json.at("vcpus")),
      .memory_mib = count_of(json.at("memory_mib")),
      .price = price_of(json.at("usd_per_hour")),
      .on_demand_price = price_of(json.at("on_demand_usd_per_hour"))};
}

}  // namespace

core::Result<std::vector<core::Offer>> offers_that_fit(const core::ServiceSpec& spec,
                                                       const OffersFound& found,
                                                       const std::string& file_name) {
  auto offers = core::matching_offers(spec.resources, found.offers);
  if (!offers.empty()) return offers;
  std::string text = file_name + ": " + core::why_no_offer(spec.resources, found.offers);
  for (const std::string& problem : found.problems) text += "\n  " + problem;
  return Error{ErrorCode::invalid_input, text};
}

OffersFound sandbox_offers() { return {adapters::sandbox::catalog().offers(), {}}; }

std::string to_json(const OffersFound& found) {
  adapters::JsonWriter json;
  json.begin_object().key("offers").begin_array();
  for (const core::Offer& offer : found.offers) write_offer(json, offer);
  json.end_array().key("problems").begin_array();
  for (const std::string& problem : found.problems) json.text(problem);
  json.end_array().end_object();
  return json.take();
}

core::Result<OffersFound> parse_offers(std::string_view text) {
  const auto document = adapters::parse_json(text);
  if (!document) return document.error();
  const JsonView root(*document);
  const auto offers = root.at("offers").elements();
  if (!offers) return offers.error();
  OffersFound found;
  for (const JsonView& offer : *offers) found.offers.push_back(read_offer(offer));
  for (std::size_t i = 0; i < root.at("problems").size(); ++i)
    found.problems.push_back(root.at("problems").at(i).text_or(""));
  return found;
}

core::Result<OffersFound> ask_offers(const Home& home, bool sandbox) {
  if (sandbox) return sandbox_offers();
  const auto answer = api_get(home, "/v1/offers");
  if (!answer) return answer.error();
  return parse_offers(*answer);
}

core::Error no_cloud_error(const RealClouds& clouds) {
  std::string text = "no cloud is set up for this control plane";
  for (const MissingCloud& one : clouds.missing) text += "\n  " + one.cloud + ": " + one.why;
  text +=
      "\nset one up, then `skyctl daemon stop` (the daemon looks when it starts) and repeat this; "
      "or add --sandbox to run on this machine";
  return {ErrorCode::unsupported, text};
}

}  // namespace sky::cli
