# test_proxies_more.py: the broker behind Apache httpd, Varnish, nghttpx and Hitch, with the files that deploy/proxies/
# documents. nginx, HAProxy, Caddy and the PROXY protocol itself: test_proxies.py.
import re
import shutil
import ssl
import subprocess

from behind_a_proxy import CLIENT, BehindAProxy
from broker import BrokerTest, run, until
from proxy import Apache, Hitch, Nghttpx, Varnish
from wire import Sse, Wire, next_answer, request_bytes


# Node: one HTTP/2 connection, eight streams in it; says the data of their events.
EIGHT_STREAMS = '''
const session = require("http2").connect(process.argv[1]);
for (const topic of "abcdefgh") {
  let text = "";
  session.request({":path": `/topics/${topic}`, accept: "text/event-stream"}).on("data", (bytes) => {
    text += bytes;
    for (let match; (match = /^data: (event.*)\\n/m.exec(text)); text = text.slice(match.index + match[0].length))
      console.log(match[1]);
  });
}
'''


class BehindApache(BehindAProxy, BrokerTest):
    kind = Apache
    times = (('timeout=60 ', 'timeout=7 '),)


class BriefVarnish(Varnish):
    pipe_timeout_s = 7


class BehindVarnish(BehindAProxy, BrokerTest):
    kind = Varnish

    def test_heartbeats_keep_a_quiet_stream_open(self):
        self.kind = BriefVarnish  # a parameter of the program, not of its file
        super().test_heartbeats_keep_a_quiet_stream_open()


class BehindNghttpx(BehindAProxy, BrokerTest):
    kind = Nghttpx
    times = (('backend-read-timeout=60s', 'backend-read-timeout=7s'),)

    def is_sent_away(self):
        """nghttpx cannot change an error's status, and its file says so."""
        until('the proxy answers by itself', lambda: self.away_with(502))

    def test_streams_share_one_http2_connection(self):
        if not shutil.which('node'):
            self.skipTest('node is not installed')
        reader = subprocess.Popen(['node', '-e', EIGHT_STREAMS, f'http://127.0.0.1:{self.proxy.port}'],
                                  stdout=subprocess.PIPE, text=True)
        self.addCleanup(reader.stdout.close)
        self.addCleanup(reader.wait)
        self.addCleanup(reader.kill)
        until('eight streams are open', lambda: len(self.clients()) == 8)
        for topic in 'abcdefgh':
            self.broker.publish(topic, f'event of {topic}')
        self.assertEqual({reader.stdout.readline() for _ in range(8)}, {f'event of {topic}\n' for topic in 'abcdefgh'})


class BehindHitch(BrokerTest):
    """Hitch ends TLS; who the client is travels before its first byte."""
    flags = ('--trusted-proxy', '127.0.0.1', '--proxy-protocol', 'on')

    def test_a_stream_over_tls_knows_its_client(self):
        if not Hitch.here():
            self.skipTest('hitch is not installed')
        proxy = Hitch(self.broker)
        self.addCleanup(proxy.stop)
        trust = ssl.create_default_context(cafile=proxy.certificate)
        trust.set_alpn_protocols(['h2', 'http/1.1'])

        def wire():
            plain = Wire(('127.0.0.1', proxy.port), 15, source=CLIENT)
            plain.socket = trust.wrap_socket(plain.socket, server_hostname='localhost')
            self.addCleanup(plain.close)
            return plain
        stream = Sse(wire(), '/topics/a', {})
        self.assertEqual(stream.head.status, 200)
        self.assertEqual(stream.wire.socket.selected_alpn_protocol(), 'http/1.1')
        listed = self.broker.inside('/streamz').body.decode()
        self.assertEqual(re.findall(r'"client":"([^"]*)"', listed), [CLIENT])
        for text in ('one', 'x' * 700_000, 'three'):
            publisher = wire()
            publisher.send(request_bytes('POST', '/topics/a', text))
            self.assertEqual(next_answer(publisher, 'POST').status, 200)
            self.assertEqual(stream.event().data, text)


if __name__ == '__main__':
    run()
