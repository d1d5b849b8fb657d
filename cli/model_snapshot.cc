#include "cli/model_snapshot.h"

#include <capnp/message.h>

#include <algorithm>

#include "cli/model_snapshot_replica.h"
#include "cli/model_snapshot_service.h"
#include "events/little_endian.h"
#include "events/message.h"

namespace sky::cli {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;
using events::as_text;
using events::count;
using events::known;
using events::to_wire;

void write(wire::Key::Builder to, const core::BlockKey& from) {
  events::write(to.initPlace(), from.place);
  to.setInstanceType(as_text(from.instance_type));
  to.setMarket(to_wire<events::wire::Market>(from.market));
}

core::BlockKey read_key(wire::Key::Reader from) {
  core::BlockKey key;
  events::read(from.getPlace(), key.place);
  events::assign(key.instance_type, from.getInstanceType());
  key.market = known(from.getMarket(), core::Market::spot);
  return key;
}

void write(wire::Belief::Builder to, const core::ZoneBelief& from) {
  const auto& [up_since, watched_since, seen_up, seen_down, taken, tried, failures, exposure_q16,
               refusals, room, room_seen, burst_began, burst_held, burst_lost, took_one, took_some,
               took_all, followed] = from;
  if (up_since) to.initUpSince().setUs(us(*up_since));
  if (watched_since) to.initWatchedSince().setUs(us(*watched_since));
  if (seen_up) to.initSeenUp().setUs(us(*seen_up));
  if (seen_down) to.initSeenDown().setUs(us(*seen_down));
  if (taken) to.initTaken().setUs(us(*taken));
  if (tried) to.initTried().setUs(us(*tried));
  to.setFailures(failures);
  to.setExposureQ16(exposure_q16);
  to.setRefusals(refusals);
  to.setRoom(room);
  if (room_seen) to.initRoomSeen().setUs(us(*room_seen));
  if (burst_began) to.initBurstBegan().setUs(us(*burst_began));
  to.setBurstHeld(burst_held);
  to.setBurstLost(burst_lost);
  to.setTookOne(took_one);
  to.setTookSome(took_some);
  to.setTookAll(took_all);
  to.setFollowed(followed);
}

void read_belief(wire::Belief::Reader from, core::ZoneBelief& to) {
  if (from.hasUpSince()) to.up_since = instant(from.getUpSince().getUs());
  if (from.hasWatchedSince()) to.watched_since = instant(from.getWatchedSince().getUs());
  if (from.hasSeenUp()) to.seen_up = instant(from.getSeenUp().getUs());
  if (from.hasSeenDown()) to.seen_down = instant(from.getSeenDown().getUs());
  if (from.hasTaken()) to.taken = instant(from.getTaken().getUs());
  if (from.hasTried()) to.tried = instant(from.getTried().getUs());
  to.failures = from.getFailures();
  to.exposure_q16 = from.getExposureQ16();
  to.refusals = from.getRefusals();
  to.room = from.getRoom();
  if (from.hasRoomSeen()) to.room_seen = instant(from.getRoomSeen().getUs());
  if (from.hasBurstBegan()) to.burst_began = instant(from.getBurstBegan().getUs());
  to.burst_held = from.getBurstHeld();
  to.burst_lost = from.getBurstLost();
  to.took_one = from.getTookOne();
  to.took_some = from.getTookSome();
  to.took_all = from.getTookAll();
  to.followed = from.getFollowed();
}

void write(wire::Zone::Builder to, const core::BlockKey& key, const projections::ZoneRecord& from) {
  const auto& [launches, failures, preemptions, notices, last_success, last_preemption, touched,
               machines, belief] = from;
  write(to.initKey(), key);
  to.setLaunches(launches);
  auto list = to.initFailures(count(failures));
  for (unsigned i = 0; i < count(failures); ++i) list.set(i, failures[i]);
  to.setPreemptions(preemptions);
  to.setNotices(notices);
  if (last_success) to.initLastSuccess().setUs(us(*last_success));
  if (last_preemption) to.initLastPreemption().setUs(us(*last_preemption));
  to.setTouchedUs(us(touched));
  to.setMachines(machines);
  write(to.initBelief(), belief);
}

projections::ZoneRecord read_record(wire::Zone::Reader from) {
  projections::ZoneRecord to;
  to.launches = from.getLaunches();
  const auto failures = from.getFailures();
  for (unsigned i = 0; i < std::min(failures.size(), count(to.failures)); ++i)
    to.failures[i] = failures[i];
  to.preemptions = from.getPreemptions();
  to.notices = from.getNotices();
  if (from.hasLastSuccess()) to.last_success = instant(from.getLastSuccess().getUs());
  if (from.hasLastPreemption()) to.last_preemption = instant(from.getLastPreemption().getUs());
  to.touched = instant(from.getTouchedUs());
  to.machines = from.getMachines();
  read_belief(from.getBelief(), to.belief);
  return to;
}

void write_zones(wire::Model::Builder to, const projections::ZoneHistory& from) {
  auto zones = to.initZones(count(from.records));
  unsigned index = 0;
  for (const auto& [key, record] : from.records) write(zones[index++], key, record);
  auto blocks = to.initBlocks(count(from.blocks));
  index = 0;
  for (const auto& [key, block] : from.blocks) {
    auto entry = blocks[index++];
    const auto& [until, times, kind] = block;
    write(entry.initKey(), key);
    entry.setUntilUs(us(until));
    entry.setTimes(times);
    entry.setKind(to_wire<events::wire::FailureKind>(kind));
  }
}

void read_zones(wire::Model::Reader from, projections::ZoneHistory& to) {
  for (const auto entry : from.getZones())
    to.records.emplace(read_key(entry.getKey()), read_record(entry));
  for (const auto entry : from.getBlocks())
    to.blocks[read_key(entry.getKey())] = {
        instant(entry.getUntilUs()), entry.getTimes(),
        known(entry.getKind(), core::FailureKind::indeterminate)};
}

void read_model(wire::Model::Reader from, projections::Model& to) {
  events::assign(to.log_id, from.getLogId());
  to.seq = core::Seq{from.getSeq()};
  to.now = instant(from.getNowUs());
  to.epoch = from.getEpoch();
  to.balancer_connected = from.getBalancerConnected();
  for (const auto entry : from.getServices())
    read(entry, to.services[events::to_string(entry.getName())]);
  for (const auto entry : from.getLastReplicaIds())
    to.last_replica_ids[events::to_string(entry.getService())] = entry.getId();
  read_zones(from, to.zones);
  for (const auto orphan : from.getOrphans()) to.orphans.insert(events::to_string(orphan));
  to.last_termination = instant(from.getLastTerminationUs());
  for (const auto entry : from.getTakenRequests())
    to.taken_requests.push_back({events::to_string(entry.getId()),
                                 events::to_string(entry.getCommand()),
                                 events::to_string(entry.getService())});
}

}  // namespace

// Unpacked by a structured binding: a member added to the model does not compile until it is here.
std::string encode_model(const projections::Model& model) {
  const auto& [log_id, seq, now, epoch, balancer_connected, services, last_replica_ids, zones,
               orphans, last_termination, taken_requests, next_sweep] = model;
  static_cast<void>(next_sweep);  // step's note
  capnp::MallocMessageBuilder message;
  auto to = message.initRoot<wire::Model>();
  to.setLogId(as_text(log_id));
  to.setSeq(seq.value);
  to.setNowUs(us(now));
  to.setEpoch(epoch);
  to.setBalancerConnected(balancer_connected);
  auto service_list = to.initServices(count(services));
  unsigned index = 0;
  for (const auto& [name, service] : services) write(service_list[index++], service);
  auto ids = to.initLastReplicaIds(count(last_replica_ids));
  index = 0;
  for (const auto& [name, id] : last_replica_ids) {
    auto entry = ids[index++];
    entry.setService(as_text(name));
    entry.setId(id);
  }
  write_zones(to, zones);
  events::write_texts(to.initOrphans(count(orphans)), orphans);
  to.setLastTerminationUs(us(last_termination));
  auto taken = to.initTakenRequests(count(taken_requests));
  for (unsigned i = 0; i < count(taken_requests); ++i) {
    const auto& [id, command, service] = taken_requests[i];
    taken[i].setId(as_text(id));
    taken[i].setCommand(as_text(command));
    taken[i].setService(as_text(service));
  }
  return events::message_bytes(message, 0);
}

events::Snapshot take_snapshot(const projections::Model& model) {
  events::Snapshot snapshot{model.seq, model_format, 0, SKY_VERSION, encode_model(model)};
  snapshot.state_hash = events::state_hash(snapshot.state);
  return snapshot;
}

namespace {

Result<projections::Model> load(const events::Snapshot& snapshot, const core::LogId& id,
                                std::uint32_t oldest) {
  const std::string what = "the snapshot of event " + std::to_string(snapshot.seq.value);
  if (snapshot.format < oldest || snapshot.format > model_format) {
    return Error{ErrorCode::unsupported, what + " was made by skyctl " + snapshot.writer +
                                             " in form " + std::to_string(snapshot.format) +
                                             "; this one reads forms " + std::to_string(oldest) +
                                             " to " + std::to_string(model_format)};
  }
  projections::Model model;
  events::MessageScratch scratch;
  const auto decoded =
      events::read_message(events::as_bytes(snapshot.state), scratch, what.c_str(),
                           [&model](capnp::MessageReader& message) -> Result<void> {
                             read_model(message.getRoot<wire::Model>(), model);
                             return {};
                           });
  if (!decoded) return decoded.error();
  if (model.seq != snapshot.seq || model.log_id != id)
    return Error{ErrorCode::corrupt, what + " holds the state of another event or log"};
  // An older form has other bytes for the same state; the hash over them was compared before.
  if (snapshot.format == model_format && encode_model(model) != snapshot.state)
    return Error{ErrorCode::corrupt, what + " holds more than a state"};
  return model;
}

}  // namespace

Result<projections::Model> load_snapshot(const events::Snapshot& snapshot, const core::LogId& id) {
  return load(snapshot, id, model_format);
}

Result<projections::Model> load_base(const events::Snapshot& snapshot, const core::LogId& id) {
  return load(snapshot, id, oldest_model_format);
}

}  // namespace sky::cli
