# test_batches.py: arrays, lines and Idempotency-Key (protocol 3).
import json
import threading

from broker import BrokerTest, run
from wire import next_answer, request_bytes

JSON = {'content_type': 'application/json'}
LINES = {'content_type': 'application/x-ndjson'}


def item(data='x', topic='a', **members):
    return {'topic': topic, 'data': data, **members}


def lines(*items):
    return ''.join(json.dumps(i) + '\n' if not isinstance(i, str) else i + '\n' for i in items)


class Batches(BrokerTest):
    def batch(self, body, form=LINES, target='/events', **fields):
        return self.broker.ask('POST', target, body if isinstance(body, (str, bytes)) else json.dumps(body),
                               **form, **fields)

    def test_a_batch_is_answered_with_count_first_and_last(self):
        for form, body in ((LINES, lines(item('1'), item('2'), item('3'))),
                           (JSON, [item('1'), item('2'), item('3')])):
            with self.broker.sse('/topics/a') as stream:
                stream.block()
                answer = self.batch(body, form)
                self.assertEqual(answer.status, 200, answer.body)
                self.assertEqual(list(answer.json()), ['count', 'first', 'last'])
                events = stream.events(3)
                self.assertEqual([e.data for e in events], ['1', '2', '3'])
                self.assertEqual(answer.json(), {'count': 3, 'first': events[0].id, 'last': events[2].id})

    def test_an_array_of_one_is_a_batch_and_an_object_is_none(self):
        self.assertEqual(self.batch([item()], JSON).json()['count'], 1)
        self.assertEqual(list(self.batch(item(), JSON).json()), ['id'])
        self.assertEqual(self.batch(lines(item())).json()['count'], 1)

    def test_lines_may_end_in_cr_lf_or_not_at_all_and_may_be_empty(self):
        body = '\n' + json.dumps(item()) + '\r\n\r\n  \n' + json.dumps(item())
        self.assertEqual(self.batch(body).json()['count'], 2)
        for type in ('application/ndjson', 'application/jsonl', 'application/x-ndjson; charset=utf-8'):
            self.assertEqual(self.batch(body, {'content_type': type}).json()['count'], 2)

    def test_the_fault_of_a_line_is_named_with_its_number(self):
        for bad, word in (('{"topic":"a"}', 'data'), ('nonsense', 'line 3'), ('{"topic":"a","data":1,"x":1}', "'x'"),
                          ('{"topic":"a","data":1,"data":1}', 'twice'), ('[1]', 'line 3'),
                          ('{"topic":"*","data":1}', '*'),
                          ('{"topic":"a","data":1}{"topic":"a","data":1}', 'line 3'),
                          ('{"topic":"a","data":1,"end":true}', 'end')):
            with self.subTest(bad=bad):
                answer = self.batch(lines(item(), '', bad, item()))
                self.is_problem(answer, 400, word, line=3)
        self.is_problem(self.batch(lines(item(), item(topic='$x'))), 403, line=2)

    def test_the_fault_of_an_item_is_named_with_its_index(self):
        for bad, word in (({'topic': 'a'}, 'data'), (17, 'item 1'), ({'topic': 'a', 'data': 1, 'x': 1}, "'x'"),
                          ({'topic': 'a', 'data': 1, 'end': True}, 'end')):
            answer = self.batch([item(), bad, item()], JSON)
            self.is_problem(answer, 400, word, index=1)
        self.is_problem(self.batch([item(topic='$x')], JSON), 403, index=0)
        self.is_problem(self.batch('[{"topic":"a","data":1},{"topic":"a","data":', JSON), 400)
        self.is_problem(self.batch('[{"topic":"a","data":1}', JSON), 400)
        self.is_problem(self.batch('[{"topic":"a","data":1}] x', JSON), 400)

    def test_a_bad_batch_publishes_nothing(self):
        with self.broker.sse('/topics/**') as stream:
            stream.block()
            self.batch(lines(*[item('no')] * 100, '{"bad"'))
            self.batch([item('no'), {}], JSON)
            self.broker.publish('a', b'good')
            self.assertEqual(stream.event().data, 'good')

    def test_an_empty_batch_is_an_error(self):
        self.is_problem(self.batch('[]', JSON), 400, 'no event')
        self.is_problem(self.batch('\n\n'), 400, 'no event')
        self.is_problem(self.batch(''), 400, 'no event')

    def test_up_to_4096_events(self):
        self.assertEqual(self.batch(lines(*[item()] * 4096)).json()['count'], 4096)
        self.is_problem(self.batch(lines(*[item()] * 4097)), 413, '4096')
        self.assertEqual(self.batch([item()] * 4096, JSON).json()['count'], 4096)
        self.is_problem(self.batch([item()] * 4097, JSON), 413, '4096')

    def test_the_numbers_of_a_batch_rise_while_others_publish(self):
        def publish(answers):
            for _ in range(10):
                answers.append(self.batch(lines(*[item(topic='rise')] * 100)).json())
        answers = ([], [])
        threads = [threading.Thread(target=publish, args=(into,)) for into in answers]
        with self.broker.sse('/topics/rise') as stream:
            stream.block()
            [thread.start() for thread in threads]
            [thread.join() for thread in threads]
            numbers = [int(e.id.split('-')[1]) for e in stream.events(2000)]
        self.assertEqual(numbers, sorted(set(numbers)))
        for answer in answers[0] + answers[1]:
            first, last = (int(answer[name].split('-')[1]) for name in ('first', 'last'))
            self.assertGreaterEqual(last - first, 99)
            self.assertTrue(first in numbers and last in numbers)


class Keys(BrokerTest):
    def post(self, body, key, target='/topics/a', **fields):
        return self.broker.ask('POST', target, body, idempotency_key=key, **fields)

    def is_replay(self, first, second):
        self.assertEqual((second.status, second.body), (first.status, first.body))
        self.assertEqual(first.field('idempotency-replayed'), '')
        self.assertEqual(second.field('idempotency-replayed'), 'true')

    def test_the_same_key_and_body_give_the_first_answer(self):
        with self.broker.sse('/topics/a') as stream:
            stream.block()
            first = self.post(b'once', 'k1')
            self.is_replay(first, self.post(b'once', 'k1'))
            self.is_replay(first, self.post(b'once', '"k1"'))
            self.broker.publish('a', b'end')
            self.assertEqual([e.data for e in stream.events(2)], ['once', 'end'])

    def test_another_body_is_422(self):
        self.post(b'one', 'k2')
        self.is_problem(self.post(b'two', 'k2'), 422, 'Idempotency-Key')
        self.is_problem(self.post(b'one', 'k2', '/topics/a?event=other'), 422)

    def test_a_key_is_scoped_to_its_target(self):
        ids = {self.post(b'x', 'k3', target).json()['id'] for target in ('/topics/a', '/topics/b')}
        self.assertEqual(len(ids), 2)
        first = self.post(b'x', 'k4', '/topics/s%2Ft')
        self.is_replay(first, self.post(b'x', 'k4', '/topics/s/t'))

    def test_on_events_it_stands_for_the_whole_request(self):
        body = lines(item('1'), item('2', topic='b'))
        first = self.post(body, 'k5', '/events', **LINES)
        self.is_replay(first, self.post(body, 'k5', '/events', **LINES))
        self.assertEqual(first.json()['count'], 2)
        self.is_problem(self.post(lines(item('1')), 'k5', '/events', **LINES), 422)

    def test_a_refused_publish_uses_no_key_up(self):
        self.assertEqual(self.post(b'bad', 'k6', '/topics/a?event=fanfare.x').status, 400)
        self.assertEqual(self.post(b'good', 'k6').status, 200)

    def test_a_key_is_visible_ascii(self):
        for key in ('a b', 'x' * 300, '""', 'h\u00e9'):
            self.is_problem(self.post(b'x', key), 400, 'Idempotency-Key')

    def test_an_item_has_its_own_key(self):
        first = self.broker.ask('POST', '/events', json.dumps(item('keyed', key='i1')), **JSON)
        self.is_replay(first, self.broker.ask('POST', '/events', json.dumps(item('keyed', key='i1')), **JSON))
        self.is_problem(self.broker.ask('POST', '/events', json.dumps(item('other', key='i1')), **JSON), 422, 'key')
        self.assertEqual(self.broker.ask( 'POST', '/events', json.dumps( item( 'other', 'b', key='i1')), **JSON).status,
                         200)

    def test_what_of_a_batch_was_published_is_not_published_again(self):
        with self.broker.sse('/topics/part') as stream:
            stream.block()
            batch = [item(str(i), 'part', key=f'p{i}') for i in range(4)]
            self.broker.ask('POST', '/events', json.dumps(batch[:2]), **JSON)
            answer = self.broker.ask('POST', '/events', json.dumps(batch), **JSON)
            self.assertEqual(answer.json()['count'], 4)
            self.broker.publish('part', b'end')
            self.assertEqual([e.data for e in stream.events(5)], ['0', '1', '2', '3', 'end'])

    def test_one_key_twice_in_a_batch_is_one_event(self):
        with self.broker.sse('/topics/twice') as stream:
            stream.block()
            answer = self.broker.ask('POST', '/events', json.dumps([item('x', 'twice', key='t1')] * 2), **JSON)
            self.assertEqual(answer.status, 200)
            self.broker.publish('twice', b'end')
            self.assertEqual([e.data for e in stream.events(2)], ['x', 'end'])
        clash = [item('x', 'twice', key='t2'), item('y', 'twice', key='t2')]
        self.is_problem(self.broker.ask('POST', '/events', json.dumps(clash), **JSON), 422)

    def test_requests_with_one_key_at_once_publish_once(self):
        with self.broker.sse('/topics/race') as stream:
            stream.block()
            wires = [self.broker.wire() for _ in range(8)]
            for wire in wires:
                wire.send(request_bytes('POST', '/topics/race', b'x', {'idempotency_key': 'race'}))
            answers = [next_answer(wire) for wire in wires]
            [wire.close() for wire in wires]
            self.assertEqual({a.status for a in answers} - {409}, {200})
            self.assertEqual(len({a.body for a in answers if a.status == 200}), 1)
            self.broker.publish('race', b'end')
            self.assertEqual([e.data for e in stream.events(2)], ['x', 'end'])


if __name__ == '__main__':
    run()
