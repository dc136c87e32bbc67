// broker/topic_hash.cc: XXH3 with this process's seed.
#include "broker/topic_hash.h"

#include <xxhash.h>

namespace fanfare {
namespace {

uint64_t hash_seed = 0;  // written before there is a second thread

}  // namespace

TopicHash topic_hash(std::string_view topic) {
  return TopicHash{XXH3_64bits_withSeed(topic.data(), topic.size(), hash_seed)};
}

void seed_topic_hash(uint64_t seed) {
  hash_seed = seed;
}

}  // namespace fanfare
