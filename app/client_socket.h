// app/client_socket.h: a blocking connection to a broker whose waits end at a deadline or on
// demand.
//
// Thread: one. Owns its descriptor; borrows those of Interrupt. SIGPIPE does not matter to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "app/broker_address.h"
#include "core/time.h"

namespace fanfare {

// What ends every wait at once. -1: none.
struct Interrupt {
  int readable = -1;  // a descriptor that becomes readable, or is closed by its writer
  int broken = -1;    // one that nobody reads any more (the other end of a pipe is closed)
};
enum class SocketEnd : uint8_t {
  ok,
  closed,       // by the peer, in good order
  timed_out,    // the deadline passed
  interrupted,  // by Interrupt
  failed        // error() says why
};

// Waits so long; false: interrupted before.
bool sleep_unless(const Interrupt& interrupt, Duration time);
// Until a read would not block (`ok`); `failed` leaves errno.
SocketEnd wait_readable(int descriptor, const Interrupt& interrupt, Instant deadline);

class ClientSocket {
 public:
  explicit ClientSocket(Interrupt interrupt) : interrupt_(interrupt) {}
  ~ClientSocket() { close(); }
  ClientSocket(const ClientSocket&) = delete;
  ClientSocket& operator=(const ClientSocket&) = delete;

  // Tries each address of the name. Looking the name up does not end at the deadline.
  SocketEnd connect(const BrokerAddress& address, Instant deadline);
  SocketEnd send_all(std::string_view bytes, Instant deadline);
  // `got` > 0 if ok.
  SocketEnd receive(std::span<char> into, Instant deadline, std::size_t& got);
  void close();

  bool is_open() const { return descriptor_ >= 0; }
  // Of an idle one: neither closed by the peer nor with bytes that nobody asked for.
  bool is_quiet() const;
  const std::string& error() const { return error_; }

 private:
  SocketEnd connect_to(const void* address, std::size_t bytes, int family, Instant deadline);
  SocketEnd wait(short events, Instant deadline);
  SocketEnd fail(int error);

  const Interrupt interrupt_;
  int descriptor_ = -1;
  std::string error_;
};

}  // namespace fanfare
