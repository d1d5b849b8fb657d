#include "adapters/aws/aws_provider.h"

#include <algorithm>
#include <utility>

#include "adapters/aws/aws_check.h"
#include "adapters/aws/ec2_request.h"
#include "adapters/vm/boot_script.h"

namespace sky::adapters::aws {
namespace {

// From the mark of a spot request to the end of its machine (EC2 user guide, "Spot Instance
// interruption notices").
constexpr core::Duration spot_notice = core::seconds(120);
constexpr std::size_t max_pages = 100;  // of a thousand: far above any fleet

core::Failure garbled(const core::Error& error, core::FailureKind kind) {
  return {kind, core::FailureScope::region, error.text, core::Duration{0}};
}

std::string lookup(const std::map<std::string, std::string>& values, const std::string& key) {
  const auto found = values.find(key);
  if (found != values.end()) return found->second;
  const auto any = values.find("");
  return any == values.end() ? std::string() : any->second;
}

std::string image_of(const core::LaunchInstance& order, const AwsSettings& settings) {
  for (const core::ResourceRequest& choice : order.spec.resources.choices)
    if (!choice.image_id.empty() && !vm::is_container_image(choice.image_id))
      return choice.image_id;
  const std::string named = lookup(settings.images, order.offer.place.region);
  return named.empty() ? default_image(order.offer) : named;
}

vm::VmState state_of(const std::string& state) {
  if (state == "pending") return vm::VmState::pending;
  // A stopped one is not ours to use and still costs its disk: it counts as there, and is ended.
  if (state == "running" || state == "stopped" || state == "stopping") return vm::VmState::running;
  return vm::VmState::ended;
}

}  // namespace

struct AwsProvider::Order {
  core::LaunchInstance launch;
  vm::ReplicaMark mark;
  std::string user_data;
  vm::CreateDone done;

  const std::string& region() const { return launch.offer.place.region; }
};

struct AwsProvider::Listing {
  std::string region;
  std::vector<vm::Vm> vms;
  std::map<std::string, SpotRequest> requests;  // by instance
  std::size_t pages = 0;
  vm::VmsDone done;
};

AwsProvider::AwsProvider(core::Scheduler& scheduler, AwsClient& client, AwsSettings settings)
    : scheduler_(scheduler),
      client_(client),
      settings_(std::move(settings)),
      market_(client, settings_.regions, settings_.wall, scheduler),
      is_alive_(std::make_shared<bool>(true)) {}

AwsProvider::~AwsProvider() { *is_alive_ = false; }

std::size_t AwsProvider::max_user_data() const { return max_user_data_bytes; }

vm::VmEnd end_of(const std::string& reason) {
  using vm::VmEnd;
  struct Row {
    const char* code;
    VmEnd end;
  };
  constexpr Row rows[] = {
      {"Server.SpotInstanceTermination", VmEnd::preempted},
      {"Server.SpotInstanceShutdown", VmEnd::preempted},
      {"Server.InsufficientInstanceCapacity", VmEnd::capacity},
      {"Server.InternalError", VmEnd::failed},
      {"Server.ScheduledStop", VmEnd::failed},
      {"Client.InternalError", VmEnd::failed},
      {"Client.InvalidSnapshot.NotFound", VmEnd::failed},
      {"Client.VolumeLimitExceeded", VmEnd::quota},
      {"Client.UserInitiatedShutdown", VmEnd::asked},
      {"Client.InstanceInitiatedShutdown", VmEnd::asked},
  };
  for (const Row& row : rows)
    if (reason == row.code) return row.end;
  return VmEnd::unknown;
}

std::string default_image(const core::Offer& offer) {
  return offer.accelerator.count > 0
             ? "resolve:ssm:/aws/service/deeplearning/ami/x86_64/"
               "base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id"
             : "resolve:ssm:/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/"
               "ebs-gp2/ami-id";
}

// ---- ordering

void AwsProvider::create(const core::LaunchInstance& launch, const vm::ReplicaMark& mark,
                         const std::string& user_data, vm::CreateDone done) {
  auto order = std::make_shared<Order>(Order{launch, mark, user_data, std::move(done)});
  find_group(order->region(), vm::service_resource_name(launch.service, settings_.log_id),
             launch.spec.resources.port, [this, order](const GroupAnswer& group) {
               if (const auto* failure = std::get_if<core::Failure>(&group))
                 return order->done(*failure);
               run(order, std::get<std::string>(group));
             });
}

void AwsProvider::run(const std::shared_ptr<Order>& order, const std::string& group_id) {
  LaunchTerms terms;
  terms.image_id = image_of(order->launch, settings_);
  terms.security_group_id = group_id;
  terms.subnet_id = lookup(settings_.subnets, order->launch.offer.place.zone);
  terms.instance_profile = settings_.instance_profile;
  terms.key_name = settings_.key_name;
  client_.call(
      {order->region(), "ec2"}, run_instances(order->launch, order->mark, order->user_data, terms),
      CallEffect::changes, [this, alive = is_alive_, order](const AwsAnswer& answer) {
        if (!*alive) return;
        if (answer.error.code == "InvalidGroup.NotFound")  // it was removed under us
          groups_.erase({order->region(),
                         vm::service_resource_name(order->launch.service, settings_.log_id)});
        if (answer.failure && is_token_mismatch(answer.error.code))
          return adopt(order, *answer.failure);
        if (answer.failure) return order->done(*answer.failure);
        const auto page = read_instances(answer.body);
        if (!page || page->instances.empty())
          return order->done(
              garbled(page ? core::Error{core::ErrorCode::corrupt, "no instance in the answer"}
                           : page.error(),
                      core::FailureKind::indeterminate));
        vm::Vm vm = to_vm(page->instances.front(), order->region());
        vm.mark = order->mark;
        order->done(vm);
      });
}

// The order was sent before, with other words: settings changed in between. Its machine is ours.
void AwsProvider::adopt(const std::shared_ptr<Order>& order, const core::Failure& failure) {
  client_.call({order->region(), "ec2"}, describe_by_client_token(client_token(order->mark)),
               CallEffect::reads,
               [this, alive = is_alive_, order, failure](const AwsAnswer& answer) {
                 if (!*alive) return;
                 const auto page = answer.failure ? core::Result<InstancesPage>(core::Error{})
                                                  : read_instances(answer.body);
                 if (!page) {
                   core::Failure unproved = failure;
                   unproved.kind = core::FailureKind::indeterminate;
                   return order->done(unproved);
                 }
                 for (const Ec2Instance& instance : page->instances) {
                   vm::Vm vm = to_vm(instance, order->region());
                   if (vm.state != vm::VmState::ended) return order->done(vm);
                 }
                 order->done(failure);
               });
}

// ---- the security group

void AwsProvider::find_group(const std::string& region, const std::string& name, std::uint16_t port,
                             GroupDone done) {
  const auto [known, is_new] = groups_.try_emplace({region, name});
  if (!known->second.id.empty()) {
    scheduler_.post([done = std::move(done), id = known->second.id] { done(id); });
    return;
  }
  known->second.waiting.push_back(std::move(done));
  if (!is_new) return;  // asked for already: all get the same answer
  client_.call({region, "ec2"}, find_security_group(name, settings_.vpc_id), CallEffect::reads,
               [this, alive = is_alive_, region, name, port](const AwsAnswer& answer) {
                 if (!*alive) return;
                 if (answer.failure) return finish_group(region, name, *answer.failure);
                 const auto groups = read_security_groups(answer.body);
                 if (!groups)
                   return finish_group(region, name,
                                       garbled(groups.error(), core::FailureKind::transient));
                 if (groups->empty()) return make_group(region, name, port);
                 open_group(region, name, groups->front().id, port);
               });
}

void AwsProvider::make_group(const std::string& region, const std::string& name,
                             std::uint16_t port) {
  client_.call({region, "ec2"}, create_security_group(name, settings_.log_id, settings_.vpc_id),
               CallEffect::changes,
               [this, alive = is_alive_, region, name, port](const AwsAnswer& answer) {
                 if (!*alive) return;
                 if (answer.failure) {
                   core::Failure failure = *answer.failure;
                   // Its answer was lost once: the next try finds it.
                   const bool is_there = is_harmless_conflict(answer.error.code) ||
                                         failure.kind == core::FailureKind::indeterminate;
                   if (is_there) failure.kind = core::FailureKind::transient;
                   return finish_group(region, name, failure);
                 }
                 const auto id = read_group_id(answer.body);
                 if (id) return open_group(region, name, *id, port);
                 finish_group(region, name, garbled(id.error(), core::FailureKind::transient));
               });
}

void AwsProvider::open_group(const std::string& region, const std::string& name,
                             const std::string& id, std::uint16_t port) {
  client_.call({region, "ec2"}, authorize_ingress(id, port, settings_.sources), CallEffect::changes,
               [this, alive = is_alive_, region, name, id](const AwsAnswer& answer) {
                 if (!*alive) return;
                 const bool is_open = !answer.failure || is_harmless_conflict(answer.error.code);
                 if (is_open) return finish_group(region, name, id);
                 core::Failure failure = *answer.failure;
                 if (failure.kind == core::FailureKind::indeterminate)
                   failure.kind = core::FailureKind::transient;  // asking again changes nothing
                 finish_group(region, name, failure);
               });
}

void AwsProvider::finish_group(const std::string& region, const std::string& name,
                               const GroupAnswer& answer) {
  Group& group = groups_[{region, name}];
  const auto waiting = std::exchange(group.waiting, {});
  if (const auto* id = std::get_if<std::string>(&answer))
    group.id = *id;
  else
    groups_.erase({region, name});
  for (const GroupDone& done : waiting) done(answer);
}

// ---- listing

void AwsProvider::list(const std::string& region, vm::VmsDone done) {
  auto listing = std::make_shared<Listing>();
  listing->region = region;
  listing->done = std::move(done);
  list_page(listing, "");
}

void AwsProvider::list_page(const std::shared_ptr<Listing>& listing, const std::string& page) {
  client_.call({listing->region, "ec2"}, describe_instances(settings_.log_id, page),
               CallEffect::reads, [this, alive = is_alive_, listing](const AwsAnswer& answer) {
                 if (!*alive) return;
                 if (answer.failure) return listing->done(*answer.failure);
                 const auto read = read_instances(answer.body);
                 if (!read)
                   return listing->done(garbled(read.error(), core::FailureKind::transient));
                 bool has_spot = false;
                 for (const Ec2Instance& instance : read->instances) {
                   vm::Vm vm = to_vm(instance, listing->region);
                   if (!vm.mark.log_id.empty()) listing->vms.push_back(std::move(vm));
                 }
                 for (const vm::Vm& vm : listing->vms)
                   has_spot |= vm.is_spot && vm.state == vm::VmState::running;
                 if (!read->next_token.empty() && ++listing->pages < max_pages)
                   return list_page(listing, read->next_token);
                 listing->pages = 0;
                 if (has_spot) return list_requests(listing, "");
                 finish_list(*listing);
               });
}

void AwsProvider::list_requests(const std::shared_ptr<Listing>& listing, const std::string& page) {
  client_.call({listing->region, "ec2"}, describe_spot_requests(settings_.log_id, page),
               CallEffect::reads, [this, alive = is_alive_, listing](const AwsAnswer& answer) {
                 if (!*alive) return;
                 // Without them the machines are still right: only notices come later.
                 const auto read = answer.failure ? core::Result<SpotRequestsPage>(core::Error{})
                                                  : read_spot_requests(answer.body);
                 if (!read) return finish_list(*listing);
                 for (const SpotRequest& request : read->requests)
                   listing->requests[request.instance_id] = request;
                 if (!read->next_token.empty() && ++listing->pages < max_pages)
                   return list_requests(listing, read->next_token);
                 finish_list(*listing);
               });
}

void AwsProvider::finish_list(Listing& listing) {
  for (vm::Vm& vm : listing.vms) {
    const auto request = listing.requests.find(vm.instance_id);
    if (request == listing.requests.end()) continue;
    const std::string& status = request->second.status;
    const std::string text = status + ": " + request->second.text;
    if (status == "marked-for-termination" || status == "marked-for-stop") {
      vm.notice_left = spot_notice;
      vm.text = text;
    } else if (vm.state == vm::VmState::ended && status.starts_with("instance-terminated-") &&
               status != "instance-terminated-by-user") {
      vm.end = vm::VmEnd::preempted;
      vm.text = text;
    }
  }
  listing.done(std::move(listing.vms));
}

vm::Vm AwsProvider::to_vm(const Ec2Instance& instance, const std::string& region) const {
  vm::Vm vm;
  vm.instance_id = instance.id;
  vm.place = {"aws", region, instance.zone};
  if (const auto mark = vm::read_marks(instance.tags)) vm.mark = *mark;
  vm.state = state_of(instance.state);
  vm.address = settings_.use_private_addresses ? instance.private_address : instance.public_address;
  vm.launched_at = instance.launched_at;
  vm.is_spot = instance.is_spot;
  vm.end = end_of(instance.state_reason);
  if (!instance.state_reason.empty())
    vm.text = instance.state_text.empty() ? instance.state_reason : instance.state_text;
  return vm;
}

// ---- ending

void AwsProvider::destroy(const core::Place& place, const std::string& instance_id,
                          TerminateDone done) {
  client_.call({place.region, "ec2"}, terminate_instance(instance_id), CallEffect::changes,
               [done = std::move(done)](const AwsAnswer& answer) {
                 if (!answer.failure || answer.failure->kind == core::FailureKind::not_found)
                   return done(std::monostate{});
                 core::Failure failure = *answer.failure;
                 if (failure.kind == core::FailureKind::indeterminate)
                   failure.kind = core::FailureKind::transient;  // asking again changes nothing
                 done(failure);
               });
}

void AwsProvider::tidy(const std::string& region, const std::set<core::ServiceName>& in_use,
                       std::function<void(bool)> done) {
  client_.call(
      {region, "ec2"}, list_security_groups(settings_.log_id), CallEffect::reads,
      [this, alive = is_alive_, region, in_use, done = std::move(done)](const AwsAnswer& answer) {
        if (!*alive) return;
        const auto groups = answer.failure ? core::Result<std::vector<SecurityGroup>>(core::Error{})
                                           : read_security_groups(answer.body);
        if (!groups) return done(false);
        std::set<std::string> kept;
        for (const core::ServiceName& service : in_use)
          kept.insert(vm::service_resource_name(service, settings_.log_id));
        auto unused = *groups;
        std::erase_if(unused, [&](const auto& one) { return kept.contains(one.name); });
        remove_groups(region, std::move(unused), done);
      });
}

// One after the other; one that is still in use stops it until the next time.
void AwsProvider::remove_groups(const std::string& region, std::vector<SecurityGroup> groups,
                                std::function<void(bool)> done) {
  if (groups.empty()) return done(true);
  const SecurityGroup group = groups.back();
  groups.pop_back();
  groups_.erase({region, group.name});
  client_.call({region, "ec2"}, delete_security_group(group.id), CallEffect::changes,
               [this, alive = is_alive_, region, groups = std::move(groups),
                done = std::move(done)](const AwsAnswer& answer) mutable {
                 if (!*alive) return;
                 const bool is_gone =
                     !answer.failure || answer.error.code == "InvalidGroup.NotFound";
                 if (!is_gone) return done(false);
                 remove_groups(region, std::move(groups), std::move(done));
               });
}

void AwsProvider::check(CheckDone done) { check_account(client_, settings_, std::move(done)); }

}  // namespace sky::adapters::aws
