// broker/interest_index.cc: a set of exact topics beside a trie of pattern segments.
//
// The trie's nodes are numbers; all its edges live in one hash map keyed by (node, segment), so
// that a node costs no map of its own. `*` and `**` are fields of a node, not edges.
#include "broker/interest_index.h"

#include <algorithm>
#include <string>

#include "broker/exact_topics.h"
#include "broker/flat_map.h"
#include "broker/id_list.h"
#include "core/check.h"

namespace fanfare {
namespace {

constexpr uint32_t no_node = UINT32_MAX;
constexpr uint32_t root = 0;

struct EdgeView {
  uint32_t node;
  std::string_view segment;
};

struct Edge {
  uint32_t node;
  std::string segment;
  operator EdgeView() const { return {node, segment}; }  // NOLINT: an Edge is looked up as a view
};

struct EdgeHash {
  using is_transparent = void;
  using is_avalanching = void;
  std::size_t operator()(const EdgeView& edge) const {
    return static_cast<std::size_t>(topic_hash(edge.segment)) ^
           (edge.node * std::size_t{0x9E3779B97F4A7C15});
  }
};

struct EdgeEqual {
  using is_transparent = void;
  bool operator()(const EdgeView& a, const EdgeView& b) const {
    return a.node == b.node && a.segment == b.segment;
  }
};

struct Node {
  IdList here;              // patterns that end at this node
  IdList deep;              // patterns that end in `**` after it
  uint32_t star = no_node;  // the child by `*`
  uint32_t edges = 0;       // children by name
  bool unused() const { return here.empty() && deep.empty() && star == no_node && edges == 0; }
};

// Takes the first segment off `rest`; `last` says that nothing follows it.
std::string_view take_segment(std::string_view& rest, bool& last) {
  const std::size_t slash = rest.find('/');
  const std::string_view segment = rest.substr(0, slash);
  last = slash == rest.npos;
  rest.remove_prefix(last ? rest.size() : slash + 1);
  return segment;
}

}  // namespace

void FeedMarks::next_event() {
  if (++event_ != 0) return;
  std::ranges::fill(seen_, 0);  // once in four thousand million events
  event_ = 1;
}

bool FeedMarks::first_time(uint32_t feed) {
  if (feed >= seen_.size()) seen_.resize(std::max<std::size_t>(feed + 1, seen_.size() * 2));
  return std::exchange(seen_[feed], event_) != event_;
}

struct InterestIndex::Tables {
  // What one match() hands down the trie.
  struct Search {
    FeedMarks& marks;
    std::vector<uint32_t>& out;
    void found(std::span<const uint32_t> feeds) {
      for (const uint32_t feed : feeds) {
        if (marks.first_time(feed)) out.push_back(feed);
      }
    }
  };

  ExactTopics exact;
  FlatMap<Edge, uint32_t, EdgeHash, EdgeEqual> edges;
  std::vector<Node> nodes = std::vector<Node>(1);
  std::vector<uint32_t> free_nodes;

  uint32_t new_node() {
    if (!free_nodes.empty()) {
      const uint32_t node = free_nodes.back();
      free_nodes.pop_back();
      return node;
    }
    nodes.emplace_back();
    return static_cast<uint32_t>(nodes.size() - 1);
  }

  uint32_t child(uint32_t node, std::string_view segment) const {
    if (segment == "*") return nodes[node].star;
    const auto edge = edges.find(EdgeView{node, segment});
    return edge == edges.end() ? no_node : edge->second;
  }

  uint32_t child_or_new(uint32_t node, std::string_view segment) {
    const uint32_t there = child(node, segment);
    if (there != no_node) return there;
    const uint32_t made = new_node();
    if (segment == "*") {
      nodes[node].star = made;
    } else {
      edges.emplace(Edge{node, std::string(segment)}, made);
      ++nodes[node].edges;
    }
    return made;
  }

  void drop_child(uint32_t node, std::string_view segment, uint32_t gone) {
    if (segment == "*") {
      nodes[node].star = no_node;
    } else {
      edges.erase(edges.find(EdgeView{node, segment}));
      --nodes[node].edges;
    }
    free_nodes.push_back(gone);
  }

  void add_pattern(uint32_t feed, std::string_view pattern) {
    uint32_t node = root;
    for (bool last = false; !last;) {
      const std::string_view segment = take_segment(pattern, last);
      if (segment == "**") {
        nodes[node].deep.add(feed);
        return;
      }
      node = child_or_new(node, segment);
    }
    nodes[node].here.add(feed);
  }

  // Below `node`, then tidies on the way back. At most 256 levels: a name has 255 bytes.
  void remove_pattern(uint32_t feed, uint32_t node, std::string_view rest) {
    bool last = false;
    const std::string_view segment = take_segment(rest, last);
    if (segment == "**") {
      nodes[node].deep.remove(feed);
      return;
    }
    const uint32_t below = child(node, segment);
    CHECK_NE(below, no_node);
    if (last) {
      nodes[below].here.remove(feed);
    } else {
      remove_pattern(feed, below, rest);
    }
    if (nodes[below].unused()) drop_child(node, segment, below);
  }

  void match_below(uint32_t at, std::string_view rest, Search& search) const {
    const Node& node = nodes[at];
    const bool own = at == root && rest.starts_with('$');
    if (!own) search.found(node.deep.ids());
    bool last = false;
    const std::string_view segment = take_segment(rest, last);
    const auto follow = [&](uint32_t below) {
      if (below == no_node) return;
      if (last) {
        search.found(nodes[below].here.ids());
      } else {
        match_below(below, rest, search);
      }
    };
    if (node.edges != 0) follow(child(at, segment));
    if (!own && !segment.empty()) follow(node.star);
  }
};

InterestIndex::InterestIndex() : tables_(std::make_unique<Tables>()) {}
InterestIndex::~InterestIndex() = default;

void InterestIndex::add(uint32_t feed, const Subscription& subscription) {
  const std::span<const std::string_view> topics = subscription.exact_topics();
  for (uint32_t i = 0; i < topics.size(); ++i) {
    if (tables_->exact.add(feed, subscription, i))
      ++topics_in_bucket_[bucket_of(topic_hash(topics[i]))];
  }
  for (const std::string_view pattern : subscription.patterns()) {
    tables_->add_pattern(feed, pattern);
    ++pattern_entries_;
  }
}

void InterestIndex::remove(uint32_t feed, const Subscription& subscription) {
  for (const std::string_view topic : subscription.exact_topics()) {
    const HashedName hashed{topic, topic_hash(topic)};
    if (tables_->exact.remove(feed, hashed)) --topics_in_bucket_[bucket_of(hashed.hash)];
  }
  for (const std::string_view pattern : subscription.patterns()) {
    tables_->remove_pattern(feed, root, pattern);
    --pattern_entries_;
  }
}

void InterestIndex::match(std::string_view topic, TopicHash hash, FeedMarks& marks,
                          std::vector<uint32_t>& out) const {
  Tables::Search search{marks, out};
  search.found(tables_->exact.feeds_of({topic, hash}));
  if (pattern_entries_ != 0) tables_->match_below(root, topic, search);
}

std::size_t InterestIndex::exact_topic_count() const {
  return tables_->exact.count();
}

std::size_t InterestIndex::pattern_node_count() const {
  return tables_->nodes.size() - tables_->free_nodes.size() - 1;
}

std::size_t InterestIndex::memory_bytes() const {
  // A slot of a flat map carries one more byte of bookkeeping.
  const auto heap = [](const std::string& text) {
    return text.capacity() > 15 ? text.capacity() + 1 : 0;
  };
  std::size_t bytes = sizeof *this + sizeof(Tables);
  bytes += tables_->exact.memory_bytes();
  bytes += tables_->edges.bucket_count() * (sizeof(std::pair<Edge, uint32_t>) + 1);
  for (const auto& [edge, node] : tables_->edges) bytes += heap(edge.segment);
  for (const Node& node : tables_->nodes) bytes += node.here.heap_bytes() + node.deep.heap_bytes();
  return bytes + tables_->nodes.capacity() * sizeof(Node) +
         tables_->free_nodes.capacity() * sizeof(uint32_t);
}

}  // namespace fanfare
