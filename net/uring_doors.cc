// net/uring_doors.cc: which listener an offered slot goes to, and what an accept's result means.
#include "net/uring_doors.h"

#include <algorithm>
#include <cerrno>

#include "core/check.h"
#include "net/listener.h"

namespace fanfare {
namespace {

constexpr Duration pause_time = std::chrono::milliseconds(100);

// We have cancelled it, or the connection died in the queue: the next one may be well.
bool is_worth_another_try(int error) {
  return error == ECANCELED || error == ECONNABORTED || error == EINTR || error == EPROTO ||
         error == ENETDOWN || error == ENOPROTOOPT || error == EHOSTDOWN || error == ENONET ||
         error == EHOSTUNREACH || error == EOPNOTSUPP || error == ENETUNREACH;
}

UringName door_name(uint32_t number) {
  return {UringOp::door, {0, number}};
}

}  // namespace

void UringDoors::add(const Listener& listener) {
  for (const Door& door : doors_) CHECK(door.listener != &listener);
  doors_.push_back({&listener, next_number_++});
}

void UringDoors::remove(const Listener& listener) {
  const auto door = std::find_if(doors_.begin(), doors_.end(),
                                 [&](const Door& one) { return one.listener == &listener; });
  CHECK(door != doors_.end());
  std::vector<UringName> ends;
  if (door->watched) ends.push_back(door_name(door->number));
  for (const auto& [index, offer] : offers_) {
    if (!offer.accepting || offer.door != door->number) continue;
    ends.push_back({UringOp::accept, {index, offer.generation}});
  }
  doors_.erase(door);
  for (const UringName& name : ends) ring_.cancel(name);
  for (const UringName& name : ends) ring_.await(name);
}

void UringDoors::offer(Slot free) {
  Offer offer;
  offer.generation = free.generation;
  offers_[free.index] = offer;
  waiting_.push_back(free);
}

void UringDoors::begin_accepts(Instant now) {
  if (doors_.empty() || now < pauses_until_) return;
  while (!waiting_.empty()) {
    const Slot slot = waiting_.back();
    waiting_.pop_back();
    begin_accept(slot, neediest());
  }
  for (Door& door : doors_) {
    if (door.accepting > 0) continue;
    if (door.hungry) take_offer_from_another();
    if (!door.hungry && !door.watched && !offers_.empty()) {
      door.watched = true;
      ring_.poll_in(door.listener->descriptor(), door_name(door.number));
    }
  }
}

// It comes back as cancelled, or has met a client of its own just before: then the next is tried.
void UringDoors::take_offer_from_another() {
  const auto elsewhere = std::find_if(offers_.begin(), offers_.end(),
                                      [](const auto& one) { return one.second.accepting; });
  if (elsewhere == offers_.end()) return;
  ring_.cancel({UringOp::accept, {elsewhere->first, elsewhere->second.generation}});
}

Instant UringDoors::pauses_until() const {
  return waiting_.empty() || doors_.empty() ? never : pauses_until_;
}

UringDoors::Door& UringDoors::neediest() {
  return *std::min_element(doors_.begin(), doors_.end(), [](const Door& a, const Door& b) {
    return a.hungry != b.hungry ? a.hungry : a.accepting < b.accepting;
  });
}

void UringDoors::begin_accept(Slot slot, Door& door) {
  Offer& offer = offers_[slot.index];
  offer.accepting = true;
  offer.door = door.number;
  offer.listener = door.listener->id();
  door.accepting++;
  door.hungry = false;
  ring_.accept(door.listener->descriptor(), offer.peer, offer.peer_bytes, slot);
}

void UringDoors::on_client_waits(uint32_t door_number) {
  Door* const door = find(door_number);
  if (!door) return;
  door->watched = false;
  door->hungry = door->accepting == 0;
}

const UringDoors::Accepted* UringDoors::on_accept(Slot slot, int result, Instant now) {
  const auto place = offers_.find(slot.index);
  CHECK(place != offers_.end());
  Offer& offer = place->second;
  offer.accepting = false;
  if (Door* const door = find(offer.door)) door->accepting--;
  if (result < 0) {
    waiting_.push_back(slot);
    if (!is_worth_another_try(-result)) pauses_until_ = now + pause_time;
    return nullptr;
  }
  Accepted& accepted = accepted_[slot.index];
  accepted.peer = offer.peer;
  accepted.peer.set_raw_bytes(offer.peer_bytes);
  accepted.listener = offer.listener;
  offers_.erase(place);
  return &accepted;
}

UringDoors::Door* UringDoors::find(uint32_t number) {
  for (Door& door : doors_) {
    if (door.number == number) return &door;
  }
  return nullptr;
}

}  // namespace fanfare
