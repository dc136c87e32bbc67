// net/sim_peer.cc: two ordered lanes between a client and a server that may both stop at any time.
#include "net/sim_peer.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <utility>

#include "net/sim_net.h"

namespace fanfare {
namespace {

constexpr std::size_t read_bytes_max = 16_KiB;
constexpr std::size_t linger_bytes_max = 256_KiB;
constexpr Duration linger_time_max = std::chrono::seconds(2);

}  // namespace

SimPeer::SimPeer(SimNet& net, uint32_t listener_id, SocketAddress address)
    : net_(net), listener_id_(listener_id), address_(address) {}

// Runs at once if nothing is ahead of it on its lane and the weather is calm.
void SimPeer::travel(Lane& lane, std::function<void()> arrival) {
  const Duration delay = net_.some_delay();
  if (lane.pending == 0 && delay == Duration::zero()) {
    arrival();
    return;
  }
  lane.last = std::max(lane.last, net_.now() + delay);
  ++lane.pending;
  net_.at(lane.last, [&lane, arrival = std::move(arrival)] {
    --lane.pending;
    arrival();
  });
}

void SimPeer::changed() {
  if (on_change_) on_change_();
}

// The client's end.

void SimPeer::write(std::string_view bytes) {
  net_.demand(!finished_ && !client_gone_, "a client writes only before finish() and close()");
  if (was_reset_) return;
  while (!bytes.empty()) {
    std::size_t size = bytes.size();
    if (net_.random().chance(net_.weather().split)) {
      size = 1 + net_.random().below(static_cast<uint32_t>(size));
    }
    on_the_way_ += size;
    travel(to_server_,
           [this, piece = std::string(bytes.substr(0, size))] { bytes_reach_server(piece); });
    bytes.remove_prefix(size);
  }
}

void SimPeer::finish() {
  if (finished_ || client_gone_ || was_reset_) return;
  finished_ = true;
  travel(to_server_, [this] { end_reaches_server(); });
}

void SimPeer::close() {
  if (client_gone_ || was_reset_) {
    client_gone_ = true;
    return;
  }
  if (!at_client_.empty()) return reset();
  finish();
  client_gone_ = true;
  unread_ = 0;
}

void SimPeer::reset() {
  if (was_reset_) return;
  client_gone_ = true;
  travel(to_server_, [this] { reset_reaches_server(); });
}

std::string SimPeer::take() {
  return std::exchange(received_, {});
}

void SimPeer::set_receive_window(std::size_t bytes) {
  receive_window_ = bytes;
  changed();
}

void SimPeer::read_on() {
  reading_ = true;
  consume();
}

void SimPeer::bytes_reach_client(const std::string& bytes) {
  if (was_reset_ || broken_ != 0) return;
  if (client_gone_) {
    travel(to_server_, [this] { reset_reaches_server(); });
    return;
  }
  if (net_.random().chance(net_.weather().reset)) return break_both_ends();
  at_client_ += bytes;
  consume();
}

void SimPeer::consume() {
  if (!reading_ || client_gone_) return;
  received_ += at_client_;
  unread_ -= at_client_.size();
  at_client_.clear();
  if (end_at_client_) was_closed_ = true;
  changed();
}

// The server's end.

void SimPeer::attach(OnChange on_change) {
  if (server_ == ServerEnd::waiting) server_ = ServerEnd::open;
  on_change_ = std::move(on_change);
  changed();
}

void SimPeer::bytes_reach_server(const std::string& bytes) {
  on_the_way_ -= bytes.size();
  if (broken_ != 0) return;
  if (server_ == ServerEnd::gone) return send_reset_to_client();
  if (server_ == ServerEnd::lingering) {
    discarded_ += bytes.size();
    if (discarded_ > linger_bytes_max) finish_linger();
    return;
  }
  if (net_.random().chance(net_.weather().reset)) return break_both_ends();
  at_server_ += bytes;
  changed();
}

void SimPeer::end_reaches_server() {
  end_at_server_ = true;
  if (server_ == ServerEnd::lingering) finish_linger();
  changed();
}

void SimPeer::reset_reaches_server() {
  if (broken_ != 0) return;
  broken_ = ECONNRESET;
  if (net_.random().chance(0.5)) at_server_.clear();  // kernels differ; both are seen
  if (server_ == ServerEnd::lingering) finish_linger();
  changed();
}

bool SimPeer::writable() const {
  return broken_ != 0 || (unread_ < receive_window_ && net_.now() >= stuffed_until_);
}

SimPeer::Piece SimPeer::read() {
  if (at_server_.empty()) return {.error = broken_, .bytes = {}};
  std::size_t size = std::min(at_server_.size(), read_bytes_max);
  if (net_.random().chance(net_.weather().split)) {
    size = 1 + net_.random().below(static_cast<uint32_t>(size));
  }
  Piece piece{.error = 0, .bytes = at_server_.substr(0, size)};
  at_server_.erase(0, size);
  return piece;
}

int SimPeer::send(Bytes bytes) {
  Random& random = net_.random();
  if (broken_ != 0) return random.chance(0.5) ? -broken_ : -EPIPE;
  if (random.chance(net_.weather().would_block)) {
    stuffed_until_ = net_.now() + net_.some_delay();
    net_.at(stuffed_until_, [this] { changed(); });
    return -EAGAIN;
  }
  if (!writable()) return -EAGAIN;
  std::size_t size = std::min({bytes.size(), receive_window_ - unread_, std::size_t{INT_MAX}});
  if (random.chance(net_.weather().short_send)) {
    size = 1 + random.below(static_cast<uint32_t>(size));
  }
  unread_ += size;
  travel(to_client_, [this, number = sends_++, piece = std::string(text_of(bytes.first(size)))] {
    if (number >= sends_lost_before_) bytes_reach_client(piece);
  });
  return static_cast<int>(size);
}

void SimPeer::close_server(CloseHow how) {
  const bool unread = !at_server_.empty();
  at_server_.clear();
  if (how == CloseHow::linger && !hung_up()) {
    server_ = ServerEnd::lingering;
    discarded_ = 0;
    send_end_to_client();
    const Duration time = net_.random().jitter(linger_time_max / 2, 0.9);
    net_.at(net_.now() + time, [this] {
      if (server_ == ServerEnd::lingering) finish_linger();
    });
    return;
  }
  server_ = ServerEnd::gone;
  const bool aborts = how == CloseHow::reset || (how == CloseHow::now && unread);
  if (aborts) {
    send_reset_to_client();
  } else {
    send_end_to_client();
  }
  server_is_done();
}

void SimPeer::finish_linger() {
  server_ = ServerEnd::gone;
  server_is_done();
}

void SimPeer::server_is_done() {
  net_.at(net_.now() + net_.some_delay(), [this] {
    server_done_ = true;
    changed();
  });
}

void SimPeer::send_end_to_client() {
  if (broken_ != 0) return;
  travel(to_client_, [this] {
    end_at_client_ = true;
    consume();
  });
}

// A reset may overtake what was sent before it: then the client never sees those bytes.
void SimPeer::send_reset_to_client() {
  if (broken_ != 0) return;
  if (net_.random().chance(0.5)) sends_lost_before_ = sends_;
  travel(to_client_, [this] {
    if (net_.random().chance(0.5)) at_client_.clear();
    was_reset_ = true;
    consume();
  });
}

void SimPeer::break_both_ends() {
  was_reset_ = true;
  at_client_.clear();
  reset_reaches_server();
}

}  // namespace fanfare
