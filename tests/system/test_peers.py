# What has killed other brokers of this kind: an id on an empty channel, a lone CR in data, ids of any bytes, a length
# announced and not sent, readers that stall under load. None of it may end the broker, forge an event or go unsaid.
import socket
import threading
import time

from broker import BrokerTest, run, until
from wire import next_answer, request_bytes

ID = '5f3a9c21d04be877'


class Ids(BrokerTest):
    def test_an_id_on_a_topic_where_nothing_was_published_opens_a_stream(self):
        with self.broker.sse('/topics/empty/1') as other:
            for asked in (f'{int(time.time())}:0', f'{ID}-0', f'{ID}-7', '0', '1'):
                with self.broker.sse('/topics/empty/1', last_event_id=asked) as stream:
                    self.assertEqual(stream.head.status, 200)
                    gap = stream.event()
                    self.assertEqual(gap.event, 'fanfare.gap')
                    self.assertEqual(gap.json()['asked'], asked)
            self.broker.publish('empty/1', 'x')
            self.assertEqual(other.event().data, 'x', 'the streams of others go on')

    def test_ids_of_any_bytes_are_told_as_a_gap_and_never_pass_in_silence(self):
        self.broker.publish('ids', 'kept')
        ids = ['null', '[[[0,13,[9],[11]]]]', '1:2,3', '-', f'{ID}-', f'-{ID}', f'{ID}-18446744073709551616',
               f'{ID}-99999999999999999999999999', f'{ID}--1', 'x' * 4000, '%00', '\xff\xfe', '"', '{"a":1}',
               f'{ID}-1 ', '0x1f-1', f'{ID}-1e3']
        for asked in ids:
            with self.subTest(asked=asked[:40]):
                wire = self.broker.wire()
                wire.send(f'GET /topics/ids HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n'
                          f'last-event-id: {asked}\r\n\r\n'.encode('latin-1'))
                with wire:
                    text = wire.until(b'data: kept').decode('latin-1')
                    self.assertIn('200 OK', text.split('\r\n')[0])
                    self.assertIn('event: fanfare.gap', text)

    def test_an_id_beyond_the_tail_is_a_gap(self):
        epoch, number = self.broker.publish('ids/ahead', 'kept').rsplit('-', 1)
        with self.broker.sse('/topics/ids/ahead', last_event_id=f'{epoch}-{int(number) + 1000}') as stream:
            self.assertEqual(stream.event().json()['reason'], 'ahead')
            self.assertEqual(stream.event().data, 'kept')


class Data(BrokerTest):
    def test_no_line_end_in_data_forges_a_field_or_an_event(self):
        for number, end in enumerate(('\r', '\n', '\r\n', '\r\r', '\n\r')):
            topic = f'forge/{number}'
            with self.broker.sse(f'/topics/{topic}') as stream:
                self.broker.publish(topic, f'hello{end}event: evil{end}id: 1{end}data: injected{end}{end}end')
                event = stream.event()
                self.assertIsNone(event.event)
                self.assertEqual(len(event.all('id')), 1)
                self.assertTrue(event.data.startswith('hello\n'))
                self.assertIn('event: evil', event.data)
                self.assertTrue(event.data.endswith('end'))
                self.assertNotIn(b'\r', event.block)
                self.broker.publish(topic, 'next')
                self.assertEqual(stream.event().data, 'next')

    def test_a_type_cannot_carry_a_line_end(self):
        answer = self.broker.ask('POST', '/topics/forge?event=a%0Ddata:%20x', b'x')
        self.is_problem(answer, 400)

    def test_control_events_cannot_be_forged(self):
        self.is_problem(self.broker.ask('POST', '/topics/forge?event=fanfare.close', b'{}'), 400)


class Lengths(BrokerTest):
    flags = ('--body-timeout', '2s')

    def test_a_giant_length_takes_no_memory_and_is_refused(self):
        before = self.broker.memory_bytes()
        for length in (2 ** 30, 2 ** 40, 2 ** 63 - 1):
            with self.broker.wire() as wire:
                wire.send(request_bytes('POST', '/topics/big', None, {'content_length': str(length)}))
                self.is_problem(next_answer(wire), 413)
        for length in ('18446744073709551615', '18446744073709551616', '-1', '0x10', '1,1'):
            with self.broker.wire() as wire:
                wire.send(request_bytes('POST', '/topics/big', None, {'content_length': length}))
                self.assertIn(next_answer(wire).status, (400, 413), length)
        self.assertLess(self.broker.memory_bytes() - before, 8 << 20)

    def test_a_giant_chunk_is_refused(self):
        for size in ('40000000', 'ffffffffffffffff', 'fffffffffffffffff', '-1', '1;' + 'x' * 20000):
            with self.broker.wire() as wire:
                wire.send(request_bytes('POST', '/topics/big', None, {'transfer_encoding': 'chunked'}))
                try:
                    wire.send(f'{size}\r\nx')
                except ConnectionError:
                    pass
                self.assertIn(next_answer(wire).status, (400, 413), size)

    def test_many_that_announce_much_and_send_nothing_cost_little(self):
        before = self.broker.memory_bytes()
        wires = [self.broker.wire() for _ in range(100)]
        for wire in wires:
            wire.send(request_bytes('POST', '/topics/big', None, {'content_length': str(1 << 20)}) + b'x')
        self.broker.publish('big', 'in between')
        self.assertLess(self.broker.memory_bytes() - before, 16 << 20)
        for wire in wires:
            self.assertEqual(next_answer(wire).status, 408)
            wire.close()


class Stalled(BrokerTest):
    flags = ('--history-events', '200', '--history-total-bytes', '32MiB')
    data = b'x' * 4000

    def flood(self, topic, count, goes_on=lambda sent: True):
        """Publishes as fast as answers come, 50 at a time, each when `goes_on` says so."""
        with self.broker.wire() as wire:
            for sent in range(0, count, 50):
                until('it may go on', lambda: goes_on(sent))
                wire.send(request_bytes('POST', f'/topics/{topic}', self.data) * 50)
                for _ in range(50):
                    answer = next_answer(wire)
                    assert answer.status == 200, answer.body

    def test_readers_that_stall_cost_no_memory_and_hold_nobody_up(self):
        stalled = [self.broker.wire(receive_buffer=4096) for _ in range(50)]
        for wire in stalled:
            wire.send(request_bytes('GET', '/topics/stall', None, {'accept': 'text/event-stream'}))
        healthy = self.broker.sse('/topics/stall')
        until('all are open', lambda: self.broker.metric('fanfare_streams') >= 51)
        got = []

        def read():
            while len(got) < 3000:
                got.append(healthy.event())

        reader = threading.Thread(target=read, daemon=True)
        reader.start()

        # On a busy machine a thread of this test may rest for longer than 200 events of history last.
        self.flood('stall', 1000, lambda sent: sent < len(got) + 100)
        warm = self.broker.memory_bytes()
        self.flood('stall', 2000, lambda sent: 1000 + sent < len(got) + 100)
        reader.join(30)
        self.assertEqual(len(got), 3000)
        numbers = [int(event.id.rsplit('-', 1)[1]) for event in got]
        self.assertEqual(numbers, sorted(set(numbers)))
        # 50 readers that lack 8 MB each: what they lack is not kept for them.
        self.assertLess(self.broker.memory_bytes() - warm, 12 << 20)
        for wire in stalled:
            wire.close()
        healthy.close()
        until('all are gone', lambda: self.broker.metric('fanfare_streams') == 0)

    def test_one_that_stalled_is_told_what_it_lost(self):
        with self.broker.wire(receive_buffer=4096) as wire:
            wire.send(request_bytes('GET', '/topics/late', None, {'accept': 'text/event-stream'}))
            until('it is open', lambda: self.broker.metric('fanfare_streams') == 1)
            self.flood('late', 1000)
            text = b''
            wire.socket.settimeout(5)
            try:
                while b'fanfare.close' not in text and b'fanfare.gap' not in text:
                    more = wire.socket.recv(65536)
                    if not more:
                        break
                    text += more
            except (TimeoutError, socket.timeout):
                pass
            # --lag cut, the default: it is told why, and its next request is told the gap.
            self.assertIn(b'fanfare.close', text)
            self.assertIn(b'"lagged"', text)
            last = text.rsplit(b'\nid: ', 1)[1].split(b'\n')[0].decode()
        with self.broker.sse('/topics/late', last_event_id=last) as stream:
            gap = stream.event()
            self.assertEqual((gap.event, gap.json()['asked']), ('fanfare.gap', last))
            self.assertEqual(len(stream.events(200)), 200)


class SlowTogether(BrokerTest):
    """What reads for all of a topic's readers is slower than who publishes: publishers wait, nobody is cut."""
    flags = ('--workers', '1')
    readers, events = 20, 3000

    def test_publishers_wait_when_most_readers_cannot_keep_up(self):
        wires = [self.broker.wire() for _ in range(self.readers)]
        for wire in wires:
            wire.send(request_bytes('GET', '/topics/crowd', None, {'accept': 'text/event-stream'}))
        until('all are open', lambda: self.broker.metric('fanfare_streams') == self.readers)
        counts = dict.fromkeys(wires, 0)
        tails = dict.fromkeys(wires, b'')

        def read():  # a little of each in turn, as one slow program would
            while min(counts.values()) < self.events:
                for wire in wires:
                    if counts[wire] == self.events:
                        continue
                    piece = tails[wire] + wire.socket.recv(65536)
                    counts[wire] += piece.count(b'data: x')
                    tails[wire] = piece[-6:]
                    if b'fanfare.close' in piece:
                        return
                time.sleep(0.002)

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        with self.broker.wire() as wire:
            for _ in range(self.events // 50):
                wire.send(request_bytes('POST', '/topics/crowd', b'x' * 4000) * 50)
                for _ in range(50):
                    answer = next_answer(wire)
                    self.assertEqual(answer.status, 200, answer.body)
        reader.join(60)
        self.assertEqual(set(counts.values()), {self.events})
        self.assertEqual(self.broker.metric('fanfare_lagged_total'), 0)
        for wire in wires:
            wire.close()


run()
