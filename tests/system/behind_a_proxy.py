# behind_a_proxy.py: what every HTTP proxy in front of the broker must do, whichever it is.
#
# It passes every event on at once, keeps a quiet stream open by the broker's heartbeats, tells the broker who the client
# is and does not let the client say so itself, survives its own reload without a lost event, and, while no broker is
# there, sends an EventSource away in a way that it comes back from. A proxy that is not installed is skipped.
import re

from broker import until
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
        self.is_sent_away()
        other = self.ask('GET', '/topics/a', accept='*/*')
        self.assertIn(other.status, (502, 503, 504))
        self.broker.start_again()

        def again():
            new = Sse(self.wire(), '/topics/a', {'last-event-id': last})
            self.addCleanup(new.close)
            return new if new.stream_id else None
        new = until('the second broker is found', again)
        gap = new.event()
        self.assertEqual((gap.event, gap.json()['reason']), ('fanfare.gap', 'epoch'))

    def is_sent_away(self):
        """An EventSource gets 200 and a retry: any other status ends it for good."""
        away = until('the proxy answers by itself', lambda: self.away_with(200))
        self.assertEqual(away.field('content-type').split(';')[0], 'text/event-stream')
        self.assertRegex(away.body, rb'^retry: 2000\nevent: fanfare.close\ndata: \{"reason":"busy","final":false,'
                                    rb'"retry_ms":2000\}\n\n$')

    def away_with(self, status):
        """What an EventSource gets; a connection that is cut it survives, too."""
        try:
            answer = self.ask('GET', '/topics/a', accept='text/event-stream')
        except (Closed, ConnectionResetError):
            return None
        return answer if answer.status == status else None
