// bench/suite/topic_name.h: what the topics of a measurement are called, and which life of a topic
// an event belongs to.
//
// Values. No two measurements share a name, so that what a server kept of an earlier one disturbs
// nothing. Topics that live shortly change their names together with their lives, not all at the
// same moment.
#pragma once

#include <cstdint>
#include <string>

namespace fanfare::bench {

struct TopicNames {
  std::string prefix;  // of the run and the group
  uint32_t topics = 1;
  uint32_t life = 0;  // events; 0: for ever

  std::string name(uint32_t topic, uint32_t sequence) const {
    std::string text = prefix + "-" + std::to_string(topic);
    if (life > 0) text += "-" + std::to_string(generation(topic, sequence));
    return text;
  }
  uint32_t generation(uint32_t topic, uint32_t sequence) const {
    return (sequence + offset(topic)) / life;
  }
  // Is this the last event of a life?
  bool ends(uint32_t topic, uint32_t sequence) const {
    return life > 0 && (sequence + 1 + offset(topic)) % life == 0;
  }

 private:
  uint32_t offset(uint32_t topic) const {
    return static_cast<uint32_t>(uint64_t{topic} * life / topics);
  }
};

}  // namespace fanfare::bench
