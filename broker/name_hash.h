// broker/name_hash.h: maps by name that use the topic hash, which every event brings along.
//
// Looking up by a HashedName hashes nothing.
#pragma once

#include <cstddef>
#include <string_view>

#include "broker/topic_hash.h"

namespace fanfare {

struct HashedName {
  std::string_view name;
  TopicHash hash;  // topic_hash(name)
};

struct NameHash {
  using is_transparent = void;
  using is_avalanching = void;
  std::size_t operator()(std::string_view name) const {
    return static_cast<std::size_t>(topic_hash(name));
  }
  std::size_t operator()(const HashedName& hashed) const {
    return static_cast<std::size_t>(hashed.hash);
  }
};

struct NameEqual {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const { return a == b; }
  bool operator()(const HashedName& a, std::string_view b) const { return a.name == b; }
  bool operator()(std::string_view a, const HashedName& b) const { return a == b.name; }
};

}  // namespace fanfare
