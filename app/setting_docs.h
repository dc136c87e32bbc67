// app/setting_docs.h: docs/CONFIGURATION.md, made of the table of settings.
//
// Thread: any; a pure function. `fanfare check --print-docs` prints it; a test keeps the file in
// step.
#pragma once

#include <string>

namespace fanfare {

std::string configuration_docs();

}  // namespace fanfare
