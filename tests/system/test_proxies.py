# test_proxies.py: the broker behind real proxies, with the files that deploy/proxies/ documents.
#
# Each must pass every event on at once, keep a quiet stream open by its heartbeats, tell the broker who the client is
# and not let the client say so itself, survive its own reload without a lost event, and, while no broker is there, send
# an EventSource away in a way that it comes back from. A proxy that is not installed is skipped.
import re
import socket
import struct
import unittest

from broker import BrokerTest, run, until
from proxy import Caddy, Haproxy, HaproxyTcp, Nginx
from wire import Closed, Sse, Wire, next_answer, request_bytes

CLIENT = '127.0.0.2'  # any address of this machine but the proxy's, which alone is trusted


class BehindAProxy:
    """What every HTTP proxy must do; `kind` is the proxy."""
    kind, times = None, ()

    def setUp(self):
        if not self.kind.here():
            self.skipTest(f'{self.kind.command} is not installed')
        self.broker = self.a_broker('--trusted-proxy', '127.0.0.1', '--retry', '1s')
        # The same ports after a restart: the proxy's file names them.
        self.broker.internal_flag = f'127.0.0.1:{self.broker.internal_port}'
        self.start_proxy()

    def start_proxy(self, changes=()):
        self.proxy = self.kind(self.broker, changes)
        self.addCleanup(self.proxy.stop)
        until('the proxy has found its broker', lambda: self.ask('GET', '/topics').status == 200)

    def wire(self, source=None):
        return Wire(('127.0.0.1', self.proxy.port), 15, source=source)

    def ask(self, method, target, body=None, **fields):
        with self.wire() as wire:
            wire.send(request_bytes(method, target, body, {'connection': 'close', **fields}))
            return next_answer(wire, method)

    def stream(self, target, source=None, **fields):
        stream = Sse(self.wire(source), target, fields)
        self.addCleanup(stream.close)
        self.assertEqual(stream.head.status, 200, stream.head.fields)
        return stream

    def clients(self):
        """Of all streams, as the broker sees them."""
        return re.findall(r'"client":"([^"]*)"', self.broker.inside('/streamz').body.decode())

    def test_events_pass_at_once_in_both_directions(self):
        stream = self.stream('/topics/a')
        self.assertEqual(stream.head.field('content-type'), 'text/event-stream; charset=utf-8')
        self.assertTrue(stream.block().retry)
        for number in range(20):
            answer = self.ask('POST', '/topics/a', f'event {number}')
            self.assertEqual(answer.status, 200, answer.body)
            self.assertEqual(stream.event().data, f'event {number}')

    def test_a_large_event_passes_whole(self):
        stream = self.stream('/topics/a')
        text = 'x' * 700_000
        self.assertEqual(self.ask('POST', '/topics/a', text).status, 200)
        self.assertEqual(stream.event().data, text)

    def test_heartbeats_keep_a_quiet_stream_open(self):
        self.proxy.stop()
        self.start_proxy(self.times)
        stream = self.stream('/topics/quiet?heartbeat=5&position=0')
        for _ in range(2):
            stream.comment(timeout=9)
        self.broker.publish('quiet', 'still there')
        self.assertEqual(stream.event().data, 'still there')

    def test_the_client_is_known_and_cannot_choose_who_it_is(self):
        self.stream('/topics/a', source=CLIENT)
        until('the stream is listed', lambda: self.clients() == [CLIENT])
        self.stream('/topics/a', source=CLIENT, x_forwarded_for='203.0.113.9')
        until('both are listed', lambda: self.clients() == [CLIENT, CLIENT])

    def test_an_address_that_is_not_trusted_is_not_believed(self):
        stream = Sse(self.broker.wire(source=CLIENT), '/topics/a', {'x-forwarded-for': '203.0.113.9'})
        self.addCleanup(stream.close)
        self.assertEqual(self.clients(), [CLIENT])

    def test_a_reload_of_the_proxy_loses_nothing(self):
        stream = self.stream('/topics/a')
        ids = [self.broker.publish('a', 'before')]
        self.assertEqual(stream.event().data, 'before')
        self.proxy.reload()
        last, got = ids[-1], []
        for number in range(30):
            self.broker.publish('a', str(number))
        while len(got) < 30:
            try:
                event = stream.event()
                self.assertNotEqual(event.event, 'fanfare.gap', event)
                last = event.id
                got.append(event.data)
            except (Closed, ConnectionResetError):
                stream.close()
                stream = self.stream('/topics/a', last_event_id=last)
        self.assertEqual(got, [str(number) for number in range(30)])

    def test_an_eventsource_outlives_a_broker_that_is_replaced(self):
        stream = self.stream('/topics/a')
        self.broker.publish('a', 'of the first')
        last = stream.event().id
        self.broker.kill()
        with self.assertRaises((Closed, ConnectionResetError)):
            stream.event()
        away = until('the proxy answers by itself', self.away)
        self.assertEqual(away.field('content-type').split(';')[0], 'text/event-stream')
        self.assertRegex(away.body, rb'^retry: 2000\nevent: fanfare.close\ndata: \{"reason":"busy","final":false,'
                                    rb'"retry_ms":2000\}\n\n$')
        other = self.ask('GET', '/topics/a', accept='*/*')
        self.assertIn(other.status, (502, 503, 504))
        self.broker.listen = (f'127.0.0.1:{self.broker.port}',)
        self.broker.start()

        def again():
            new = Sse(self.wire(), '/topics/a', {'last-event-id': last})
            self.addCleanup(new.close)
            return new if new.stream_id else None
        new = until('the second broker is found', again)
        gap = new.event()
        self.assertEqual((gap.event, gap.json()['reason']), ('fanfare.gap', 'epoch'))

    def away(self):
        """What an EventSource gets: 200 is what does not kill it."""
        answer = self.ask('GET', '/topics/a', accept='text/event-stream')
        return answer if answer.status == 200 else None


class BehindNginx(BehindAProxy, BrokerTest):
    kind = Nginx
    times = (('proxy_read_timeout 60s', 'proxy_read_timeout 7s'), ('proxy_send_timeout 60s', 'proxy_send_timeout 7s'))


class BehindHaproxy(BehindAProxy, BrokerTest):
    kind = Haproxy
    times = (('timeout client 60s', 'timeout client 7s'), ('timeout server 60s', 'timeout server 7s'))


class BehindCaddy(BehindAProxy, BrokerTest):
    kind = Caddy


class ProxyProtocol(BrokerTest):
    """Behind a proxy that passes TCP on, the client's address comes before its first byte."""
    flags = ('--trusted-proxy', '127.0.0.1', '--proxy-protocol', 'on')

    def clients(self):
        return re.findall(r'"client":"([^"]*)"', self.broker.inside('/streamz').body.decode())

    def seen(self, header, target='/topics/a'):
        """The client of a stream that begins with these bytes."""
        wire = self.broker.wire()
        self.addCleanup(wire.close)
        wire.send(header)
        stream = Sse(wire, target, {})
        self.assertEqual(stream.head.status, 200)
        clients = self.clients()
        wire.close()
        until('the stream has gone', lambda: not self.clients())
        return clients

    def test_both_versions_name_the_client(self):
        self.assertEqual(self.seen(b'PROXY TCP4 203.0.113.7 127.0.0.1 4711 80\r\n'), ['203.0.113.7'])
        self.assertEqual(self.seen(b'PROXY TCP6 2001:db8::7 ::1 4711 80\r\n'), ['2001:db8::/64'])
        self.assertEqual(self.seen(b'PROXY UNKNOWN\r\n'), ['127.0.0.1'])
        signature = b'\r\n\r\n\0\r\nQUIT\n'
        addresses = socket.inet_aton('203.0.113.8') + socket.inet_aton('127.0.0.1') + struct.pack('!HH', 4711, 80)
        self.assertEqual(self.seen(signature + b'\x21\x11' + struct.pack('!H', 12) + addresses), ['203.0.113.8'])
        self.assertEqual(self.seen(signature + b'\x20\x00\x00\x00'), ['127.0.0.1'])

    def test_a_header_in_pieces_is_a_header(self):
        with self.broker.wire() as wire:
            for byte in b'PROXY TCP4 203.0.113.7 127.0.0.1 4711 80\r\n':
                wire.send(bytes([byte]))
            wire.send(request_bytes('GET', '/topics'))
            self.assertEqual(next_answer(wire).status, 200)

    def test_a_trusted_proxy_without_it_is_told_so(self):
        answer = self.broker.ask('GET', '/topics')
        self.is_problem(answer, 400, '--proxy-protocol')

    def test_whoever_is_not_trusted_speaks_http(self):
        with self.broker.wire(source=CLIENT) as wire:
            wire.send(request_bytes('GET', '/topics'))
            self.assertEqual(next_answer(wire).status, 200)
        with self.broker.wire(source=CLIENT) as wire:
            wire.send(b'PROXY TCP4 203.0.113.7 127.0.0.1 4711 80\r\n\r\n')
            self.assertEqual(next_answer(wire).status, 400)

    def test_the_internal_listener_never_takes_it(self):
        self.assertEqual(self.broker.inside('/readyz').status, 200)

    def test_haproxy_sends_either_version(self):
        if not HaproxyTcp.here():
            self.skipTest('haproxy is not installed')
        for changes in ((), (('send-proxy-v2', 'send-proxy'),)):
            proxy = HaproxyTcp(self.broker, changes)
            self.addCleanup(proxy.stop)
            with Wire(('127.0.0.1', proxy.port), 15, source=CLIENT) as wire:
                stream = Sse(wire, '/topics/a', {})
                self.assertEqual(stream.head.status, 200)
                self.assertEqual(self.clients(), [CLIENT])
                self.broker.process.poll()
            until('the stream has gone', lambda: not self.clients())
            proxy.stop()


class Refusals(unittest.TestCase):
    def test_proxy_protocol_without_a_trusted_proxy_is_refused(self):
        from broker import Broker
        for flags, words in ((('--proxy-protocol', 'on'), 'nobody is trusted'),
                             (('--trusted-proxy', '10.0.0.1/8'), 'bits beyond its length'),
                             (('--trusted-proxy', 'lb.example.com'), 'IP address')):
            with self.assertRaises(AssertionError) as refusal:
                Broker(*flags)
            self.assertIn('exit 2', str(refusal.exception))
            self.assertIn(words, str(refusal.exception))


if __name__ == '__main__':
    run()
