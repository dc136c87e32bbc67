// broker/flat_map.h: the hash maps of this room; the one file that includes Boost.Unordered.
//
// A value may move with any insertion: keep no reference to one. Looking up by string_view
// allocates nothing.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <string>
#include <string_view>

namespace fanfare {

template <class Key, class Value, class Hash = boost::hash<Key>, class Equal = std::equal_to<Key>>
using FlatMap = boost::unordered_flat_map<Key, Value, Hash, Equal>;

}  // namespace fanfare
