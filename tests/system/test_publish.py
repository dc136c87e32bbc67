# test_publish.py: one event at a time: POST and PUT of bytes, of a JSON object; what is refused (protocol 3).
import json

from broker import BrokerTest, run
from wire import next_answer, request_bytes

JSON = {'content_type': 'application/json'}


class Publish(BrokerTest):
    def events(self, item, **fields):
        body = item if isinstance(item, (str, bytes)) else json.dumps(item)
        return self.broker.ask('POST', '/events', body, **{**JSON, **fields})

    def line_of(self, item):
        """What a reader of lines gets, as text."""
        with self.broker.lines('/topics/a') as stream:
            answer = self.events(item)
            self.assertEqual(answer.status, 200, answer.body)
            return stream.raw().decode()

    def test_the_answer_is_the_id(self):
        answer = self.broker.ask('POST', '/topics/a', b'x')
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.field('content-type').split(';')[0], 'application/json')
        self.assertEqual(list(answer.json()), ['id'])
        self.assertRegex(answer.json()['id'], r'^[0-9a-f]{8,16}-\d+$')

    def test_ids_rise_and_a_reader_after_the_answer_has_the_event(self):
        last = 0
        for i in range(20):
            id = self.broker.publish('after', b'%d' % i)
            self.assertGreater(int(id.split('-')[1]), last)
            last = int(id.split('-')[1])
            with self.broker.sse('/topics/after?last=1') as stream:
                self.assertEqual(stream.event().id, id)

    def test_put_is_post(self):
        with self.broker.sse('/topics/a') as stream:
            stream.block()
            self.assertEqual(self.broker.ask('PUT', '/topics/a?event=t', b'x').status, 200)
            event = stream.event()
            self.assertEqual((event.event, event.data), ('t', 'x'))

    def test_a_body_of_any_text_type_is_the_data(self):
        for type in (None, 'text/plain', 'application/x-www-form-urlencoded', 'application/xml',
                     'application/x-ndjson', 'text/event-stream', 'multipart/form-data; boundary=x'):
            with self.broker.sse('/topics/a') as stream:
                stream.block()
                self.broker.publish('a', b'a=1&b=%20', content_type=type)
                self.assertEqual(stream.event().data, 'a=1&b=%20')

    def test_no_body_is_an_empty_event(self):
        with self.broker.sse('/topics/a') as stream:
            stream.block()
            self.assertEqual(self.broker.ask('POST', '/topics/a').status, 200)
            self.assertEqual(stream.event().data, '')

    def test_what_is_said_to_be_json_is_checked(self):
        self.is_problem(self.broker.ask('POST', '/topics/a', b'{"a":', **JSON), 400, 'JSON')
        self.is_problem(self.broker.ask('POST', '/topics/a', b'', **JSON), 400, 'JSON')
        self.is_problem(self.broker.ask('POST', '/topics/a', b'1 2', **JSON), 400, 'JSON')
        self.broker.publish('a', b'17', **JSON)

    def test_text_is_utf8_without_nul(self):
        problem = self.is_problem(self.broker.ask('POST', '/topics/a', b'a\x00b'), 400, 'NUL', 'octet-stream')
        self.assertEqual(problem['field'], 'data')
        self.is_problem(self.broker.ask('POST', '/topics/a', b'a\xffb'), 400, 'UTF-8', 'byte 1', 'octet-stream')
        self.is_problem(self.broker.ask('POST', '/topics/a', b'\xed\xa0\x80'), 400, 'UTF-8')
        self.is_problem(self.events('{"topic":"a","data":"\\u0000"}'), 400, 'NUL')

    def test_an_event_type(self):
        with self.broker.sse('/topics/a') as stream:
            stream.block()
            self.broker.publish('a', b'x', '?event=d%C3%A9j%C3%A0+vu')
            self.assertEqual(stream.event().event, 'd\u00e9j\u00e0 vu')
            self.broker.publish('a', b'x', '?event=')
            self.assertEqual(stream.event().event, None)
        for type in ('fanfare.gap', 'fanfare.', 'fanfare.x', 'a%0Ab', 'a%0Db', 'a%00b', '%ff', 'x' * 256):
            self.is_problem(self.broker.ask('POST', f'/topics/a?event={type}', b''), 400, 'type')
        self.is_problem(self.events({'topic': 'a', 'data': '', 'event': 'fanfare.close'}), 400, 'fanfare.')
        self.is_problem(self.events({'topic': 'a', 'data': '', 'event': 'a\nb'}), 400, 'line end')
        self.broker.publish('a', b'', '?event=fanfare')

    def test_a_retry(self):
        for good in (100, 3600000):
            self.broker.publish('a', b'', f'?retry={good}')
            self.assertEqual(self.events({'topic': 'a', 'data': '', 'retry': good}).status, 200)
        for bad in ('99', '3600001', '-1', '1.5', 'x', '1e3', '0100x'):
            self.is_problem(self.broker.ask('POST', f'/topics/a?retry={bad}', b''), 400, 'retry')
        for bad in ('99', '3600001', '1.5', '"500"', 'null'):
            self.is_problem(self.events(f'{{"topic":"a","data":"","retry":{bad}}}'), 400, 'retry')

    def test_a_string_is_sent_as_that_string(self):
        with self.broker.sse('/topics/a') as stream:
            stream.block()
            self.events({'topic': 'a', 'data': 'say "hi"\n\u00e9', 'event': 'price'})
            event = stream.event()
            self.assertEqual((event.event, event.data), ('price', 'say "hi"\n\u00e9'))

    def test_any_other_value_is_its_own_text_without_white_space(self):
        for value, text in (('{ "b" : 1.50 , "a" : [ 1e5 , -0 , 123456789012345678901234567890 ] }',
                             '{"b":1.50,"a":[1e5,-0,123456789012345678901234567890]}'),
                            ('{"k": "a\\u00e9 \\/ \\n  b"}', '{"k":"a\\u00e9 \\/ \\n  b"}'),
                            ('[ ]', '[]'), ('null', 'null'), ('true', 'true'), (' 0.10 ', '0.10'),
                            ('{"a":1,"a":2}', '{"a":1,"a":2}'), ('{\n\t"x":\r\n1}', '{"x":1}')):
            with self.subTest(value=value):
                line = self.line_of(f'{{"topic":"a","data":{value}}}')
                self.assertTrue(line.endswith(f'"data":{text}}}'), line)

    def test_members_are_named_when_they_are_wrong(self):
        for item, words, field in (
                ({'topic': 'a'}, ('data',), 'data'), ({'data': 1}, ('topic',), 'topic'), ({}, ('topic',), 'topic'),
                ({'topic': 'a', 'data': 1, 'evnet': 'x'}, ('evnet',), 'evnet'),
                ({'topic': 'a', 'data': 1, 'id': 'x'}, ('id', 'key'), 'id'),
                ({'topic': 1, 'data': 1}, ('topic', 'string'), 'topic'),
                ({'topic': '', 'data': 1}, ('empty topic',), 'topic'),
                ({'topic': [], 'data': 1}, ('topic', 'empty'), 'topic'),
                ({'topic': [1], 'data': 1}, ('topic',), 'topic'),
                ({'topic': ['a', 'b/*'], 'data': 1}, ('pattern',), 'topic'),
                ({'topic': 'a', 'data': 1, 'event': 5}, ('event', 'string'), 'event'),
                ({'topic': 'a', 'data': 1, 'key': 5}, ('key', 'string'), 'key'),
                ({'topic': 'a', 'data': 1, 'key': ''}, ('key',), 'key')):
            with self.subTest(item=item):
                problem = self.is_problem(self.events(item), 400, *words)
                self.assertEqual(problem['field'], field)
        for item, name in (('{"topic":"a","data":1,"data":2}', 'data'),
                           ('{"topic":"a","topic":"b","data":1}', 'topic'),
                           ('{"topic":"a","data":1,"\\u0064ata":2}', 'data')):
            self.is_problem(self.events(item), 400, name, 'twice')

    def test_json_that_is_none_names_the_place(self):
        for body in ('', '{', '{"topic":"a","data":}', '{"topic":"a" "data":1}', 'nonsense', '"text"', '17',
                     '{"topic":"a","data":01}', '{"topic":"a","data":1}x', "{'topic':'a','data':1}",
                     '{"topic":"a","data":NaN}', '{"topic":"a","data":"\\ud800"}', b'{"topic":"a","data":"\xff"}',
                     '{"topic":"a","data":"a\nb"}'):
            with self.subTest(body=body):
                answer = self.events(body)
                self.is_problem(answer, 400)
        deep = '[' * 100000 + ']' * 100000
        self.is_problem(self.events(f'{{"topic":"a","data":{deep}}}'), 400)

    def test_up_to_16_topics(self):
        topics = [f'list/{i}' for i in range(17)]
        self.assertEqual(self.events({'topic': topics[:16], 'data': 1}).status, 200)
        self.is_problem(self.events({'topic': topics, 'data': 1}), 400, '17', '16')
        for topic in (topics[0], topics[15]):
            with self.broker.lines(f'/topics/{topic}?last=1') as stream:
                self.assertEqual(stream.line()['topic'], topics[0])

    def test_events_takes_json_and_says_so(self):
        for type in (None, 'text/plain', 'application/x-www-form-urlencoded', 'application/octet-stream'):
            answer = self.broker.ask('POST', '/events', '{"topic":"a","data":1}', content_type=type)
            self.is_problem(answer, 415, 'application/json', 'application/x-ndjson')
        for type in ('application/json', 'Application/JSON; charset=utf-8', 'application/json;charset=UTF-8'):
            self.assertEqual(self.events({'topic': 'a', 'data': 1}, content_type=type).status, 200)

    def test_what_belongs_into_the_object_is_no_parameter_of_events(self):
        for query in ('topic=a', 'event=t', 'retry=500'):
            self.is_problem(self.broker.ask('POST', f'/events?{query}', '{"topic":"a","data":1}', **JSON), 400,
                            query.split('=')[0])

    def test_a_compressed_body_is_not_taken_for_the_data(self):
        for target, type in (('/topics/a', 'text/plain'), ('/events', 'application/json')):
            answer = self.broker.ask('POST', target, b'\x1f\x8b', content_type=type, content_encoding='gzip')
            self.is_problem(answer, 415, 'Content-Encoding', 'gzip')
        self.broker.publish('a', b'x', content_encoding='identity')

    def test_a_parameter_is_given_once(self):
        for query in ('event=a&event=b', 'retry=500&retry=600', 'event=&event=b'):
            self.is_problem(self.broker.ask('POST', f'/topics/a?{query}', b''), 400, query.split('=')[0], 'twice')

    def test_an_answer_promises_memory_and_nothing_more(self):
        self.broker.publish('a', b'x', '?ack=memory')
        for ack in ('disk', 'replicated', 'x'):
            self.is_problem(self.broker.ask('POST', f'/topics/a?ack={ack}', b''), 400, 'ack', ack)

    def test_a_bad_publish_publishes_nothing(self):
        with self.broker.sse('/topics/**') as stream:
            stream.block()
            self.events({'topic': 'a', 'data': 1, 'nonsense': 1})
            self.broker.ask('POST', '/topics/a?event=fanfare.x', b'bad')
            self.broker.publish('a', b'good')
            self.assertEqual(stream.event().data, 'good')

    def test_problems_have_pages(self):
        problem = self.events({}).json()
        answer = self.broker.ask('GET', problem['type'])
        self.assertEqual(answer.status, 200)
        self.is_problem(self.broker.ask('GET', '/problems/none-such'), 404)

    def test_pipelined_publishes_keep_their_order(self):
        with self.broker.sse('/topics/pipe') as stream, self.broker.wire() as wire:
            stream.block()
            wire.send(b''.join(request_bytes('POST', '/topics/pipe', b'%d' % i) for i in range(50)))
            ids = [next_answer(wire).json()['id'] for _ in range(50)]
            events = stream.events(50)
            self.assertEqual([e.data for e in events], [str(i) for i in range(50)])
            self.assertEqual([e.id for e in events], ids)


class Sizes(BrokerTest):
    flags = ('--event-bytes-max', '1000', '--batch-bytes-max', '20kB')
    toml = '[[topic]]\nmatch = "small/**"\nevent_bytes_max = "10"\n'

    def test_an_event_over_the_limit_is_413(self):
        self.broker.publish('a', b'x' * 1000)
        self.is_problem(self.broker.ask('POST', '/topics/a', b'x' * 1001), 413, '1001', '1000')
        item = json.dumps({'topic': 'a', 'data': 'x' * 1001})
        self.is_problem(self.broker.ask('POST', '/events', item, **JSON), 413, '1001', '1000')

    def test_a_batch_over_the_limit_is_413(self):
        line = json.dumps({'topic': 'a', 'data': 'x' * 900}) + '\n'
        answer = self.broker.ask('POST', '/events', line * 30, content_type='application/x-ndjson')
        self.is_problem(answer, 413, '20000')
        answer = self.broker.ask('POST', '/events', line * 20, content_type='application/x-ndjson')
        self.assertEqual(answer.status, 200)

    def test_who_sends_all_before_reading_still_sees_why(self):
        for size in (1_500_000, 30_000_000):
            with self.broker.wire() as wire:
                wire.send(request_bytes('POST', '/topics/a', b'x' * size))
                self.is_problem(next_answer(wire), 413, str(size))

    def test_a_chunked_body_over_the_limit_is_413(self):
        with self.broker.wire() as wire:
            wire.send('POST /topics/a HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n'
                      + '1f4\r\n' + 'x' * 500 + '\r\n' + '1f5\r\n' + 'x' * 501 + '\r\n0\r\n\r\n')
            self.is_problem(next_answer(wire), 413, '1000')
            self.assertTrue(wire.is_closed())

    def test_a_policy_may_allow_less(self):
        self.broker.publish('small/1', b'x' * 10)
        self.is_problem(self.broker.ask('POST', '/topics/small/1', b'x' * 11), 413, 'small/1', '10')
        lines = '{"topic":"a","data":"1"}\n\n{"topic":"small/x","data":"12345678901"}\n'
        answer = self.broker.ask('POST', '/events', lines, content_type='application/x-ndjson')
        self.is_problem(answer, 413, 'small/x', line=3)
        array = '[{"topic":"a","data":"1"},{"topic":"small/x","data":"12345678901"}]'
        self.is_problem(self.broker.ask('POST', '/events', array, **JSON), 413, 'small/x', index=1)


if __name__ == '__main__':
    run()
