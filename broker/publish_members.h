// broker/publish_members.h: the members of one JSON object become one event:
// {"topic":...,"data":...}.
//
// Thread: its worker's.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "broker/fault.h"
#include "broker/publish_item.h"
#include "net/json.h"
#include "net/text_arena.h"

namespace fanfare {

// Reads the members of `json`'s latest object into `item`, which is fresh. `arena` receives what
// the item's views need beyond the text; `names` is scratch memory.
std::optional<Fault> read_publish_members(JsonReader& json, TextArena& arena,
                                          std::vector<std::string_view>& names, PublishItem& item);

}  // namespace fanfare
