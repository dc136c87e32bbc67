# test_proxies.py: the broker behind nginx, HAProxy and Caddy, with the files that deploy/proxies/ documents, and what it
# makes of the PROXY protocol. Further proxies: test_proxies_more.py.
import re
import socket
import struct
import unittest

from behind_a_proxy import CLIENT, BehindAProxy
from broker import BrokerTest, run, until
from proxy import Caddy, Haproxy, HaproxyTcp, Nginx
from wire import Sse, Wire, next_answer, request_bytes


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
