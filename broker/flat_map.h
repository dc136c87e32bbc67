// broker/flat_map.h: the hash maps and sets of this room; the one file that includes
// Boost.Unordered.
//
// A value may move with any insertion: keep no reference to one. Looking up by string_view
// allocates nothing.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <functional>
#include <string>
#include <string_view>

namespace fanfare {

template <class Key, class Value, class Hash = boost::hash<Key>, class Equal = std::equal_to<Key>>
using FlatMap = boost::unordered_flat_map<Key, Value, Hash, Equal>;

template <class Value, class Hash, class Equal>
using FlatSet = boost::unordered_flat_set<Value, Hash, Equal>;

}  // namespace fanfare
