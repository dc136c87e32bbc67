# test_cloud_events.py: CloudEvents 1.0 in its three modes, on both routes (protocol 3).
import base64
import json

from broker import BrokerTest, run

STRUCTURED = {'content_type': 'application/cloudevents+json'}
BATCH = {'content_type': 'application/cloudevents-batch+json'}


class CloudEvents(BrokerTest):
    count = 0

    def event(self, **members):
        CloudEvents.count += 1
        event = {'specversion': '1.0', 'id': f'e{CloudEvents.count}', 'source': 'shop', 'type': 'order.placed',
                 'subject': 'orders/42', 'data': {'n': 1}, **members}
        return {name: value for name, value in event.items() if value is not None}

    def headers(self, **attributes):
        CloudEvents.count += 1
        fields = {'ce_specversion': '1.0', 'ce_id': f'h{CloudEvents.count}', 'ce_source': 'shop',
                  'ce_type': 'order.placed', **{f'ce_{name}': value for name, value in attributes.items()}}
        return {name: value for name, value in fields.items() if value is not None}

    def post(self, body, target='/events', **fields):
        text = body if isinstance(body, (str, bytes)) else json.dumps(body)
        return self.broker.ask('POST', target, text, **fields)

    def reads(self, topic, body, target='/events', **fields):
        with self.broker.sse(f'/topics/{topic}') as stream:
            stream.block()
            answer = self.post(body, target, **fields)
            self.assertEqual(answer.status, 200, answer.body)
            return stream.event()

    def test_a_structured_event_is_read_as_it_was_sent(self):
        event = self.event()
        text = json.dumps(event, indent=1)
        read = self.reads('orders/42', text, **STRUCTURED)
        self.assertEqual((read.event, read.json()), ('order.placed', event))

    def test_the_topic_is_the_path_or_fanfaretopic_or_subject_or_source(self):
        self.reads('path', self.event(fanfaretopic='f'), '/topics/path', **STRUCTURED)
        self.reads('ext', self.event(fanfaretopic='ext'), **STRUCTURED)
        self.reads('orders/42', self.event(), **STRUCTURED)
        self.reads('shop', self.event(subject=None), **STRUCTURED)
        self.reads('by-header', b'x', **self.headers(fanfaretopic='by-header', subject='s'))

    def test_binary_mode_takes_attributes_from_headers(self):
        read = self.reads('t', b'{"n": 1}', '/topics/t', content_type='application/json',
                          **self.headers(subject='s%20t', time='2030-01-01T00:00:00Z'))
        event = read.json()
        self.assertEqual((event['data'], event['subject'], event['type']), ({'n': 1}, 's t', 'order.placed'))
        self.assertEqual(event['datacontenttype'], 'application/json')
        self.assertEqual(read.event, 'order.placed')
        self.assertEqual(self.reads('shop', b'text', **self.headers()).json()['data'], 'text')
        self.assertEqual(self.reads('shop', b'\x00\xff', content_type='application/octet-stream',
                                    **self.headers()).json()['data_base64'], 'AP8=')

    def test_readers_get_only_the_data_if_the_publisher_says_so(self):
        self.assertEqual(self.reads('orders/42', self.event(data={'b': 1.50}), '/events?ce=data', **STRUCTURED).data,
                         '{"b":1.5}')
        self.assertEqual(self.reads( 'orders/42', self.event( data='text'), '/events?ce=data', **STRUCTURED).data,
                         'text')
        url = 'data:application/octet-stream;base64,AP8='
        self.assertEqual(self.reads('orders/42', self.event(data=None, data_base64='AP8='), '/events?ce=data',
                                    **STRUCTURED).data, url)
        self.assertEqual(self.reads('x', b'raw', '/topics/x?ce=data', **self.headers()).data, 'raw')
        self.is_problem(self.post(self.event(), '/events?ce=all', **STRUCTURED), 400, 'ce')
        self.is_problem(self.post(b'x', '/topics/a?ce=data'), 400, 'ce')

    def test_a_batch(self):
        events = [self.event(), self.event(), self.event()]
        answer = self.post(events, **BATCH)
        self.assertEqual(answer.json()['count'], 3)
        self.assertEqual(self.post(events[:1], '/topics/b', **BATCH).json()['count'], 1)
        self.is_problem(self.post([self.event(), {'id': 'x'}], **BATCH), 400, 'specversion', index=1)
        self.is_problem(self.post('[]', **BATCH), 400, 'no event')

    def test_source_and_id_are_the_idempotency_key(self):
        with self.broker.sse('/topics/once') as stream:
            stream.block()
            event = self.event(subject='once')
            first, second = self.post(event, **STRUCTURED), self.post(event, **STRUCTURED)
            self.assertEqual(first.body, second.body)
            self.assertEqual(second.field('idempotency-replayed'), 'true')
            self.assertEqual(self.post({**event, 'source': 'other'}, **STRUCTURED).status, 200)
            self.broker.publish('once', b'end')
            self.assertEqual(stream.events(3)[2].data, 'end')
            self.is_problem(self.post({**event, 'data': 'changed'}, **STRUCTURED), 422)

    def test_what_a_cloud_event_needs_is_named(self):
        for missing in ('specversion', 'id', 'source', 'type'):
            self.is_problem(self.post(self.event(**{missing: None}), **STRUCTURED), 400, missing)
            self.is_problem(self.post(self.event(**{missing: ''}), **STRUCTURED), 400, missing)
        for missing in ('id', 'source', 'type'):
            self.is_problem(self.post(b'x', '/topics/a', **self.headers(**{missing: None})), 400, missing)
        self.is_problem(self.post(self.event(specversion='0.3'), **STRUCTURED), 400, 'specversion')
        self.is_problem(self.post(self.event(data_base64='AP8='), **STRUCTURED), 400, 'data_base64')
        self.is_problem(self.post(self.event(data=None, data_base64='A'), **STRUCTURED), 400, 'base64')
        self.is_problem(self.post(self.event(Bad=1), **STRUCTURED), 400, 'Bad')
        self.is_problem(self.post(self.event(subject='a/*'), **STRUCTURED), 400, 'subject')
        self.is_problem(self.post(self.event(type='fanfare.x'), **STRUCTURED), 400, 'fanfare.')
        self.is_problem(self.post('x', content_type='application/cloudevents+xml'), 415, 'JSON')

    def test_base64_data_is_kept(self):
        read = self.reads('orders/42', self.event( data=None, data_base64=base64.b64encode(b'hi').decode()),
                          **STRUCTURED)
        self.assertEqual(read.json()['data_base64'], 'aGk=')


if __name__ == '__main__':
    run()
