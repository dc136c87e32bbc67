# test_wire_format.py: the bytes of an event as Server-Sent Events, as lines and as frames (protocol 2, 6).
import base64
import json
import struct

from broker import BrokerTest, run

JSON = {'content_type': 'application/json'}
BYTES = {'content_type': 'application/octet-stream'}


class Sse(BrokerTest):
    def block_of(self, data, query='', stream_query='', **fields):
        with self.broker.sse(f'/topics/a?{stream_query}') as stream:
            stream.block()
            self.id = self.broker.publish('a', data, query, **fields)
            return stream.block().block

    def test_id_event_data_in_this_order(self):
        self.assertEqual(self.block_of(b'{"price": 17}\nsecond line', '?event=price'),
                         f'id: {self.id}\nevent: price\ndata: {{"price": 17}}\ndata: second line'.encode())

    def test_there_is_an_event_field_only_if_the_publisher_gave_a_type(self):
        self.assertEqual(self.block_of(b'x'), f'id: {self.id}\ndata: x'.encode())

    def test_a_publishers_retry_is_a_field(self):
        self.assertEqual(self.block_of(b'x', '?retry=5000&event=t'),
                         f'id: {self.id}\nevent: t\nretry: 5000\ndata: x'.encode())

    def test_line_ends_of_all_kinds_are_split_alike(self):
        for data in (b'a\nb', b'a\rb', b'a\r\nb'):
            self.assertEqual(self.block_of(data), f'id: {self.id}\ndata: a\ndata: b'.encode())
        self.assertEqual(self.block_of(b'a\n\rb'), f'id: {self.id}\ndata: a\ndata: \ndata: b'.encode())
        self.assertEqual(self.block_of(b'\r\n\r'), f'id: {self.id}\ndata: \ndata: \ndata: '.encode())

    def test_a_final_line_end_is_data(self):
        self.assertEqual(self.block_of(b'a\n'), f'id: {self.id}\ndata: a\ndata: '.encode())

    def test_empty_data_is_an_event(self):
        self.assertEqual(self.block_of(b''), f'id: {self.id}\ndata: '.encode())

    def test_no_byte_of_data_forges_a_field_or_an_event(self):
        data = b'x\n\nid: 1\rdata: y\r\n\r\nevent: forged\n: comment\nretry: 1'
        block = self.block_of(data).decode()
        lines = block.split('\n')
        self.assertEqual(lines[0], f'id: {self.id}')
        self.assertTrue(all(line.startswith('data: ') for line in lines[1:]), block)
        self.assertEqual([line[6:] for line in lines[1:]],
                         ['x', '', 'id: 1', 'data: y', '', 'event: forged', ': comment', 'retry: 1'])

    def test_leading_spaces_and_colons_are_kept(self):
        self.assertEqual(self.block_of(b'  two : spaces '), f'id: {self.id}\ndata:   two : spaces '.encode())

    def test_unicode_goes_through_as_it_is(self):
        text = 'h\u00e9llo \u2028 \u0085 \U0001f600 \ufeff'
        self.assertEqual(self.block_of(text.encode()), f'id: {self.id}\ndata: {text}'.encode())

    def test_bytes_come_as_a_data_url(self):
        data = bytes(range(256))
        url = 'data:application/octet-stream;base64,' + base64.b64encode(data).decode()
        self.assertEqual(self.block_of(data, **BYTES), f'id: {self.id}\ndata: {url}'.encode())
        self.assertEqual(self.block_of(b'', **BYTES),
                         f'id: {self.id}\ndata: data:application/octet-stream;base64,'.encode())

    def test_fields_topic_adds_the_topic(self):
        self.assertEqual(self.block_of(b'x', '?event=t', 'fields=topic'),
                         f'id: {self.id}\ntopic: a\nevent: t\ndata: x'.encode())

    def test_an_envelope_is_a_line_of_ndjson_and_no_event_field(self):
        self.assertEqual(self.block_of(b'x\ny', '?event=t', 'envelope=1'),
                         f'id: {self.id}\ndata: {{"id":"{self.id}","topic":"a","event":"t","data":"x\\ny"}}'.encode())
        self.assertEqual(self.block_of(b'{"a": [1,\n2]}', '', 'envelope=1', **JSON),
                         f'id: {self.id}\ndata: {{"id":"{self.id}","topic":"a","data":{{"a": [1,2]}}}}'.encode())

    def test_with_an_envelope_control_events_keep_their_form(self):
        with self.broker.sse('/topics/a?envelope=1&hello=1', last_event_id='x') as stream:
            self.assertEqual([e.event for e in stream.events(2)], ['fanfare.hello', 'fanfare.gap'])

    def test_a_large_event_arrives_whole(self):
        data = bytes(32 + i % 90 for i in range(1 << 20))
        with self.broker.sse('/topics/large') as stream, self.broker.lines('/topics/large') as lines:
            stream.block()
            self.broker.publish('large', data)
            self.assertEqual(stream.event().data.encode(), data)
            self.assertEqual(lines.line()['data'].encode(), data)
        with self.broker.sse('/topics/large?last=1') as stream:
            self.assertEqual(stream.event().data.encode(), data)

    def test_an_event_kept_under_several_topics_comes_once_with_the_first(self):
        with self.broker.sse('/events?topic=many/*&topic=many/2&fields=topic') as stream, \
                self.broker.lines('/topics/many/2') as second:
            stream.block()
            item = '{"topic":["many/1","many/2","many/3","many/1"],"data":"x"}'
            self.assertEqual(self.broker.ask('POST', '/events', item, **JSON).status, 200)
            self.broker.publish('many/9', b'y')
            self.assertEqual([(e.data, e.topic) for e in stream.events(2)], [('x', 'many/1'), ('y', 'many/9')])
            self.assertEqual(second.line()['topic'], 'many/1')
        for topic in ('many/1', 'many/2', 'many/3'):
            with self.broker.lines(f'/topics/{topic}?last=5') as kept:
                self.assertEqual(kept.line()['data'], 'x')


class Lines(BrokerTest):
    def raw(self, data, query='', **fields):
        with self.broker.lines('/topics/a') as stream:
            self.id = self.broker.publish('a', data, query, **fields)
            return stream.raw().decode()

    def test_the_head_has_the_position_and_the_type(self):
        with self.broker.lines('/topics/a') as stream:
            self.assertEqual(stream.head.field('content-type'), 'application/x-ndjson')
            self.assertTrue(stream.position)
            self.assertEqual(stream.head.field('vary'), 'Accept, Origin')

    def test_keys_are_in_the_order_id_topic_event_data_encoding(self):
        self.assertEqual(self.raw(b'x', '?event=t'), f'{{"id":"{self.id}","topic":"a","event":"t","data":"x"}}')
        self.assertEqual(self.raw(b'\x00\xff', '?event=t', **BYTES),
                         f'{{"id":"{self.id}","topic":"a","event":"t","data":"AP8=","encoding":"base64"}}')

    def test_data_is_a_value_only_if_it_was_published_as_json(self):
        self.assertEqual(self.raw(b'{"a":1}'), f'{{"id":"{self.id}","topic":"a","data":"{{\\"a\\":1}}"}}')
        self.assertEqual(self.raw(b'{"a":1.50, "b":[ ]}', **JSON),
                         f'{{"id":"{self.id}","topic":"a","data":{{"a":1.50, "b":[ ]}}}}')
        self.assertEqual(self.raw(b'17', content_type='application/vnd.x+json; charset=utf-8'),
                         f'{{"id":"{self.id}","topic":"a","data":17}}')

    def test_all_line_ends_are_kept(self):
        for data in (b'a\rb', b'a\r\nb\n', b'\n', b'a\x01b\tc"\\'):
            self.assertEqual(json.loads(self.raw(data))['data'].encode(), data)

    def test_a_value_of_many_lines_is_one_line(self):
        self.assertEqual(json.loads(self.raw(b'{\r\n "a":\n 1\r}', **JSON))['data'], {'a': 1})


class Frames(BrokerTest):
    def frame(self, body):
        while len(body.text) < 4:
            body.fill()
        length = struct.unpack('>I', body.text[:4])[0]
        while len(body.text) < 4 + length:
            body.fill()
        frame, body.text = body.text[4:4 + length], body.text[4 + length:]
        kind, flags, number, time, topic_size = struct.unpack('>BBQQH', frame[:20])
        topic, rest = frame[20:20 + topic_size], frame[20 + topic_size:]
        return kind, flags, number, time, topic, rest[1:1 + rest[0]], rest[1 + rest[0]:]

    def test_frames_carry_number_time_topic_type_and_bytes(self):
        accept = {'accept': 'application/vnd.fanfare.frames'}
        with self.broker.sse('/topics/f', **accept) as stream:
            kind, _, number, _, _, _, data = self.frame(stream)
            self.assertEqual(kind, 0)
            self.assertEqual(f'{json.loads(data)["epoch"]}-{number}', stream.position)
            text = self.broker.publish('f', 'h\u00e9'.encode(), '?event=t')
            raw = self.broker.publish('f', b'\x00\xff', **BYTES)
            kind, flags, number, time, topic, type, data = self.frame(stream)
            self.assertEqual((kind, flags, topic, type, data.decode()), (1, 0, b'f', b't', 'h\u00e9'))
            self.assertTrue(text.endswith(f'-{number}'))
            self.assertGreater(time, 1_600_000_000_000_000)
            kind, _, number, _, _, type, data = self.frame(stream)
            self.assertEqual((kind, type, data), (2, b'', b'\x00\xff'))
            self.assertTrue(raw.endswith(f'-{number}'))
            self.broker.ask('DELETE', f'/streams/{stream.stream_id}')
            kind, _, _, _, _, type, data = self.frame(stream)
            self.assertEqual((kind, type, json.loads(data)['reason']), (4, b'fanfare.close', 'kicked'))


if __name__ == '__main__':
    run()
