#include <variant>

#include "adapters/json.h"
#include "cli/event_body_json.h"
#include "cli/print_otherwise.h"

namespace sky::cli {
namespace {

using adapters::JsonWriter;

template <class Number>
void optional_member(JsonWriter& json, const char* name, const std::optional<Number>& value) {
  if (value)
    json.member(name, *value);
  else
    json.key(name).null();
}

void optional_us(JsonWriter& json, const char* name, const std::optional<core::Duration>& value) {
  if (value)
    json.member(name, std::int64_t{value->count()});
  else
    json.key(name).null();
}

void optional_at(JsonWriter& json, const char* name, const std::optional<core::Instant>& value) {
  optional_us(json, name, value ? std::optional(value->time_since_epoch()) : std::nullopt);
}

void optional_offer(JsonWriter& json, const char* name, const std::optional<core::Offer>& offer) {
  json.key(name);
  if (offer)
    write_offer(json, *offer);
  else
    json.null();
}

void write_needs(JsonWriter& json, const std::optional<core::OfferNeeds>& needs) {
  json.key("needs");
  if (!needs) {
    json.null();
    return;
  }
  json.begin_object()
      .member("not_blocked", needs->open)
      .member("nothing_taken_lately", needs->calm)
      .member("not_preempting", needs->spared)
      .member("not_in_use", needs->unused);
  json.key("below_usd_per_hour");
  if (needs->below)
    json.number(needs->below->usd_per_hour());
  else
    json.null();
  json.end_object();
}

struct Fields {
  JsonWriter& json;

  void operator()(const std::monostate&) { json.member("kind", "none"); }
  void operator()(const projections::ScaleOtherwise& scale) {
    json.member("kind", "scale");
    write_scale(json, scale);
  }
  void operator()(const projections::PlacementOtherwise& placement) {
    json.member("kind", "placement");
    optional_offer(json, "next", placement.next);
    optional_at(json, "first_open_at_us", placement.earliest);
    json.key("others").begin_array();
    for (const auto& other : placement.others) {
      json.begin_object();
      optional_offer(json, "offer", other.offer);
      optional_at(json, "blocked_until_at_us", other.blocked_until);
      write_needs(json, other.needs);
      json.end_object();
    }
    json.end_array();
  }
  void operator()(const projections::LaunchOtherwise& launch) {
    json.member("kind", "launch")
        .member("failure", core::to_text(launch.failure.kind))
        .member("provider_text", launch.failure.text)
        .member("is_repeated", launch.next == core::NextLaunch::same_call);
    optional_at(json, "blocked_until_at_us", launch.until);
    optional_at(json, "retry_at_us", launch.retry_at);
    optional_offer(json, "instead", launch.instead);
  }
  void operator()(const projections::DropOtherwise& drop) {
    json.member("kind", "drop")
        .member("reason", core::to_text(drop.reason))
        .member("pool", core::to_text(drop.pool))
        .member("live", drop.live)
        .member("wanted", drop.wanted)
        .member("next_replica", drop.next ? drop.next->id.value : 0U);
  }
  void operator()(const projections::SilenceOtherwise& silence) {
    json.member("kind", "silence")
        .member("allowed_us", std::int64_t{silence.allowed.count()})
        .member("silent_us", std::int64_t{silence.silent.count()})
        .member("last_http_status", silence.last_http_status);
  }
  void operator()(const projections::RollbackOtherwise& rollback) {
    json.member("kind", "rollback")
        .member("failed_version", rollback.failed.value)
        .member("restored_version", rollback.restored.value)
        .member("bake_time_us", std::int64_t{rollback.bake_time.count()});
  }
  void operator()(const projections::UnreadyOtherwise& unready) {
    json.member("kind", "unready");
    optional_at(json, "given_up_at_us", unready.given_up);
  }
  void operator()(const projections::TakenOtherwise& taken) {
    json.member("kind", "taken")
        .member("usd_per_hour", taken.price.usd_per_hour())
        .member("on_demand_usd_per_hour", taken.on_demand_price.usd_per_hour())
        .member("spot", taken.is_spot);
  }
  void operator()(const projections::HoldOtherwise& hold) {
    json.member("kind", "hold")
        .member("ready", hold.ready)
        .member("hold_limit", hold.hold_limit)
        .member("hold_timeout_us", std::int64_t{hold.hold_timeout.count()});
  }
  void operator()(const projections::PlanOtherwise& plan) {
    json.member("kind", "plan")
        .member("pool", core::to_text(plan.pool))
        .member("live", plan.live)
        .member("wanted", projections::size_of(plan.fleet.sizes, plan.pool))
        .member("target", plan.target);
    optional_member(json, "target_without", plan.target_without);
  }
};

}  // namespace

void write_scale(JsonWriter& json, const projections::ScaleOtherwise& scale) {
  json.member("target", scale.target)
      .member("is_scaled", scale.is_scaled)
      .member("wanted", scale.wanted)
      .member("lower_limit", scale.lower_limit)
      .member("upper_limit", scale.upper_limit)
      .member("arrivals", scale.arrivals)
      .member("window_us", std::int64_t{scale.window.count()});
  optional_member(json, "fewest_arrivals_for_more", scale.fewest_for_more);
  optional_member(json, "most_arrivals_for_fewer", scale.most_for_fewer);
  optional_member(json, "fewest_arrivals_to_stay", scale.fewest_to_stay);
  optional_member(json, "most_arrivals_to_stay", scale.most_to_stay);
  optional_member(json, "running_for_more", scale.running_for_more);
  optional_us(json, "agreed_us", scale.agreed);
  optional_us(json, "left_us", scale.left);
}

void write_otherwise(JsonWriter& json, const projections::Otherwise& otherwise,
                     const core::Event& event, bool utc) {
  json.begin_object().member("seq", event.seq.value);
  std::visit(Fields{json}, otherwise);
  json.key("text").begin_array();
  for (const std::string& line : otherwise_lines(otherwise, event, utc)) json.text(line);
  json.end_array().end_object();
}

}  // namespace sky::cli
