# How every target of ours is compiled. Link it PRIVATE or PUBLIC as `fanfare_flags`.
add_library(fanfare_flags INTERFACE)
target_include_directories(fanfare_flags INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
target_compile_options(fanfare_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -fno-omit-frame-pointer
  $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond -Wlogical-op>
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>)
if(FANFARE_WERROR)
  target_compile_options(fanfare_flags INTERFACE -Werror)
endif()
if(FANFARE_PCH)
  # What ccache needs to know two equal precompiled headers for equal (see CMAKE_CXX_COMPILER_LAUNCHER).
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    add_compile_options(-fpch-preprocess -Winvalid-pch)
  else()
    add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
  endif()
endif()
if(FANFARE_SANITIZE)
  # The whole build, so that libraries of ours and tests agree. The kernel's writes through io_uring
  # are invisible to TSan: its runs use epoll and the simulated engine.
  add_compile_options(-fsanitize=${FANFARE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${FANFARE_SANITIZE})
  add_compile_definitions(FANFARE_SANITIZED)
endif()
if(FANFARE_FUZZ)
  # The rooms too: a fuzzer that does not see which branches an input reached only guesses.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Compiled once for each target instead of once for each file. Only what the standard library and
# fmt/core.h offer: a file still includes what it uses (preset lint compiles without it), and a
# heavier header stays the business of the few files that include it.
# fmt/format.h is not here on purpose: with it, every file that formats compiles fmt's bodies.
set(fanfare_pch_core <algorithm> <array> <atomic> <chrono> <cstddef> <cstdint> <functional> <memory>
  <optional> <span> <string> <string_view> <utility> <vector>)
set(fanfare_pch_net ${fanfare_pch_core} <cerrno> <cstring> <deque> <sys/socket.h> <fmt/core.h>)
set(fanfare_pch_broker ${fanfare_pch_net} <charconv>)
set(fanfare_pch_app ${fanfare_pch_net} <ostream> <unistd.h>)
set(fanfare_pch_tests ${fanfare_pch_net} <map> <ostream> <set> <thread> <unistd.h> <gtest/gtest.h>)
function(fanfare_precompile target room)
  if(FANFARE_PCH)
    target_precompile_headers(${target} PRIVATE ${fanfare_pch_${room}})
  endif()
endfunction()

# Names one room's library: fanfare_room(core) makes fanfare_core of every .cc in core/.
function(fanfare_room room)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  if(sources)
    add_library(fanfare_${room} STATIC ${sources})
    target_link_libraries(fanfare_${room} PUBLIC fanfare_flags ${ARGN})
    fanfare_precompile(fanfare_${room} ${room})
  else()
    add_library(fanfare_${room} INTERFACE)
    target_link_libraries(fanfare_${room} INTERFACE fanfare_flags ${ARGN})
  endif()
endfunction()
