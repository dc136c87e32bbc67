// app/http_client.h: a small blocking HTTP/1.1 client: one request at a time, bodies as they come.
//
// Thread: one. Keeps the connection between requests where the broker does. Repeats nothing by
// itself: what may be repeated only the caller knows (Failure::kind).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/broker_address.h"
#include "app/client_socket.h"
#include "core/time.h"

namespace fanfare {

struct ClientRequest {
  std::string_view method = "GET";
  std::string target = "/";  // percent-encoded; the address' path goes before it
  std::vector<std::pair<std::string, std::string>> fields;  // Host and Content-Length are added
  std::string_view body;
};

struct ClientAnswer {
  unsigned status = 0;  // 0: no head came
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;  // empty where a sink took it

  // Of the first field of that name, in any case; empty if none.
  std::string_view field(std::string_view name) const;
};

struct ClientFailure {
  enum class Kind : uint8_t {
    not_connected,  // nothing was sent
    lost,           // closed or failed midway: the request may have been carried out
    timed_out,      // likewise
    malformed,      // not HTTP, or a collected body over collected_bytes_max
    interrupted
  };
  Kind kind{};
  std::string message;  // "connection refused", to stand after "cannot reach http://...: "
};

struct ClientOutcome {
  ClientAnswer answer;                   // as far as it came
  std::optional<ClientFailure> failure;  // nothing: complete, or the sink had enough
};

// Rides along with a request: gets the body of a 200 piece by piece. Any other body is collected.
enum class SinkSays : uint8_t { more, enough };
using BodySink = std::function<SinkSays(const ClientAnswer& head, std::string_view bytes)>;

struct ClientTimes {
  Duration connect = std::chrono::seconds(10);
  Duration silence = std::chrono::seconds(60);   // without a byte of the answer, or taken by it
  std::optional<Duration> whole = std::nullopt;  // from the connecting to the last byte
};

class HttpClient {
 public:
  static constexpr std::size_t collected_bytes_max = 1 << 20;

  HttpClient(BrokerAddress address, ClientTimes times, Interrupt interrupt = {});
  ~HttpClient();

  ClientOutcome request(const ClientRequest& request, const BodySink& sink = {});

  const BrokerAddress& address() const { return address_; }

 private:
  class Exchange;

  ClientFailure failure(SocketEnd end, ClientFailure::Kind on_failure) const;

  const BrokerAddress address_;
  const ClientTimes times_;
  ClientSocket socket_;
};

}  // namespace fanfare
