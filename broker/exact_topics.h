// broker/exact_topics.h: which feeds want a topic by its exact name.
//
// Thread: its worker's.   Owned by: InterestIndex.
// Made for as many topics as streams: 16 bytes a topic, and none for its name, which stands in the
// subscription that brought it here. A second feed of a topic costs a list.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "broker/flat_map.h"
#include "broker/id_list.h"
#include "broker/name_hash.h"
#include "broker/subscription.h"

namespace fanfare {

class ExactTopics {
 public:
  // Feeds are below this.
  static constexpr uint32_t feeds_max = uint32_t{1} << 31;

  // The feed wants the exact topic that stands at `place` in the subscription, which lives on with
  // it. True: nobody wanted that topic before.
  bool add(uint32_t feed, const Subscription& subscription, uint32_t place);
  // Undoes one add(). True: nobody wants the topic any more.
  bool remove(uint32_t feed, const HashedName& topic);

  // Valid until the next add() or remove().
  std::span<const uint32_t> feeds_of(const HashedName& topic) const;

  std::size_t count() const { return entries_.size(); }
  std::size_t memory_bytes() const;  // without the subscriptions

 private:
  struct Entry {
    Subscription::Ref source;  // even if its own feed has gone
    uint32_t place;
    mutable uint32_t feeds;  // the only one; or is_list and where in lists_ they are
    std::string_view name() const { return source->exact_topics()[place]; }
  };
  static_assert(sizeof(Entry) == 16);
  struct Hash : NameHash {
    using NameHash::operator();
    std::size_t operator()(const Entry& entry) const { return (*this)(entry.name()); }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Entry& a, const Entry& b) const { return a.name() == b.name(); }
    bool operator()(const HashedName& a, const Entry& b) const { return a.name == b.name(); }
    bool operator()(const Entry& a, const HashedName& b) const { return a.name() == b.name; }
  };
  static constexpr uint32_t is_list = feeds_max;

  IdList& list_of(const Entry& entry) { return lists_[entry.feeds & ~is_list]; }
  void make_list(const Entry& entry);
  void drop_list(const Entry& entry);

  FlatSet<Entry, Hash, Equal> entries_;
  std::vector<IdList> lists_;
  std::vector<uint32_t> free_lists_;
};

}  // namespace fanfare
