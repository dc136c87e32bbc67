// app/stop_signals.h: SIGINT and SIGTERM as a descriptor that becomes readable, for the client
// commands.
//
// Thread: main's, before any other; once in a process, as signal handlers are the process'. The
// second signal of a kind ends the process as if this were not here.
#pragma once

namespace fanfare {

// Also ignores SIGPIPE, so that a closed standard output is an error of write. Never closed.
int stop_descriptor_of_signals();

}  // namespace fanfare
