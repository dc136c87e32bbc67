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
if(FANFARE_SANITIZE)
  # The whole build, so that libraries of ours and tests agree. The kernel's writes through io_uring
  # are invisible to TSan: its runs use epoll and the simulated engine.
  add_compile_options(-fsanitize=${FANFARE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${FANFARE_SANITIZE})
endif()

# Names one room's library: fanfare_room(core) makes fanfare_core of every .cc in core/.
function(fanfare_room room)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  if(sources)
    add_library(fanfare_${room} STATIC ${sources})
    target_link_libraries(fanfare_${room} PUBLIC fanfare_flags ${ARGN})
  else()
    add_library(fanfare_${room} INTERFACE)
    target_link_libraries(fanfare_${room} INTERFACE fanfare_flags ${ARGN})
  endif()
endfunction()
