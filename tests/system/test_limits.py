# test_limits.py: each limit has an answer, in the form that its client survives (issue: limits and storms).
import time

from broker import BrokerTest, run, until
from wire import Closed, Sse


class Limits(BrokerTest):
    def is_busy(self, broker, target, status, word):
        """An EventSource gets a stream that ends; everybody else a status and when to come again."""
        answer = broker.ask('GET', target)
        self.is_problem(answer, status, word)
        self.assertTrue(1 <= int(answer.field('retry-after')) <= 60)
        for accept in ('text/event-stream, */*', 'application/x-ndjson', '*/*'):
            self.assertEqual(broker.ask('GET', target, accept=accept).status, status)
        with broker.sse(target) as refused:
            self.assertEqual((refused.head.status, refused.head.field('content-type')),
                             (200, 'text/event-stream; charset=utf-8'))
            self.assertEqual(refused.head.field('cache-control'), 'no-store, no-transform')
            self.assertEqual(refused.head.field('fanfare-stream'), '')
        answer = broker.ask('GET', target, accept='text/event-stream')
        self.assertRegex(answer.body,
                         rb'^retry: \d+\nevent: fanfare\.close\ndata: \{"reason":"busy","final":false.*\}\n\n$')

    def filled(self, streams, *flags, **options):
        broker = self.a_broker(*flags, **options)
        held = [broker.sse('/topics/a') for _ in range(streams)]
        for stream in held:
            self.addCleanup(stream.close)
            stream.block()
        return broker, held

    def test_streams_in_all(self):
        broker, held = self.filled(3, '--streams-max', '3')
        self.is_busy(broker, '/topics/a', 503, '--streams-max')
        held[0].close()
        until('there is room again', lambda: broker.metric('fanfare_streams') == 2)
        with broker.sse('/topics/a') as stream:
            self.assertTrue(stream.stream_id)

    def test_streams_of_one_worker(self):
        broker, _ = self.filled(3, '--streams-per-worker-max', '3', '--workers', '1')
        self.is_busy(broker, '/topics/a', 503, 'worker')

    def test_streams_of_one_client_address(self):
        broker, held = self.filled(3, '--streams-per-client-max', '3')
        self.is_busy(broker, '/topics/a', 429, '--streams-per-client-max')
        with Sse(broker.wire(source='127.0.0.2'), '/topics/a') as other:
            self.assertTrue(other.stream_id)
        held[0].close()
        until('there is room again', lambda: broker.metric('fanfare_streams') == 2)
        with broker.sse('/topics/a') as stream:
            self.assertTrue(stream.stream_id)

    def test_new_streams_in_a_second(self):
        broker = self.a_broker('--new-streams-per-second', '5')
        opened = refused = 0
        for _ in range(20):
            with broker.sse('/topics/a') as stream:
                opened += bool(stream.stream_id)
                refused += not stream.stream_id
        self.assertTrue(5 <= opened <= 8, opened)
        self.assertEqual(opened + refused, 20)
        self.is_busy(broker, '/topics/a', 429, '--new-streams-per-second')
        time.sleep(1.1)
        with broker.sse('/topics/a') as stream:
            self.assertTrue(stream.stream_id)

    def test_topics_of_one_stream(self):
        query = '&'.join(f'topic=t{i}' for i in range(65))
        self.is_problem(self.broker.ask('GET', f'/events?{query}'), 400, '65', '64')
        with self.broker.sse(f'/events?{query[:-10]}&topic=t0&topic=t1') as stream:
            self.assertEqual(stream.head.status, 200)

    def test_distinct_subscriptions_and_patterns(self):
        broker = self.a_broker('--feeds-max', '2', '--patterns-max', '1', '--workers', '1')
        with broker.sse('/topics/a/*'):
            self.is_busy(broker, '/topics/b/*', 503, '--patterns-max')
            with broker.sse('/topics/a'):
                self.is_busy(broker, '/topics/b', 503, '--feeds-max')
                with broker.sse('/topics/a') as shared:
                    self.assertTrue(shared.stream_id, 'a subscription that is read already needs no room')
                with broker.sse('/topics/a/*') as shared:
                    self.assertTrue(shared.stream_id)

    def test_the_publish_rate(self):
        broker = self.a_broker('--publish-rate', '10')
        statuses = [broker.ask('POST', '/topics/a', b'x').status for _ in range(30)]
        self.assertTrue(10 <= statuses.count(200) <= 14, statuses)
        answer = broker.ask('POST', '/topics/a', b'x')
        self.is_problem(answer, 429, '--publish-rate', '10')
        self.assertTrue(1 <= int(answer.field('retry-after')) <= 60)
        time.sleep(0.5)
        self.assertEqual(broker.ask('POST', '/topics/a', b'x').status, 200)
        with broker.sse('/topics/a') as stream:
            statuses = [broker.ask('POST', f'/streams/{stream.stream_id}/inbox', b'x').status for _ in range(30)]
            self.assertIn(429, statuses)

    def test_topics_that_are_remembered(self):
        broker = self.a_broker('--history-topics-max', '4', '--workers', '1')
        first = broker.publish('t/0', b'x')
        for i in range(1, 8):
            broker.publish(f't/{i}', b'x')  # never refused: the least recently used goes
        self.assertEqual(broker.ask('GET', '/topics').json()['count'], 4)
        before = first.split('-')[0] + '-0'
        with broker.sse('/topics/t/0', last_event_id=before) as stream:
            self.assertEqual(stream.event().json()['reason'], 'expired')
        with broker.sse('/topics/t/7', last_event_id=before) as stream:
            self.assertEqual(stream.event().data, 'x')

    def test_history_has_a_size(self):
        broker = self.a_broker('--history-bytes', '10kB')
        id = broker.publish('big', b'x' * 1000)
        for _ in range(30):
            broker.publish('big', b'x' * 1000)
        with broker.sse('/topics/big', last_event_id=id) as stream:
            self.assertEqual(stream.event().json()['reason'], 'expired')
            self.assertEqual(len(stream.event().data), 1000)

    def test_a_stream_is_closed_at_its_age(self):
        broker = self.a_broker('--max-stream-age', '1s')
        with broker.sse('/topics/a') as stream:
            stream.block()
            began = time.monotonic()
            close = stream.event()
            self.assertEqual((close.event, close.json()['reason'], close.json()[
                             'final']), ('fanfare.close', 'age', False))
            self.assertTrue(0.5 <= time.monotonic() - began <= 2.5)
            self.assertTrue(stream.at_end())

    def test_accepting_stops_before_descriptors_run_out(self):
        broker = self.a_broker(nofile=100, internal='127.0.0.1:0')
        held, refused = [], 0
        try:
            for _ in range(400):
                try:
                    stream = broker.sse('/topics/a')
                except (Closed, OSError):
                    refused += 1
                    if refused > 3:
                        break
                    continue
                held.append(stream)
                if not stream.stream_id:
                    refused += 1
                    self.assertEqual(stream.event().json()['reason'], 'busy')
                if refused > 20:
                    break
            self.assertGreater(sum(bool(s.stream_id) for s in held), 20)
            self.assertGreater(refused, 3)
            self.assertIsNone(broker.process.poll())
            self.assertNotIn('EMFILE', broker.log())
            self.assertLess(len(broker.log().splitlines()), 60)
            self.assertEqual(broker.inside('/readyz').status, 200, 'the operator still gets in')
        finally:
            [stream.close() for stream in held]
        until('there is room again', lambda: broker.ask('POST', '/topics/a', b'x').status == 200)
        with broker.sse('/topics/a?last=1') as stream:
            self.assertEqual(stream.event().data, 'x')

    def test_a_storm_of_connections_is_survived(self):
        before = self.broker.memory_bytes()
        for _ in range(15):
            wires = [self.broker.wire() for _ in range(100)]
            for i, wire in enumerate(wires):
                if i % 3 == 0:
                    wire.send('GET /topics/a HTTP/1.1\r\nhost: localhost\r\n\r\n')
                elif i % 3 == 1:
                    wire.send('GET /topics/a HTTP')
                wire.reset() if i % 2 else wire.close()
        until('all have gone', lambda: self.broker.metric('fanfare_streams') == 0)
        self.broker.publish('a', b'x')
        self.assertLess(self.broker.memory_bytes() - before, 30_000_000)


if __name__ == '__main__':
    run()
