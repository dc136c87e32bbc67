// broker/publish_body.h: the body of a publish, in any of its forms, becomes checked events
// (protocol 3).
//
// Thread: its worker's; one PublishReader a worker. In the steady state it allocates nothing.
// A batch is all or nothing: at the first fault the batch is empty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "broker/fault.h"
#include "broker/publish_item.h"
#include "broker/publish_rules.h"  // IWYU pragma: export: parse_idempotency_key, check_event_type
#include "core/bytes.h"
#include "net/json.h"
#include "net/text_arena.h"

namespace fanfare {

struct PublishLimits {
  std::size_t event_bytes_max = 1_MiB;  // data of one event
  std::size_t batch_bytes_max = 8_MiB;  // body that holds several
  std::size_t batch_events_max = 4096;  // what the bus takes in one claim
};

struct PublishHeader {
  std::string_view name;  // lower case
  std::string_view value;
};

// A request as far as its body's meaning goes. Query values are decoded.
struct PublishRequest {
  std::optional<std::string_view> path_topic;  // decoded; nullopt: POST /events
  std::string_view content_type;               // as sent; empty: none
  std::optional<std::string_view> event;       // ?event=
  std::optional<std::string_view> retry;       // ?retry=
  std::optional<std::string_view> ce;          // ?ce=
  std::optional<std::string_view> is_private;  // ?private=
  std::span<const PublishHeader>
      headers;  // those that begin with `ce-`; the others are passed over
};

// How the answer looks: {"id"} or {"count","first","last"}.
enum class AnswerShape : uint8_t { one, batch };

// Checked events, and the memory their views look into. Reuse it: clear() keeps its memory.
class PublishBatch {
 public:
  std::span<const PublishItem> items() const { return items_; }
  AnswerShape shape() const { return shape_; }
  // A fault that was found in items()[i] later, with the place in the body that it came from.
  Fault at_place(Fault fault, std::size_t i) const;
  std::size_t memory_bytes() const;
  void clear();

 private:
  friend class PublishReader;

  std::vector<PublishItem> items_;
  std::vector<uint64_t> lines_;  // of NDJSON: the line of each item, from 1
  TextArena arena_;
  AnswerShape shape_ = AnswerShape::one;
};

class PublishReader {
 public:
  // The whole body of one request. `out` is cleared first. nullopt: out has at least one item.
  std::optional<Fault> read(const PublishRequest& request, std::string_view body,
                            const PublishLimits& limits, PublishBatch& out);

  // One line of NDJSON without its line end (a CR at its end is dropped), as the Unix socket brings
  // it. Adds one item to `out`, or none for an empty line; on a fault `out` stays as it was. The
  // line must stay as long as the batch is used.
  std::optional<Fault> read_line(std::string_view line, const PublishLimits& limits,
                                 PublishBatch& out);

 private:
  std::optional<Fault> read_by_type(const PublishRequest& request, std::string_view body,
                                    const PublishLimits& limits, PublishBatch& out);
  std::optional<Fault> read_raw(const PublishRequest& request, std::string_view body,
                                const PublishLimits& limits, PublishBatch& out);
  std::optional<Fault> read_object(std::string_view body, const PublishLimits& limits,
                                   PublishBatch& out);
  std::optional<Fault> read_array(std::string_view body, const PublishLimits& limits,
                                  PublishBatch& out);
  std::optional<Fault> read_ndjson(std::string_view body, const PublishLimits& limits,
                                   PublishBatch& out);
  std::optional<Fault> add_members(const PublishLimits& limits, PublishBatch& out);

  JsonReader json_;
  std::vector<std::string_view> names_;  // of a "topic" list, while it is read
};

}  // namespace fanfare
