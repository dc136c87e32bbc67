// net/sim_engine.cc: collects what connections have to tell and hands it out as the seed decides.
#include "net/sim_engine.h"

#include <algorithm>
#include <utility>

#include "net/listener.h"

namespace fanfare {
namespace {

// Readable behind the bytes of an entry, and never what the reader hopes for.
constexpr std::size_t padding_bytes = 64;

}  // namespace

class SimEngine::Flag final : public Waker {
 public:
  void wake() override { set_.store(true); }
  bool is_set() const { return set_.load(); }
  void clear() { set_.store(false); }

 private:
  std::atomic<bool> set_{false};
};

SimEngine::SimEngine(SimNet& net, uint32_t capacity)
    : net_(net),
      now_(net.now()),
      wall_now_(net.wall_now()),
      woken_(std::make_shared<Flag>()),
      places_(capacity) {}

SimEngine::~SimEngine() {
  std::set<uint32_t> listeners(listening_.begin(), listening_.end());
  while (!promised_.empty()) {
    net_.take_back(*promised_.back());
    promised_.pop_back();
  }
  net_.forget(*this);
  for (const uint32_t listener_id : listeners) net_.dispatch(listener_id);
  for (const Place& place : places_) {
    if (place.peer == nullptr) continue;
    place.peer->detach();
    if (place.state == State::open) place.peer->close_server(CloseHow::now);
  }
}

std::shared_ptr<Waker> SimEngine::waker() {
  return woken_;
}

// The rules of slots.

SimEngine::Place& SimEngine::open_place(Slot slot, const char* rule) {
  net_.demand(slot.index < places_.size(), "a slot's index is below capacity()", slot);
  Place& place = places_[slot.index];
  net_.demand(place.used && place.generation == slot.generation,
              "a slot is named by the generation of its present use", slot);
  net_.demand(place.state == State::open, rule, slot);
  return place;
}

SimEngine::Place& SimEngine::begin_use(Slot slot, State state, const char* rule) {
  net_.demand(slot.index < places_.size(), "a slot's index is below capacity()", slot);
  Place& place = places_[slot.index];
  net_.demand(place.state == State::free, rule, slot);
  net_.demand(!place.used || static_cast<int32_t>(slot.generation - place.generation) > 0,
              "the generation rises with each use of an index", slot);
  place.used = true;
  place.generation = slot.generation;
  place.state = state;
  return place;
}

void SimEngine::attach(uint32_t index, SimPeer& peer) {
  places_[index].peer = &peer;
  places_[index].state = State::open;
  peer.attach([this, index] { touch(index); });
}

void SimEngine::touch(uint32_t index) {
  if (std::exchange(places_[index].touched, true)) return;
  touched_.push_back(index);
}

void SimEngine::forget_wants(Place& place) {
  place.wants_bytes = place.wants_writable = place.wants_hangup = false;
}

// Accepting.

void SimEngine::listen(Listener& listener) {
  listening_.insert(listener.id());
  net_.dispatch(listener.id());
}

void SimEngine::unlisten(Listener& listener) {
  const auto found = listening_.find(listener.id());
  net_.demand(found != listening_.end(), "unlisten() follows listen()");
  listening_.erase(found);
  if (listening_.contains(listener.id())) return;
  for (std::size_t i = promised_.size(); i-- > 0;) {  // from the last, to keep their order
    if (promised_[i]->listener_id() != listener.id()) continue;
    net_.take_back(*promised_[i]);
    promised_.erase(promised_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  net_.dispatch(listener.id());
}

void SimEngine::offer(Slot free) {
  begin_use(free, State::offered, "an offered slot is neither open nor offered");
  offered_.push_back(free);
  const std::set<uint32_t> listeners(listening_.begin(), listening_.end());
  for (const uint32_t listener_id : listeners) net_.dispatch(listener_id);
}

bool SimEngine::could_accept(uint32_t listener_id) const {
  return listening_.contains(listener_id) && promised_.size() < offered_.size();
}

// Wants.

void SimEngine::want_bytes(Slot slot) {
  Place& place = open_place(slot, "bytes are wanted of an open slot");
  net_.demand(!place.wants_bytes, "bytes are wanted once until they are answered", slot);
  net_.demand(!place.wants_hangup, "bytes and a hang-up are not wanted together", slot);
  place.wants_bytes = true;
  touch(slot.index);
}

void SimEngine::want_writable(Slot slot) {
  Place& place = open_place(slot, "writability is wanted of an open slot");
  net_.demand(!place.wants_writable, "writability is wanted once until it is answered", slot);
  place.wants_writable = true;
  touch(slot.index);
}

void SimEngine::want_hangup(Slot slot) {
  Place& place = open_place(slot, "a hang-up is wanted of an open slot");
  net_.demand(!place.wants_hangup, "a hang-up is wanted once until it is answered", slot);
  net_.demand(!place.wants_bytes, "bytes and a hang-up are not wanted together", slot);
  place.wants_hangup = true;
  touch(slot.index);
}

// Sending, closing, moving.

void SimEngine::send(std::span<Send> batch) {
  ++batches_;
  for (Send& send : batch) {
    Place& place = open_place(send.slot, "only open slots are sent to");
    net_.demand(place.batch != batches_, "one batch names a slot once", send.slot);
    net_.demand(!send.bytes.empty(), "a send is not empty", send.slot);
    place.batch = batches_;
    send.result = place.peer->send(send.bytes);
  }
}

void SimEngine::close(Slot slot, CloseHow how) {
  Place& place = open_place(slot, "only open slots are closed, and once");
  forget_wants(place);
  place.state = State::closing;
  place.peer->close_server(how);
}

std::optional<uint32_t> SimEngine::unacknowledged(Slot slot) {
  const Place& place = open_place(slot, "only open slots are asked what is unacknowledged");
  return static_cast<uint32_t>(place.peer->on_the_way_to_client());
}

int SimEngine::release(Slot slot) {
  Place& place = open_place(slot, "only open slots are released");
  net_.demand(!place.wants_bytes && !place.wants_writable && !place.wants_hangup,
              "nothing is wanted of a slot that is released", slot);
  if (net_.random().chance(net_.weather().release_refused)) return -1;
  place.peer->detach();
  place.state = State::free;
  return net_.release(*std::exchange(place.peer, nullptr));
}

bool SimEngine::adopt(Slot slot, int descriptor) {
  SimPeer* peer = net_.adopt(descriptor);
  net_.demand(peer != nullptr, "an adopted descriptor comes from release(), and is used once",
              slot);
  const bool beyond =
      slot.index >= places_.size();  // how a caller without a free slot gets rid of it
  if (beyond || net_.random().chance(net_.weather().adopt_refused)) {
    peer->close_server(CloseHow::now);
    return false;
  }
  begin_use(slot, State::open, "a connection is adopted into a free slot");
  attach(slot.index, *peer);
  return true;
}

// Waiting.

bool SimEngine::has_news(const Place& place) const {
  if (place.peer == nullptr) return false;
  if (place.state == State::closing) return place.peer->server_done();
  return (place.wants_bytes && place.peer->readable()) ||
         (place.wants_writable && place.peer->writable()) ||
         (place.wants_hangup && place.peer->hung_up());
}

bool SimEngine::has_ready() const {
  if (woken_->is_set() || !promised_.empty()) return true;
  return std::any_of(touched_.begin(), touched_.end(),
                     [this](uint32_t index) { return has_news(places_[index]); });
}

std::span<const Ready> SimEngine::wait(Instant until, unsigned most) {
  net_.demand(most > 0, "a wait has room for an entry");
  ready_.clear();
  buffers_.clear();
  addresses_.clear();
  net_.begin_wait(*this);
  while (!has_ready() && net_.sleep(*this, until)) {
  }
  now_ = net_.now();
  wall_now_ = net_.wall_now();
  std::vector<Entry> entries = collect();
  entries.resize(choose(entries, most));
  for (const Entry& entry : entries) emit(entry);
  return ready_;
}

// All that could be returned now. Places with nothing to tell are touched no more.
std::vector<SimEngine::Entry> SimEngine::collect() {
  std::vector<Entry> entries;
  if (woken_->is_set()) entries.push_back({Got::woken});
  for (std::size_t i = 0; i < promised_.size(); ++i) entries.push_back({Got::accepted});
  std::erase_if(touched_, [&](uint32_t index) {
    Place& place = places_[index];
    place.touched = has_news(place);
    if (!place.touched) return true;
    if (place.state == State::closing) {
      entries.push_back({Got::closed, index});
      return false;
    }
    const SimPeer& peer = *place.peer;
    if (place.wants_bytes && peer.readable()) entries.push_back({Got::bytes, index});
    if (place.wants_writable && peer.writable()) entries.push_back({Got::writable, index});
    if (place.wants_hangup && peer.hung_up()) entries.push_back({Got::hung_up, index});
    return false;
  });
  return entries;
}

// Shuffles and says how many are returned. A wake is among them: it is promised for the next wait.
std::size_t SimEngine::choose(std::vector<Entry>& entries, unsigned most) {
  Random& random = net_.random();
  const auto size = static_cast<uint32_t>(entries.size());
  uint32_t count = std::min<uint32_t>(size, most);
  if (count == 0) return 0;
  const bool woken = entries.front().got == Got::woken;
  if (random.chance(net_.weather().fewer)) count = 1 + random.below(count);
  if (!random.chance(net_.weather().reorder)) return count;
  for (uint32_t i = size; i > 1; --i) std::swap(entries[i - 1], entries[random.below(i)]);
  if (woken) {
    const auto at = std::find_if(entries.begin(), entries.end(),
                                 [](const Entry& entry) { return entry.got == Got::woken; });
    std::swap(*at, entries[random.below(count)]);
  }
  return count;
}

void SimEngine::emit(const Entry& entry) {
  if (entry.got == Got::accepted) return emit_accepted();
  Ready& ready = ready_.emplace_back();
  ready.got = entry.got;
  if (entry.got == Got::woken) return woken_->clear();
  Place& place = places_[entry.index];
  ready.slot = {entry.index, place.generation};
  switch (entry.got) {
    case Got::bytes:
      emit_bytes(place, ready);
      break;
    case Got::writable:
      place.wants_writable = false;
      break;
    case Got::hung_up:
      place.wants_hangup = false;
      ready.error = place.peer->error();
      break;
    default:  // closed
      place.peer->detach();
      place.peer = nullptr;
      place.state = State::free;
  }
}

void SimEngine::emit_accepted() {
  const auto chosen = net_.random().below(static_cast<uint32_t>(offered_.size()));
  const Slot slot = offered_[chosen];
  offered_.erase(offered_.begin() + chosen);
  SimPeer& peer = *promised_.front();
  promised_.pop_front();
  Ready& ready = ready_.emplace_back();
  ready.got = Got::accepted;
  ready.slot = slot;
  ready.listener = peer.listener_id();
  if (!peer.address().is_unix()) {
    ready.peer = addresses_.emplace_back(std::make_unique<SocketAddress>(peer.address())).get();
  }
  attach(slot.index, peer);
}

void SimEngine::emit_bytes(Place& place, Ready& ready) {
  place.wants_bytes = false;
  const SimPeer::Piece piece = place.peer->read();
  if (piece.bytes.empty()) {
    ready.got = Got::end;
    ready.error = piece.error;
    return;
  }
  const std::size_t size = piece.bytes.size();
  auto& buffer = buffers_.emplace_back(std::make_unique<std::byte[]>(size + padding_bytes));
  const Bytes bytes = bytes_of(piece.bytes);
  std::copy(bytes.begin(), bytes.end(), buffer.get());
  std::fill_n(buffer.get() + size, padding_bytes, static_cast<std::byte>(net_.random().next()));
  ready.bytes = {buffer.get(), size};
}

}  // namespace fanfare
