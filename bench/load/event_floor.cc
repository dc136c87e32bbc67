// bench/load/event_floor.cc: the least that a server of events can do: on the broker's engines and
// with its parser, one thread, topics in a table, a log of bytes for each; nothing else.
//
//   POST /events/{topic}   appends the event and answers 200
//   GET  /events/{topic}   a stream; with Last-Event-ID first what came after it
//
// --mode one-send: every event is a send of its own to every stream. --mode coalesce: a stream is
// sent all it lacks at once. So it is the floor of every workload: without readers a bare echo with
// the same parser, with a reader a topic a bare loop that parses a POST and sends one packet, for a
// storm a loop that accepts and answers. Publishers are not read while more than 128 KiB are
// unsent, as the broker holds them.
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "bench/load/flags.h"
#include "bench/load/floor_topic.h"
#include "bench/load/workloads.h"
#include "net/engine.h"
#include "net/epoll_engine.h"
#include "net/http.h"
#include "net/http1_parser.h"
#include "net/listener.h"
#if FANFARE_BENCH_URING
#include "net/uring_engine.h"
#endif

namespace fanfare::bench {
namespace {

constexpr std::size_t batch_sends = 32;
constexpr std::size_t batches_a_turn = 4;
constexpr uint64_t unsent_bytes_max = 128u << 10;
constexpr uint64_t kept_bytes = 256u << 10;
constexpr uint64_t log_bytes_max = 4u << 20;
constexpr std::string_view path_prefix = "/events/";

constexpr std::string_view stream_head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    "Cache-Control: no-store, no-transform\r\nTransfer-Encoding: chunked\r\n\r\n";

enum class Mode : uint8_t { one_send, coalesce };

class EventFloor {
 public:
  EventFloor(Engine& engine, Mode mode, uint32_t places)
      : engine_(engine), mode_(mode), places_(places) {
    for (uint32_t i = 0; i < places; ++i) engine_.offer({i, 1});
  }

  [[noreturn]] void run() {
    while (true) {
      const Instant now = monotonic_now();
      take_ready(dirty_.empty() ? now + std::chrono::milliseconds(100) : now);
      // Whatever is dirty now; what becomes so meanwhile is swept next time.
      for (std::size_t left = dirty_.size(); left > 0; --left) {
        FloorTopic& topic = *dirty_.front();
        dirty_.pop_front();
        topic.is_dirty = false;
        sweep(topic);
      }
      if (unsent_ < unsent_bytes_max) {
        for (const uint32_t publisher : held_) engine_.want_bytes(slot_of(publisher));
        held_.clear();
      }
    }
  }

 private:
  struct Place {
    uint32_t generation = 1;
    std::unique_ptr<Http1Parser> parser;  // until it is a stream
    FloorTopic* topic = nullptr;          // of a stream
    std::size_t member = 0;               // its place among the members
    uint64_t offset = 0;                  // of the topic's next byte
    bool blocked = false;
  };

  Slot slot_of(uint32_t index) const { return {index, places_[index].generation}; }

  void take_ready(Instant until) {
    for (const Ready& ready : engine_.wait(until, 64)) {
      const uint32_t index = ready.slot.index;
      Place& place = places_[index];
      if (ready.got == Got::accepted) {
        place.parser = std::make_unique<Http1Parser>(HttpLimits{});
        engine_.want_bytes(ready.slot);
      } else if (ready.got == Got::bytes) {
        read(index, std::string_view(reinterpret_cast<const char*>(ready.bytes.data()),
                                     ready.bytes.size()));
      } else if (ready.got == Got::writable) {
        place.blocked = false;
        if (place.topic != nullptr) make_dirty(*place.topic);
      } else if (ready.got == Got::end || ready.got == Got::hung_up) {
        leave(index);
        engine_.close(ready.slot, CloseHow::now);
      } else if (ready.got == Got::closed) {
        const uint32_t generation = place.generation + 1;
        place = Place{};
        place.generation = generation;
        engine_.offer(slot_of(index));
      }
    }
  }

  void read(uint32_t index, std::string_view bytes) {
    Place& place = places_[index];
    while (place.parser) {
      std::size_t used = 0;
      const Http1Parser::Step step = place.parser->feed(bytes, used);
      bytes.remove_prefix(used);
      if (step == Http1Parser::Step::refused) return engine_.close(slot_of(index), CloseHow::now);
      if (step == Http1Parser::Step::more) break;
      if (step == Http1Parser::Step::head) {
        place.parser->limit_body(1u << 20);
        continue;
      }
      answer(index);
      if (place.parser) place.parser->next();
    }
    if (!place.parser) return engine_.want_hangup(slot_of(index));
    if (unsent_ < unsent_bytes_max) {
      engine_.want_bytes(slot_of(index));
    } else {
      held_.push_back(index);
    }
  }

  void answer(uint32_t index) {
    Place& place = places_[index];
    const HttpRequest& request = place.parser->request();
    FloorTopic& topic = topics_[std::string(
        request.path.substr(std::min(request.path.size(), path_prefix.size())))];
    if (request.method == Method::get) {
      const std::string_view last_id = request.field("last-event-id");
      say(index, stream_head);
      place.topic = &topic;
      place.offset = last_id.empty() ? topic.end() : topic.after(number_of(last_id));
      place.member = topic.members.size();
      topic.members.push_back(index);
      topic.had_readers = true;
      place.parser.reset();
      if (place.offset < topic.end()) send_to({index});
      return;
    }
    // Where nobody ever read it is a bare echo.
    if (topic.had_readers) {
      const uint64_t before = topic.end();
      topic.append(place.parser->body());
      unsent_ += topic.end() - before;
      make_dirty(topic);
    }
    answer_.clear();
    HttpAnswer taken;
    taken.content_type = "application/json";
    taken.body = R"({"id":"0123456789abcdef-1000000"})";
    append_answer(answer_, taken);
    say(index, answer_);
  }

  static uint64_t number_of(std::string_view id) {
    uint64_t number = 0;
    const auto dash = id.find('-');
    if (dash != id.npos) std::from_chars(id.data() + dash + 1, id.data() + id.size(), number);
    return number;
  }

  void say(uint32_t index, std::string_view text) {
    Send send{slot_of(index), bytes_of(text)};
    engine_.send(std::span(&send, 1));
  }

  void make_dirty(FloorTopic& topic) {
    if (topic.is_dirty) return;
    topic.is_dirty = true;
    dirty_.push_back(&topic);
  }

  void sweep(FloorTopic& topic) {
    bool again = false;
    std::size_t batches = 0;
    for (std::size_t at = 0; at < topic.members.size();) {
      std::vector<uint32_t>& batch = batch_;
      batch.clear();
      for (; at < topic.members.size() && batch.size() < batch_sends; ++at) {
        const Place& place = places_[topic.members[at]];
        if (!place.blocked && place.offset < topic.end()) batch.push_back(topic.members[at]);
      }
      if (!batch.empty()) again = send_to(batch) || again;
      if (++batches % batches_a_turn == 0) take_ready(Instant{});
    }
    if (again) return make_dirty(topic);
    if (!topic.is_dirty) unsent_ = 0;
    if (topic.end() - topic.begin() > log_bytes_max) trim(topic);
  }

  // True if one of them lacks more and can take it.
  bool send_to(const std::vector<uint32_t>& batch) {
    sends_.clear();
    for (const uint32_t index : batch) {
      const Place& place = places_[index];
      const std::string_view bytes = mode_ == Mode::coalesce ? place.topic->from(place.offset)
                                                             : place.topic->event_at(place.offset);
      sends_.push_back({slot_of(index), bytes_of(bytes)});
    }
    engine_.send(sends_);
    bool more = false;
    for (const Send& send : sends_) {
      Place& place = places_[send.slot.index];
      if (send.result > 0) place.offset += static_cast<uint64_t>(send.result);
      if (send.result == static_cast<int>(send.bytes.size())) {
        more = more || place.offset < place.topic->end();
        continue;
      }
      place.blocked = true;
      if (send.result > 0 || send.result == -EAGAIN) engine_.want_writable(send.slot);
    }
    return more;
  }

  // Whoever still wants what is forgotten is cut.
  void trim(FloorTopic& topic) {
    topic.trim(kept_bytes);
    for (std::size_t i = topic.members.size(); i-- > 0;) {
      const uint32_t index = topic.members[i];
      if (places_[index].offset >= topic.begin()) continue;
      const Slot slot = slot_of(index);
      leave(index);
      engine_.close(slot, CloseHow::reset);
    }
  }

  void leave(uint32_t index) {
    Place& place = places_[index];
    if (place.topic == nullptr) return;
    std::vector<uint32_t>& members = place.topic->members;
    members[place.member] = members.back();
    places_[members[place.member]].member = place.member;
    members.pop_back();
    // A sweep may be under way, and have passed the place that the last member has now.
    make_dirty(*place.topic);
    place.topic = nullptr;
  }

  Engine& engine_;
  const Mode mode_;
  std::vector<Place> places_;
  std::unordered_map<std::string, FloorTopic> topics_;
  std::deque<FloorTopic*> dirty_;
  uint64_t unsent_ = 0;         // bytes appended since all were sent to all
  std::vector<uint32_t> held_;  // publishers that are not read
  std::vector<uint32_t> batch_;
  std::vector<Send> sends_;
  std::string answer_;
};

Result<std::unique_ptr<Engine>> make_engine(const std::string& name, uint32_t capacity) {
  if (name == "epoll") return make_epoll_engine(capacity);
#if FANFARE_BENCH_URING
  if (name == "io_uring") return make_uring_engine(capacity);
#endif
  return Error{"no engine is called '" + name + "' in this build"};
}

}  // namespace

int run_event_floor(Flags& flags) {
  const uint32_t places = flags.count("streams", 18'000);
  const std::string mode = flags.text("mode", "coalesce");
  const std::string engine_name = flags.text("engine", "epoll");
  const std::string address = flags.text("listen", "127.0.0.1:0");
  flags.refuse_unknown();
  if (mode != "coalesce" && mode != "one-send") fail("--mode is coalesce or one-send", 2);
  const auto at = SocketAddress::parse(address);
  if (!at) fail(at.error(), 2);
  auto engine = make_engine(engine_name, places);
  if (!engine) fail(engine.error(), 3);
  auto listeners = Listener::open(*at, 1, ListenerOptions{});
  if (!listeners) fail(listeners.error());
  Listener& listener = *listeners->front();
  (*engine)->listen(listener);
  EventFloor floor(**engine, mode == "coalesce" ? Mode::coalesce : Mode::one_send, places);
  std::printf("ready %s\n", listener.address().url().c_str());
  std::fflush(stdout);
  floor.run();
}

}  // namespace fanfare::bench
