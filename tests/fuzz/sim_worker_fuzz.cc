// tests/fuzz/sim_worker_fuzz.cc: any bytes of a client to a whole worker on the simulated engine:
// HTTP over TCP, or HTTP and lines of JSON over the Unix socket.
//
// The first byte says which and how the bytes are cut. Whatever they are, each line gets its
// answer, and the next client is served.
#include <algorithm>
#include <cstdint>
#include <string>

#include "core/check.h"
#include "tests/sim/sim_broker.h"

namespace {

using namespace fanfare;

Settings small_settings() {
  Settings settings;
  settings.bus_slots = 4096;
  settings.event_bytes_max = 2_KiB;
  settings.batch_bytes_max = 4_KiB;
  settings.head_bytes_max = 1_KiB;
  return settings;
}

// A blank line is no event, and gets no answer.
std::size_t lines_in(std::string_view text) {
  std::size_t lines = 0;
  for (std::size_t end = 0; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1)) {
    if (text.substr(0, end).find_first_not_of(" \t\r") != text.npos) ++lines;
  }
  return lines;
}

void check_lines(std::string_view sent, const std::string& received) {
  std::size_t line_bytes_most = 0;
  for (std::string_view rest = sent; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    line_bytes_most = std::max(line_bytes_most, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (line_bytes_most > 4_KiB) return;  // one of them ends the connection
  CHECK_EQ(lines_in(received), lines_in(sent));
  CHECK(received.empty() || received.ends_with('\n'));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view in(reinterpret_cast<const char*>(data) + 1, size - 1);
  const uint8_t how = data[0];
  SimBroker broker(how, SimWeather{}, 1, small_settings(), 64);
  const bool unix_socket = (how & 1) != 0;
  SimPeer& peer = broker.net.connect(unix_socket ? SimBroker::unix_socket : SimBroker::tcp);
  const std::size_t piece = 1 + (how >> 1) * 8u;
  for (std::size_t at = 0; at < in.size(); at += piece) {
    peer.write(in.substr(at, piece));
    broker.turn();
  }
  for (int i = 0; i < 20; ++i) broker.turn();
  if (unix_socket && in.starts_with('{')) check_lines(in, peer.received());

  SimPeer& next = broker.net.connect(SimBroker::tcp);
  next.write("POST /topics/t HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx");
  CHECK(broker.run_until([&] { return !next.received().empty(); }));
  CHECK(next.received().starts_with("HTTP/1.1 200"));
  return 0;
}
