vcl 4.1;
# Varnish in front of Fanfare. Tested with Varnish 7.1 by tests/system/test_proxies_more.py, which changes nothing but the
# addresses and, for the test of heartbeats, times. Reload with `varnishreload` (vcl.load, vcl.use): open streams stay.
#
# Broker: fanfare serve --listen 127.0.0.1:8080 --trusted-proxy 127.0.0.1 --publish-key FILE --host events.example.com
import std;

backend fanfare {
  .host = "127.0.0.1";
  .port = "8080";
  .connect_timeout = 2s;
  .probe = {
    .request = "HEAD /topics HTTP/1.1" "Host: localhost" "Connection: close";
    .interval = 1s;
    .timeout = 1s;
    .window = 2;
    .threshold = 1;
    .initial = 1;
  }
}

sub vcl_recv {
  # Varnish itself adds the client to X-Forwarded-For.
  set req.http.X-Forwarded-Host = req.http.Host;
  set req.http.X-Forwarded-Proto = "http";
  # No broker is there, as while it is replaced.
  if (!std.healthy(req.backend_hint)) {
    return (synth(503));
  }
  # Nothing is kept or collected: bytes are handed on as they come, in both directions.
  return (pipe);
}

sub vcl_pipe {
  # One request a connection: the next one is looked at again. A pipe that is silent for `pipe_timeout` (60 s by
  # default) is cut; the broker's heartbeat comes after 15 s.
  set bereq.http.Connection = "close";
}

# An EventSource gives up for good on any status but 200: it is told when to come again instead. Others see 503.
sub vcl_synth {
  if (resp.status == 503) {
    set resp.http.Retry-After = "2";
    set resp.http.Cache-Control = "no-store";
    if (req.http.Accept == "text/event-stream") {
      set resp.status = 200;
      set resp.http.Content-Type = "text/event-stream";
      synthetic({"retry: 2000
event: fanfare.close
data: {"reason":"busy","final":false,"retry_ms":2000}

"});
    }
    return (deliver);
  }
}
