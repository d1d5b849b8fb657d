#include "adapters/gcp/gcp_provider.h"

#include <algorithm>
#include <utility>

#include "adapters/gcp/gce_request.h"
#include "adapters/vm/offer_catalog.h"

namespace sky::adapters::gcp {
namespace {

// From the soft-off to the hard one (Compute Engine, "Preemption process").
constexpr core::Duration spot_notice = core::seconds(30);
constexpr std::size_t max_pages = 100;
constexpr std::size_t max_seen = 4096;  // a guess: machines of the last days
constexpr const char* preempted_text =
    "compute.instances.preempted: the cloud took the spot machine back";

std::string region_of(const std::string& zone) { return zone.substr(0, zone.rfind('-')); }

vm::VmState state_of(const std::string& status) {
  if (status == "PROVISIONING" || status == "STAGING") return vm::VmState::pending;
  if (status == "RUNNING" || status == "REPAIRING") return vm::VmState::running;
  return vm::VmState::ended;
}

// What names that are no more is told by, oldest out first when there are too many.
void remember(std::map<std::string, vm::Vm>& seen, const vm::Vm& vm) {
  if (seen.size() >= max_seen && !seen.contains(vm.instance_id)) seen.erase(seen.begin());
  seen[vm.instance_id] = vm;
}

}  // namespace

struct GcpProvider::Order {
  core::LaunchInstance launch;
  vm::ReplicaMark mark;
  std::string user_data;
  vm::CreateDone done;

  const std::string& zone() const { return launch.offer.place.zone; }
  std::string name() const { return machine_name(mark); }
};

struct GcpProvider::Listing {
  std::vector<vm::Vm> vms;
  std::set<std::string> preempted;  // names
  std::size_t pages = 0;
  vm::VmsDone done;
};

GcpProvider::GcpProvider(core::Scheduler& scheduler, GceClient& client, GcpSettings settings)
    : scheduler_(scheduler),
      client_(client),
      settings_(std::move(settings)),
      is_alive_(std::make_shared<bool>(true)) {}

GcpProvider::~GcpProvider() { *is_alive_ = false; }

std::size_t GcpProvider::max_user_data() const { return max_user_data_bytes; }

// ---- ordering

void GcpProvider::create(const core::LaunchInstance& launch, const vm::ReplicaMark& mark,
                         const std::string& user_data, vm::CreateDone done) {
  auto order = std::make_shared<Order>(Order{launch, mark, user_data, std::move(done)});
  need_rule(vm::service_resource_name(launch.service, settings_.log_id), launch.spec.resources.port,
            [this, order](const RuleAnswer& failure) {
              if (failure) return order->done(*failure);
              insert(order);
            });
}

void GcpProvider::insert(const std::shared_ptr<Order>& order) {
  const std::string path = insert_path(order->zone(), request_id(order->mark.token));
  client_.post(path, instance_body(order->launch, order->mark, order->user_data, settings_),
               [this, alive = is_alive_, order](const GceAnswer& answer) {
                 if (!*alive) return;
                 if (answer.failure && answer.failure->kind == core::FailureKind::conflict)
                   return show(order, answer.failure);  // ordered before: the name is taken
                 if (answer.failure) return order->done(*answer.failure);
                 client_.wait_for(answer.body, [this, alive, order](const GceAnswer& end) {
                   if (!*alive) return;
                   if (end.failure && end.failure->kind == core::FailureKind::conflict)
                     return show(order, end.failure);
                   if (end.failure) return order->done(*end.failure);
                   show(order, {});
                 });
               });
}

// The machine of that name. `unless_ours`: the answer when it is another launch's.
void GcpProvider::show(const std::shared_ptr<Order>& order,
                       const std::optional<core::Failure>& unless_ours) {
  client_.get(instance_path(order->zone(), order->name()),
              [this, alive = is_alive_, order, unless_ours](const GceAnswer& answer) {
                if (!*alive) return;
                if (answer.failure && answer.failure->kind == core::FailureKind::not_found)
                  return order->done(core::Failure{
                      core::FailureKind::capacity, core::FailureScope::zone,
                      "the machine was taken back while it was being made", core::Duration{0}});
                if (answer.failure) {
                  core::Failure failure = *answer.failure;
                  failure.kind = core::FailureKind::indeterminate;  // it is there, unseen
                  return order->done(failure);
                }
                const vm::Vm vm = to_vm(JsonView(answer.body));
                if (unless_ours && !(vm.mark == order->mark)) return order->done(*unless_ours);
                remember(seen_, vm);
                order->done(vm);
              });
}

// ---- the firewall rule

void GcpProvider::need_rule(const std::string& name, std::uint16_t port, RuleDone done) {
  const auto [rule, is_new] = rules_.try_emplace(name);
  if (rule->second.is_there) {
    scheduler_.post([done = std::move(done)] { done({}); });
    return;
  }
  rule->second.waiting.push_back(std::move(done));
  if (!is_new) return;  // asked for already: all get the same answer
  client_.get(firewall_path(name), [this, alive = is_alive_, name, port](const GceAnswer& answer) {
    if (!*alive) return;
    if (answer.failure && answer.failure->kind == core::FailureKind::not_found)
      return make_rule(name, port);
    finish_rule(name, answer.failure);
  });
}

void GcpProvider::make_rule(const std::string& name, std::uint16_t port) {
  client_.post("global/firewalls", firewall_body(name, port, settings_),
               [this, alive = is_alive_, name](const GceAnswer& answer) {
                 if (!*alive) return;
                 if (answer.failure && answer.failure->kind == core::FailureKind::conflict)
                   return finish_rule(name, {});
                 if (answer.failure) {
                   core::Failure failure = *answer.failure;
                   if (failure.kind == core::FailureKind::indeterminate)
                     failure.kind = core::FailureKind::transient;  // asking again finds it
                   return finish_rule(name, failure);
                 }
                 client_.wait_for(answer.body, [this, alive, name](const GceAnswer& end) {
                   if (*alive) finish_rule(name, end.failure);
                 });
               });
}

void GcpProvider::finish_rule(const std::string& name, const RuleAnswer& answer) {
  const auto waiting = std::exchange(rules_[name].waiting, {});
  if (answer)
    rules_.erase(name);
  else
    rules_[name].is_there = true;
  for (const RuleDone& done : waiting) done(answer);
}

// ---- listing

void GcpProvider::list(const std::string&, vm::VmsDone done) {
  auto listing = std::make_shared<Listing>();
  listing->done = std::move(done);
  list_page(listing, "");
}

void GcpProvider::list_page(const std::shared_ptr<Listing>& listing, const std::string& page) {
  client_.get(all_instances_path(settings_.log_id, page),
              [this, alive = is_alive_, listing](const GceAnswer& answer) {
                if (!*alive) return;
                if (answer.failure) return listing->done(*answer.failure);
                const JsonView root(answer.body);
                if (const auto scopes = root.at("items").members())
                  for (const auto& [scope, held] : *scopes)
                    for (std::size_t i = 0; i < held.at("instances").size(); ++i) {
                      vm::Vm vm = to_vm(held.at("instances").at(i));
                      if (vm.mark.log_id == settings_.log_id) listing->vms.push_back(std::move(vm));
                    }
                const std::string next = root.at("nextPageToken").text_or("");
                if (!next.empty() && ++listing->pages < max_pages) return list_page(listing, next);
                listing->pages = 0;
                const bool has_spot = std::any_of(seen_.begin(), seen_.end(), [](const auto& one) {
                  return one.second.is_spot && one.second.state != vm::VmState::ended;
                });
                if (has_spot) return list_preempted(listing, "");
                finish_list(*listing);
              });
}

void GcpProvider::list_preempted(const std::shared_ptr<Listing>& listing, const std::string& page) {
  client_.get(preempted_path(page), [this, alive = is_alive_, listing](const GceAnswer& answer) {
    if (!*alive) return;
    // Without them nobody knows why a machine is gone: rather no list than a wrong reason.
    if (answer.failure) return listing->done(*answer.failure);
    const JsonView root(answer.body);
    if (const auto scopes = root.at("items").members())
      for (const auto& [scope, held] : *scopes)
        for (std::size_t i = 0; i < held.at("operations").size(); ++i)
          listing->preempted.insert(
              last_part(held.at("operations").at(i).at("targetLink").text_or("")));
    const std::string next = root.at("nextPageToken").text_or("");
    if (!next.empty() && ++listing->pages < max_pages) return list_preempted(listing, next);
    finish_list(*listing);
  });
}

void GcpProvider::finish_list(Listing& listing) {
  std::set<std::string> listed;
  for (vm::Vm& vm : listing.vms) {
    listed.insert(vm.instance_id);
    const bool is_taken = listing.preempted.contains(vm.instance_id);
    const bool was_running = vm.state == vm::VmState::ended && is_taken && vm.text == "STOPPING";
    if (was_running) {  // its last half minute
      vm.state = vm::VmState::running;
      vm.notice_left = spot_notice;
    }
    if (is_taken) {
      vm.end = vm::VmEnd::preempted;
      vm.text = preempted_text;
    }
    remember(seen_, vm);
  }
  for (auto& [name, vm] : seen_) {
    if (listed.contains(name) || vm.state == vm::VmState::ended) continue;
    if (!listing.preempted.contains(name)) continue;  // new, or deleted: the list itself tells
    vm.state = vm::VmState::ended;
    vm.end = vm::VmEnd::preempted;
    vm.text = preempted_text;
    listing.vms.push_back(vm);
  }
  listing.done(std::move(listing.vms));
}

vm::Vm GcpProvider::to_vm(const JsonView& instance) const {
  vm::Vm vm;
  vm.instance_id = instance.at("name").text_or("");
  const std::string zone = last_part(instance.at("zone").text_or(""));
  vm.place = {"gcp", region_of(zone), zone};
  vm::Marks marks;
  const JsonView items = instance.at("metadata").at("items");
  for (std::size_t i = 0; i < items.size(); ++i)
    marks.emplace_back(items.at(i).at("key").text_or(""), items.at(i).at("value").text_or(""));
  if (const auto mark = vm::read_marks(marks)) vm.mark = *mark;
  const std::string status = instance.at("status").text_or("");
  vm.state = state_of(status);
  vm.text = status;
  if (vm.state == vm::VmState::ended) vm.end = vm::VmEnd::asked;
  const JsonView network = instance.at("networkInterfaces").at(0);
  vm.address = settings_.use_private_addresses
                   ? network.at("networkIP").text_or("")
                   : network.at("accessConfigs").at(0).at("natIP").text_or("");
  vm.launched_at = instance.at("creationTimestamp").text_or("");
  vm.is_spot = instance.at("scheduling").at("provisioningModel").text_or("") == "SPOT";
  return vm;
}

// ---- ending

void GcpProvider::destroy(const core::Place& place, const std::string& instance_id,
                          TerminateDone done) {
  client_.remove(
      delete_path(place.zone, instance_id),
      [this, alive = is_alive_, instance_id, done = std::move(done)](const GceAnswer& answer) {
        if (!*alive) return;
        const bool is_gone =
            !answer.failure || answer.failure->kind == core::FailureKind::not_found;
        if (is_gone) {
          seen_.erase(instance_id);
          return done(std::monostate{});
        }
        core::Failure failure = *answer.failure;
        if (failure.kind == core::FailureKind::indeterminate)
          failure.kind = core::FailureKind::transient;  // asking again changes nothing
        done(failure);
      });
}

void GcpProvider::tidy(const std::string&, const std::set<core::ServiceName>& in_use,
                       std::function<void(bool)> done) {
  client_.get(all_firewalls_path(),
              [this, alive = is_alive_, in_use, done = std::move(done)](const GceAnswer& answer) {
                if (!*alive) return;
                if (answer.failure) return done(false);
                std::set<std::string> kept;
                for (const core::ServiceName& service : in_use)
                  kept.insert(vm::service_resource_name(service, settings_.log_id));
                std::vector<std::string> unused;
                const JsonView items = JsonView(answer.body).at("items");
                for (std::size_t i = 0; i < items.size(); ++i) {
                  const std::string name = items.at(i).at("name").text_or("");
                  const bool is_ours = items.at(i).at("description").text_or("") ==
                                       firewall_description(settings_.log_id);
                  if (is_ours && !kept.contains(name)) unused.push_back(name);
                }
                remove_rules(std::move(unused), done);
              });
}

void GcpProvider::remove_rules(std::vector<std::string> names, std::function<void(bool)> done) {
  if (names.empty()) return done(true);
  const std::string name = names.back();
  names.pop_back();
  rules_.erase(name);
  client_.remove(firewall_path(name), [this, alive = is_alive_, names = std::move(names),
                                       done = std::move(done)](const GceAnswer& answer) mutable {
    if (!*alive) return;
    if (answer.failure && answer.failure->kind != core::FailureKind::not_found) return done(false);
    remove_rules(std::move(names), std::move(done));
  });
}

// ---- what it sells

void GcpProvider::offers(OffersDone done) {
  auto offers = vm::catalog_offers("gcp");
  const auto& regions = settings_.regions;
  std::erase_if(offers, [&](const core::Offer& offer) {
    return !regions.empty() &&
           std::find(regions.begin(), regions.end(), offer.place.region) == regions.end();
  });
  scheduler_.post(
      [done = std::move(done), offers = vm::sane_offers(offers).offers] { done(offers); });
}

}  // namespace sky::adapters::gcp
