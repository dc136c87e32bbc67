// net/sim_peer.h: a simulated connection: the client's end for tests, the server's end for
// SimEngine.
//
// Thread: its world's.   Owned by: SimNet, for its whole life; a reference stays valid after the
// end. Bytes and closes travel in order in each direction and may take time; what is written before
// a reset may be lost with it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/bytes.h"
#include "core/time.h"
#include "net/address.h"
#include "net/engine.h"

namespace fanfare {

class SimNet;

class SimPeer {
 public:
  SimPeer(SimNet& net, uint32_t listener_id, SocketAddress address);
  SimPeer(const SimPeer&) = delete;
  SimPeer& operator=(const SimPeer&) = delete;

  // The client's end.

  void write(std::string_view bytes);  // never blocks; for nothing once the connection is broken
  void finish();                       // half close: no more writes
  void close();                        // unread bytes turn it into a reset, as in a kernel
  void reset();
  std::string take();  // what has been received since the last take()
  const std::string& received() const { return received_; }
  void stop_reading() { reading_ = false; }
  void read_on();
  // How many bytes the server may have sent that the client has not read (64 KiB until set).
  void set_receive_window(std::size_t bytes);

  bool was_accepted() const { return server_ != ServerEnd::waiting; }
  bool was_closed() const { return was_closed_; }  // the server's end of sending has been read
  bool was_reset() const { return was_reset_; }
  bool is_reading() const { return reading_; }
  std::size_t unread_by_server() const { return on_the_way_ + at_server_.size(); }
  std::size_t unread_by_client() const { return unread_; }  // what fills the window
  std::size_t on_the_way_to_client() const { return unread_ - at_client_.size(); }
  uint32_t listener_id() const { return listener_id_; }
  const SocketAddress& address() const { return address_; }

  // The server's end.

  using OnChange = std::function<void()>;
  struct Piece {
    int error = 0;
    std::string bytes;  // empty: the end
  };
  void attach(OnChange on_change);  // accepted or adopted: told whenever an answer below may change
  void detach() { on_change_ = nullptr; }
  bool readable() const { return !at_server_.empty() || hung_up(); }
  bool writable() const;
  bool hung_up() const { return end_at_server_ || broken_ != 0; }
  int error() const { return broken_; }
  Piece read();
  int send(Bytes bytes);
  void close_server(CloseHow how);
  bool server_done() const { return server_done_; }  // close_server has come to its end

 private:
  enum class ServerEnd : uint8_t { waiting, open, lingering, gone };
  // One direction: what goes in first comes out first.
  struct Lane {
    Instant last{};
    unsigned pending = 0;
  };

  void travel(Lane& lane, std::function<void()> arrival);
  void bytes_reach_server(const std::string& bytes);
  void end_reaches_server();
  void reset_reaches_server();
  void bytes_reach_client(const std::string& bytes);
  void send_end_to_client();
  void send_reset_to_client();
  void consume();
  void finish_linger();
  void server_is_done();
  void break_both_ends();
  void changed();

  SimNet& net_;
  const uint32_t listener_id_;
  const SocketAddress address_;
  Lane to_server_, to_client_;

  // The client's end.
  std::string received_;
  std::string at_client_;  // arrived, not read
  std::size_t receive_window_ = 64_KiB;
  std::size_t unread_ = 0;          // sent by the server, on the way too
  uint32_t sends_lost_before_ = 0;  // sends numbered below it are eaten by a reset
  uint32_t sends_ = 0;
  bool reading_ = true;
  bool finished_ = false;
  bool client_gone_ = false;
  bool end_at_client_ = false;
  bool was_closed_ = false;
  bool was_reset_ = false;

  // The server's end.
  ServerEnd server_ = ServerEnd::waiting;
  OnChange on_change_;
  std::string at_server_;  // arrived, not read
  std::size_t on_the_way_ = 0;
  std::size_t discarded_ = 0;
  Instant stuffed_until_{};
  int broken_ = 0;  // errno
  bool end_at_server_ = false;
  bool server_done_ = false;
};

}  // namespace fanfare
