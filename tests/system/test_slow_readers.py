# test_slow_readers.py: slow, stalled and vanished readers: the others do
# not notice, and they are told (issue, item 7).
import socket
import struct
import time

from broker import BrokerTest, run, until
from wire import Sse, next_head, request_bytes

EVENT = b'x' * 20_000


class SlowReaders(BrokerTest):
    flags = ('--workers', '2')
    toml = '''history_events = 20
[[topic]]
match = "skip/**"
lag = "skip"
[[topic]]
match = "latest/**"
lag = "latest"
'''

    def stalled(self, topic, broker=None):
        """A stream whose client reads nothing for now."""
        wire = (broker or self.broker).wire(receive_buffer=4096)
        return Sse(wire, f'/topics/{topic}', {})

    def outrun(self, topic):
        """A stalled stream and what was published until its place was no longer kept."""
        stream = self.stalled(topic)
        self.addCleanup(stream.close)
        stream.block()
        lagged = self.broker.metric('fanfare_lagged_total')
        ids = [self.broker.publish(topic, b'%d ' % i + EVENT) for i in range(400)]
        return stream, ids, lagged

    def read_until(self, stream, type):
        """The ids of the events up to the control event of that type, and it."""
        seen = []
        while True:
            event = stream.event()
            if event.event == type:
                return seen, event
            seen.append(event.id)

    def test_a_healthy_reader_does_not_notice_a_stalled_one(self):
        stalled = [self.stalled('shared') for _ in range(20)]
        with self.broker.sse('/topics/shared') as healthy:
            healthy.block()
            for i in range(200):
                began = time.monotonic()
                self.broker.publish('shared', b'%d ' % i + EVENT)
                self.assertTrue(healthy.event().data.startswith(f'{i} '))
                self.assertLess(time.monotonic() - began, 2)
        [stream.close() for stream in stalled]

    def test_memory_does_not_grow_with_stalled_readers(self):
        stalled = [self.stalled('flat') for _ in range(50)]
        [self.broker.publish('flat', EVENT) for _ in range(100)]
        before = self.broker.memory_bytes()
        [self.broker.publish('flat', EVENT) for _ in range(500)]
        self.assertLess(self.broker.memory_bytes() - before, 20_000_000)
        [stream.close() for stream in stalled]

    def test_cut_closes_it_and_it_resumes_by_its_id(self):
        stream, ids, _ = self.outrun('cut/1')
        seen, close = self.read_until(stream, 'fanfare.close')
        self.assertEqual(seen, ids[:len(seen)], 'in order, none left out')
        self.assertEqual((close.json()['reason'], close.json()['final']), ('lagged', False))
        self.assertTrue(stream.at_end())
        with self.broker.sse('/topics/cut/1', last_event_id=seen[-1]) as again:
            gap = again.event()
            self.assertEqual((gap.event, gap.json()['reason'], gap.json()[
                             'first']), ('fanfare.gap', 'expired', ids[-20]))
            self.assertEqual([e.id for e in again.events(20)], ids[-20:])

    def test_skip_tells_the_gap_and_goes_on_with_what_is_kept(self):
        stream, ids, _ = self.outrun('skip/1')
        seen, gap = self.read_until(stream, 'fanfare.gap')
        self.assertEqual(seen, ids[:len(seen)])
        self.assertEqual((gap.json()['reason'], gap.json()['asked']), ('lagged', seen[-1]))
        first = ids.index(gap.json()['first'])
        self.assertEqual(gap.id, ids[first - 1])
        self.assertGreater(first, len(seen))
        self.assertEqual([e.id for e in stream.events(len(ids) - first)], ids[first:])
        live = self.broker.publish('skip/1', b'live')
        self.assertEqual(stream.event().id, live)

    def test_latest_tells_the_gap_and_goes_on_with_the_newest(self):
        stream, ids, _ = self.outrun('latest/1')
        seen, gap = self.read_until(stream, 'fanfare.gap')
        self.assertEqual(seen, ids[:len(seen)])
        self.assertEqual(gap.json()['reason'], 'lagged')
        event = stream.event()
        self.assertEqual(event.id, ids[-1], 'the newest kept event')
        live = self.broker.publish('latest/1', b'live')
        self.assertEqual(stream.event().id, live)

    def test_a_slow_reader_that_keeps_up_on_average_gets_everything(self):
        broker = self.a_broker()
        with self.stalled('slow', broker) as stream:
            stream.block()
            ids = [broker.publish('slow', EVENT) for _ in range(100)]  # more than any socket holds
            self.assertEqual([e.id for e in stream.events(100)], ids)

    def test_vanished_readers_are_found(self):
        for how in ('closed', 'reset', 'half'):
            streams = [self.broker.sse('/topics/vanish') for _ in range(30)]
            [stream.block() for stream in streams]
            until('they are open', lambda: self.broker.metric('fanfare_streams') >= 30)
            for stream in streams:
                if how == 'closed':
                    stream.close()
                elif how == 'reset':
                    stream.wire.reset()
                else:
                    stream.wire.socket.shutdown(socket.SHUT_WR)
            until(f'they have gone ({how})', lambda: self.broker.metric('fanfare_streams') < 5)
            [stream.close() for stream in streams]

    def test_a_client_that_sends_on_its_stream_is_borne(self):
        with self.broker.wire() as wire:
            wire.send(request_bytes('GET', '/topics/noisy'))
            self.assertEqual(next_head(wire).status, 200)
            wire.send(b'noise' * 100)
            self.broker.publish('noisy', b'x')
            wire.until(b'data: x\n\n')

    def test_a_reset_in_the_middle_of_a_large_event_harms_nobody(self):
        with self.broker.sse('/topics/torn') as healthy:
            healthy.block()
            for i in range(10):
                stream = self.stalled('torn')
                id = self.broker.publish('torn', b'%d ' % i + b'y' * 500_000)
                stream.wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
                stream.close()
                self.assertEqual(healthy.event().id, id)


if __name__ == '__main__':
    run()
