# test_subscribe.py: what opens a stream, its head and its first block; HEAD; Accept (protocol 2).
from broker import BrokerTest, run
from wire import Sse, next_answer, request_bytes

ID = r'[0-9a-f]{8,16}-\d+'


class Head(BrokerTest):
    def test_the_head_of_a_stream(self):
        with self.broker.sse('/topics/a') as stream:
            head = stream.head
            self.assertEqual(head.status, 200)
            for name, value in (('content-type', 'text/event-stream; charset=utf-8'),
                                ('cache-control', 'no-store, no-transform'), ('x-accel-buffering', 'no'),
                                ('x-content-type-options', 'nosniff'), ('vary', 'Accept, Origin'),
                                ('transfer-encoding', 'chunked')):
                self.assertEqual(head.field(name), value)
            self.assertRegex(head.field('fanfare-last-event-id'), f'^{ID}$')
            self.assertGreaterEqual(len(stream.stream_id), 22, 'an id has 128 bits')
            self.assertEqual(head.field('content-length'), '')

    def test_the_first_block_comes_at_once_with_the_head(self):
        id = self.broker.publish('a', b'before')
        with self.broker.sse('/topics/quiet') as stream:
            block = stream.block()
            self.assertRegex(block.block.decode(), rf'^retry: \d+\nid: {ID}$')
            self.assertEqual(block.id, stream.position)
            self.assertEqual(block.id, id)
            self.assertTrue(100 <= int(block.retry) <= 3600000)

    def test_the_retry_of_streams_is_spread(self):
        seen = set()
        for _ in range(8):
            with self.broker.sse('/topics/a') as stream:
                seen.add(stream.block().retry)
        self.assertGreater(len(seen), 1)

    def test_the_first_position_of_a_new_broker_is_zero(self):
        with self.a_broker().sse('/topics/a') as stream:
            self.assertRegex(stream.position, r'^[0-9a-f]{8,16}-0$')

    def test_an_id_has_at_most_40_bytes(self):
        self.assertLessEqual(len(self.broker.publish('a', b'')), 40)

    def test_http_1_0_streams_end_with_the_connection(self):
        stream = Sse(self.broker.wire(), '/topics/old', {}, version='1.0')
        with stream:
            self.assertEqual(stream.head.field('transfer-encoding'), '')
            self.assertRegex(stream.block().block.decode(), rf'^retry: \d+\nid: {ID}$')
            self.broker.publish('old', b'x')
            self.assertEqual(stream.event().data, 'x')

    def test_every_stream_has_an_id_of_its_own(self):
        ids = set()
        for _ in range(5):
            with self.broker.sse('/topics/a') as stream:
                ids.add(stream.stream_id)
        self.assertEqual(len(ids), 5)

    def test_no_topic_is_an_error_that_shows_one(self):
        self.is_problem(self.broker.ask('GET', '/events'), 400, '/events?topic=')

    def test_a_topic_beside_the_path_is_an_error(self):
        self.is_problem(self.broker.ask('GET', '/topics/a?topic=b'), 400, '/events?topic=')

    def test_hello_is_the_first_event(self):
        with self.broker.sse('/topics/a?hello=1&heartbeat=20') as stream:
            self.assertEqual(stream.block().id, stream.position)
            hello = stream.block()
            self.assertEqual([name for name, _ in hello.fields], ['id', 'event', 'data'])
            self.assertEqual((hello.event, hello.id), ('fanfare.hello', stream.position))
            self.assertEqual(hello.json(), {'stream': stream.stream_id, 'position': stream.position,
                                            'heartbeat_ms': 20000})

    def test_hello_comes_before_a_gap_and_leaves_the_id_to_it(self):
        with self.broker.sse('/topics/a?hello=1', last_event_id='nonsense') as stream:
            self.assertRegex(stream.block().block.decode(), r'^retry: \d+$')
            hello, gap = stream.events(2)
            self.assertEqual((hello.event, hello.id), ('fanfare.hello', None))
            self.assertEqual((gap.event, gap.id), ('fanfare.gap', stream.position))

    def test_hello_comes_before_what_is_replayed(self):
        self.broker.publish('replayed', b'x')
        with self.broker.sse('/topics/replayed?hello=1&since=earliest') as stream:
            self.assertEqual([e.event for e in stream.events(2)], ['fanfare.hello', None])

    def test_switches_take_what_they_know(self):
        for query in ('hello=2', 'envelope=yes', 'position=x', 'beat=comment', 'fields=all', 'heartbeat=4',
                      'heartbeat=61', 'heartbeat=5s', 'heartbeat=-5', 'last=x', 'last=-1', 'since=yesterday',
                      'since=5', 'since=5w'):
            with self.subTest(query=query):
                problem = self.is_problem(self.broker.ask('GET', f'/topics/a?{query}'), 400, query.split('=')[0])
                self.assertEqual(problem['field'], query.split('=')[0])
        with self.broker.sse('/topics/a?hello=0&envelope=0&position=1&heartbeat=60&heartbeat=') as stream:
            self.assertEqual(stream.head.status, 400)  # twice
        with self.broker.sse('/topics/a?hello=&envelope=&position=&heartbeat=&beat=&fields=&since=&last=') as stream:
            self.assertEqual(stream.head.status, 200)  # empty is absent


class Asks(BrokerTest):
    def test_head_gives_the_head_and_opens_nothing(self):
        before = self.broker.metric('fanfare_streams_opened_total')
        id = self.broker.publish('a', b'x')
        for target in ('/topics/a', '/topics/a/**', '/events?topic=a&topic=b'):
            answer = self.broker.ask('HEAD', target)
            self.assertEqual((answer.status, answer.body), (200, b''))
            self.assertEqual(answer.field('content-type'), 'text/event-stream; charset=utf-8')
            self.assertEqual(answer.field('cache-control'), 'no-store, no-transform')
            self.assertEqual(answer.field('vary'), 'Accept, Origin')
            self.assertEqual(answer.field('x-accel-buffering'), 'no')
            self.assertEqual(answer.field('x-content-type-options'), 'nosniff')
            self.assertEqual(answer.field('fanfare-last-event-id'), id)
        self.assertEqual(self.broker.metric('fanfare_streams_opened_total'), before)

    def test_head_ignores_where_to_start(self):
        id = self.broker.publish('a', b'x')
        for target, fields in (('/topics/a?since=earliest', {}), ('/topics/a?last=5', {}),
                               ('/topics/a', {'last_event_id': 'nonsense'}), ('/topics/a?last_event_id=zz', {})):
            answer = self.broker.ask('HEAD', target, **fields)
            self.assertEqual(answer.field('fanfare-last-event-id'), id)

    def test_a_stream_from_heads_position_has_all_that_came_after(self):
        position = self.broker.ask('HEAD', '/topics/snap').field('fanfare-last-event-id')
        ids = [self.broker.publish('snap', b'%d' % i) for i in range(3)]
        with self.broker.sse('/topics/snap', last_event_id=position) as stream:
            self.assertEqual(stream.block().id, position)
            self.assertEqual([e.id for e in stream.events(3)], ids)

    def test_head_is_refused_as_get_is(self):
        for target in ('/topics/', '/topics/a?bad=1', '/events'):
            self.assertEqual(self.broker.ask('HEAD', target).status, 400)
        self.assertEqual(self.broker.ask('HEAD', '/topics/a', accept='image/png').status, 406)

    def test_a_connection_goes_on_after_head(self):
        with self.broker.wire() as wire:
            for _ in range(3):
                wire.send(request_bytes('HEAD', '/topics/a'))
                self.assertEqual(next_answer(wire, 'HEAD').status, 200)

    def kind(self, accept, target='/topics/a', **fields):
        with self.broker.sse(target, accept=accept, **fields) as stream:
            return stream.head.field('content-type').split(';')[0] if stream.head.status == 200 \
                else stream.head.status

    def test_accept_chooses_the_format(self):
        sse, lines, frames = 'text/event-stream', 'application/x-ndjson', 'application/vnd.fanfare.frames'
        for accept, kind in ((None, sse), ('', sse), ('*/*', sse), ('text/*', sse), (sse, sse), (lines, lines),
                             ('application/ndjson', lines), ('application/jsonl', lines), (frames, frames),
                             ('application/*', lines), ('TEXT/Event-Stream', sse), (f'{sse};q=0.5, {lines}', lines),
                             (f'{lines};q=0.5, {sse};q=0.6', sse), (f'{lines}, {sse}', sse),
                             (f'{frames}, {lines}', lines), ('*/*;q=0.1, application/x-ndjson;q=0.2', lines),
                             ('image/png, */*;q=0.1', sse), (f'{sse};q=0, */*', lines),
                             (f'{sse};charset=utf-8', sse), ('text/html', 'text/html'),
                             ('text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html')):
            with self.subTest(accept=accept):
                self.assertEqual(self.kind(accept), kind)

    def test_anything_else_is_406(self):
        for accept in ('image/png', 'application/xml', 'text/event-stream;q=0', 'text/plain', '*/*;q=0'):
            with self.subTest(accept=accept):
                self.is_problem(self.broker.ask('GET', '/topics/a', accept=accept), 406, 'text/event-stream',
                                'application/x-ndjson')

    def test_events_has_no_page_of_its_own(self):
        self.assertEqual(self.kind('text/html', '/events?topic=a'), 406)
        self.assertEqual(self.kind('text/html,*/*;q=0.8', '/events?topic=a'), 'text/event-stream')

    def test_without_pages_html_counts_for_nothing(self):
        broker = self.a_broker('--pages', 'off')
        self.assertEqual(broker.ask('GET', '/topics/a', accept='text/html').status, 406)
        with broker.sse('/topics/a', accept='text/html,*/*;q=0.8') as stream:
            self.assertEqual(stream.head.field('content-type'), 'text/event-stream; charset=utf-8')

    def test_a_websocket_is_not_served_and_says_so(self):
        answer = self.broker.ask('GET', '/topics/a', connection='Upgrade', upgrade='websocket',
                                 sec_websocket_key='dGhlIHNhbXBsZSBub25jZQ==', sec_websocket_version='13')
        self.is_problem(answer, 501, 'WebSocket')

    def test_methods_are_named(self):
        for method, target, allowed in (('DELETE', '/topics/a', 'POST'), ('PATCH', '/topics/a', 'PUT'),
                                        ('PUT', '/events', 'POST'), ('DELETE', '/events', 'GET'),
                                        ('BREW', '/topics/a', 'GET'), ('POST', '/topics', 'GET'), ('POST', '/', 'GET')):
            answer = self.broker.ask(method, target, b'')
            self.is_problem(answer, 405, method)
            self.assertIn(allowed, answer.field('allow').split(', '))
            self.assertNotIn(method, answer.field('allow').split(', '))


if __name__ == '__main__':
    run()
