// broker/topic_hash.h: a topic's 64-bit hash; topic_hash.cc is the one file that includes xxhash.
//
// It routes a topic to its home worker and lets a worker pass an event that nobody here wants. All
// 64 bits are well mixed. It differs from process to process, so that nobody can aim topics at one
// worker or one bucket.
#pragma once

#include <cstdint>
#include <string_view>

namespace fanfare {

enum class TopicHash : uint64_t {};

TopicHash topic_hash(std::string_view topic);  // any thread

// Called at most once, by main (with random bits) or a test, before any worker starts and any topic
// is hashed. Until then the seed is 0.
void seed_topic_hash(uint64_t seed);

}  // namespace fanfare
