// bench/micro/event_bench.cc: what an event costs on its way through one worker: reading the
// request, making the event, matching it, appending it to a feed, finding a stream's place.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "broker/event.h"
#include "broker/feed.h"
#include "broker/history.h"
#include "broker/interest_index.h"
#include "broker/pattern.h"
#include "broker/publish_body.h"
#include "broker/wire.h"
#include "net/http1_parser.h"

namespace fanfare {
namespace {

constexpr Epoch epoch{0x5f3a9c21d04be877};

EventRef make_event(std::string_view topic, std::string_view data, uint64_t number) {
  EventRef made = Event::make({std::span(&topic, 1), {}, data, DataKind::text, 0});
  const_cast<Event*>(made.get())->number_it({epoch, EventNumber{number}}, {}, {});
  return made;
}

std::string payload(std::size_t bytes) {
  return std::string(bytes, 'x');
}

// The head and body of a POST as curl sends it.
void http_request(benchmark::State& state) {
  const std::string data = payload(static_cast<std::size_t>(state.range(0)));
  const std::string request =
      "POST /topics/orders/42 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/7.88.1\r\n"
      "Accept: */*\r\nContent-Length: " +
      std::to_string(data.size()) + "\r\nContent-Type: text/plain\r\n\r\n" + data;
  Http1Parser parser(HttpLimits{});
  for (auto _ : state) {
    std::string_view rest = request;
    Http1Parser::Step step{};
    do {
      std::size_t used = 0;
      step = parser.feed(rest, used);
      rest.remove_prefix(used);
      if (step == Http1Parser::Step::head) parser.limit_body(1_MiB);
    } while (step == Http1Parser::Step::head || step == Http1Parser::Step::more);
    benchmark::DoNotOptimize(parser.body().data());
    parser.next();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(http_request)->ArgName("bytes")->Arg(200)->Arg(16'384);

// Lines of NDJSON in one body; the time is for all of them.
void ndjson_body(benchmark::State& state) {
  std::string body;
  for (int64_t i = 0; i < state.range(0); ++i) {
    body += R"({"topic":"orders/)" + std::to_string(i % 100) + R"(","data":{"price":17,"n":")" +
            payload(100) + "\"}}\n";
  }
  const std::size_t bytes = body.size();
  body.append(64, ' ');  // the JSON reader looks past the end
  const std::string_view text = std::string_view(body).substr(0, bytes);
  PublishRequest request;
  request.content_type = "application/x-ndjson";
  PublishReader reader;
  PublishBatch batch;
  for (auto _ : state) {
    const auto fault = reader.read(request, text, PublishLimits{}, batch);
    if (fault) state.SkipWithError(fault->detail.c_str());
    benchmark::DoNotOptimize(batch.items().data());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(ndjson_body)->ArgName("lines")->Arg(1)->Arg(100);

void json_object(benchmark::State& state) {
  std::string body =
      R"({"topic":"orders/42","event":"price","data":{"price":17,"currency":"EUR"}})";
  const std::size_t bytes = body.size();
  body.append(64, ' ');
  PublishRequest request;
  request.content_type = "application/json";
  PublishReader reader;
  PublishBatch batch;
  for (auto _ : state) {
    const auto fault =
        reader.read(request, std::string_view(body).substr(0, bytes), PublishLimits{}, batch);
    if (fault) state.SkipWithError(fault->detail.c_str());
    benchmark::DoNotOptimize(batch.items().data());
  }
}
BENCHMARK(json_object);

// Allocation, frame and number of an event.
void event_made(benchmark::State& state) {
  const std::string data = payload(static_cast<std::size_t>(state.range(0)));
  uint64_t number = 0;
  for (auto _ : state) benchmark::DoNotOptimize(make_event("orders/42", data, ++number).get());
}
BENCHMARK(event_made)->ArgName("bytes")->Arg(60)->Arg(200)->Arg(16'384);

void event_encoded(benchmark::State& state) {
  WireFormat format;
  format.encoding = state.range(0) == 0 ? Encoding::sse : Encoding::ndjson;
  format.topic_field = TopicField::shown;
  const EventRef event = make_event("orders/42", payload(200), 7);
  std::string out;
  for (auto _ : state) {
    out.clear();
    append_event(out, format, epoch, *event);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(event_encoded)->ArgName("ndjson")->Arg(0)->Arg(1);

// A round of a feed that is swept all the time: events are made and appended, nobody is behind.
// Less event_made, it is what the feed costs.
void feed_round(benchmark::State& state) {
  Feed feed(*Subscription::of("orders/42"), WireFormat{}, EventNumber{1});
  const std::string data = payload(200);
  uint64_t number = 0;
  for (auto _ : state) {
    const uint64_t first = number + 1;
    for (int64_t i = 0; i < state.range(0); ++i) {
      feed.append(epoch, *make_event("orders/42", data, ++number));
    }
    benchmark::DoNotOptimize(feed.find(EventNumber{first}).block);
    feed.set_offered(EventNumber{number});
    feed.trim(0);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(feed_round)->ArgName("events")->Arg(1)->Arg(32)->Arg(256);

// Where a member of the sweep reads on: what each send of a sweep asks first.
void feed_find(benchmark::State& state) {
  Feed feed(*Subscription::of("orders/42"), WireFormat{}, EventNumber{1});
  constexpr uint64_t events = 256;
  for (uint64_t i = 1; i <= events; ++i) {
    feed.append(epoch, *make_event("orders/42", payload(200), i));
  }
  uint64_t next = 0;
  for (auto _ : state) {
    next = next % events + 1;
    benchmark::DoNotOptimize(feed.find(EventNumber{next}).offset);
  }
}
BENCHMARK(feed_find);

// The feeds that want an event, among `feeds` of exact topics and as many patterns.
void interest_match(benchmark::State& state) {
  InterestIndex index;
  FeedMarks marks;
  const auto feeds = static_cast<uint32_t>(state.range(0));
  std::vector<Subscription::Ref> held;
  for (uint32_t i = 0; i < feeds; ++i) {
    held.push_back(*Subscription::of("orders/" + std::to_string(i)));
    held.push_back(*Subscription::of("customers/" + std::to_string(i) + "/**"));
  }
  for (uint32_t i = 0; i < held.size(); ++i) index.add(i, *held[i]);
  const std::string topic = state.range(1) == 0 ? "orders/7" : "customers/7/orders/1";
  const TopicHash hash = topic_hash(topic);
  std::vector<uint32_t> matched;
  for (auto _ : state) {
    matched.clear();
    marks.next_event();
    index.match(topic, hash, marks, matched);
    benchmark::DoNotOptimize(matched.data());
  }
  for (uint32_t i = 0; i < held.size(); ++i) index.remove(i, *held[i]);
}
BENCHMARK(interest_match)
    ->ArgNames({"feeds", "by_pattern"})
    ->Args({1'000, 0})
    ->Args({100'000, 0})
    ->Args({1'000, 1})
    ->Args({100'000, 1});

// Keeping an event where each topic is full, so that its oldest goes; the event is made anew each
// time, as it must outlive its place: less event_made, it is what history costs.
void history_keep(benchmark::State& state) {
  const auto topics = static_cast<uint64_t>(state.range(0));
  const TopicPolicies policies{TopicPolicy{}};
  History history(policies, Home{}, {512_MiB, 1'000'000, 10'000});
  std::vector<std::string> names;
  for (uint64_t i = 0; i < topics; ++i) names.push_back("orders/" + std::to_string(i));
  const std::string data = payload(200);
  uint64_t number = 0;
  const auto keep = [&] {
    const std::string& topic = names[number % topics];
    const EventRef event = make_event(topic, data, number + 1);
    history.keep(*event, topic, event->topic_hash());
    ++number;
  };
  while (number < topics * TopicPolicy{}.history_events) keep();
  for (auto _ : state) keep();
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(history_keep)->ArgName("topics")->Arg(1)->Arg(64)->Arg(256);

// Does a pattern match a topic: what history asks when it replays to a pattern.
void pattern_match(benchmark::State& state) {
  constexpr std::string_view patterns[] = {"orders/42/items", "orders/*/items", "orders/**"};
  const std::string_view pattern = patterns[state.range(0)];
  for (auto _ : state) benchmark::DoNotOptimize(pattern_matches(pattern, "orders/42/items"));
}
BENCHMARK(pattern_match)->ArgName("kind")->Arg(0)->Arg(1)->Arg(2);

// The allocator under the broker's pattern: an event's memory lives until 4,096 later ones were
// made.
void allocation(benchmark::State& state) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  std::vector<std::unique_ptr<char[]>> live(4096);
  std::size_t at = 0;
  for (auto _ : state) {
    live[at] = std::make_unique_for_overwrite<char[]>(bytes);
    live[at][0] = 1;
    at = (at + 1) % live.size();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(allocation)->ArgName("bytes")->Arg(128)->Arg(400)->Arg(16'384);

}  // namespace
}  // namespace fanfare
