// bench/suite/preset.h: servers whose manners are known by name.
//
// Values.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "bench/suite/dialect.h"
#include "core/result.h"

namespace fanfare::bench {

std::span<const std::string_view> preset_names();
// `url` is the server's address without a path, "http://127.0.0.1:8080".
Result<Manner> make_preset(std::string_view name, const std::string& url);

}  // namespace fanfare::bench
