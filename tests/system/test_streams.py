# test_streams.py: the stream as an address: send to it, look at it, close it, its client's voice (protocol 4).
import json

from broker import BrokerTest, run, until
from wire import next_head, request_bytes


class Streams(BrokerTest):
    flags = ('--workers', '4')

    def test_an_event_goes_to_that_one_stream_and_is_not_kept(self):
        with self.broker.sse('/topics/a') as one, self.broker.sse('/topics/a') as other:
            one.block(), other.block()
            answer = self.broker.ask('POST', f'/streams/{one.stream_id}?event=note', b'only\nyou')
            self.assertEqual(answer.status, 202)
            id = self.broker.publish('a', b'all')
            self.assertEqual(one.block().block, b'event: note\ndata: only\ndata: you')
            self.assertEqual(one.block().id, id)
            self.assertEqual(other.block().id, id)
        with self.broker.sse('/topics/a?since=earliest') as again:
            self.assertEqual(again.event().data, 'all')

    def test_any_worker_accepts_it(self):
        streams = [self.broker.sse('/topics/a') for _ in range(12)]
        for i, stream in enumerate(streams):
            for _ in range(4):
                self.assertEqual(self.broker.ask('POST', f'/streams/{stream.stream_id}', b'%d' % i).status, 202)
        for i, stream in enumerate(streams):
            with stream:
                self.assertEqual([e.data for e in stream.events(4)], [str(i)] * 4)

    def test_a_message_has_the_form_of_its_stream(self):
        with self.broker.lines('/topics/a') as stream:
            self.broker.ask('POST', f'/streams/{stream.stream_id}?event=t',
                            b'{"a":1}', content_type='application/json')
            self.assertEqual(stream.raw(), b'{"event":"t","data":{"a":1}}')
        with self.broker.sse('/topics/a?envelope=1') as stream:
            stream.block()
            self.broker.ask('POST', f'/streams/{stream.stream_id}?event=t', b'x')
            self.assertEqual(stream.block().block, b'data: {"event":"t","data":"x"}')

    def test_what_is_sent_is_checked_as_a_publish_is(self):
        with self.broker.sse('/topics/a') as stream:
            target = f'/streams/{stream.stream_id}'
            self.is_problem(self.broker.ask('POST', f'{target}?event=fanfare.close', b''), 400, 'fanfare.')
            self.is_problem(self.broker.ask('POST', f'{target}?evnt=x', b''), 400, 'evnt')
            self.is_problem(self.broker.ask('POST', target, b'\xff'), 400, 'UTF-8')
            self.is_problem(self.broker.ask('POST', target, b'x' * 100_000), 413)

    def test_an_id_that_is_gone_or_never_was_is_404(self):
        with self.broker.sse('/topics/a') as stream:
            id = stream.stream_id
        wrong = ('A' if id[0] != 'A' else 'B') + id[1:]
        until('the stream has gone', lambda: self.broker.ask('GET', f'/streams/{id}').status == 404)
        for target in (id, wrong, 'x', '', id[:-1], id + 'A', '..', 'a/b', '%00'):
            for method in ('GET', 'POST', 'DELETE'):
                answer = self.broker.ask(method, f'/streams/{target}', b'x' if method == 'POST' else None)
                self.is_problem(answer, 404)
        self.is_problem(self.broker.ask('POST', f'/streams/{id}/inbox', b'x'), 404)

    def test_a_recycled_slot_does_not_get_what_was_meant_for_another(self):
        with self.broker.sse('/topics/a') as old:
            id = old.stream_id
        for _ in range(40):
            with self.broker.sse('/topics/a') as new:
                new.block()
                self.assertNotEqual(new.stream_id, id)
                self.broker.ask('POST', f'/streams/{id}', b'not yours')
                self.broker.ask('POST', f'/streams/{new.stream_id}', b'yours')
                self.assertEqual(new.event().data, 'yours')

    def test_it_can_be_looked_at(self):
        with self.broker.sse('/events?topic=a&topic=b/**&heartbeat=30') as stream:
            answer = self.broker.ask('GET', f'/streams/{stream.stream_id}')
            look = answer.json()
            self.assertEqual((look['topics'], look['position'], look['heartbeat_s']),
                             (['a', 'b/**'], stream.position, 30))
            self.assertNotIn(stream.stream_id, answer.body.decode())
            self.assertEqual(look['id'].rstrip('.'), stream.stream_id[:8])
            self.assertEqual(self.broker.ask('HEAD', f'/streams/{stream.stream_id}').status, 200)

    def test_it_can_be_closed(self):
        with self.broker.sse('/topics/a') as stream:
            stream.block()
            self.assertEqual(self.broker.ask('DELETE', f'/streams/{stream.stream_id}').status, 204)
            close = stream.block()
            self.assertEqual([name for name, _ in close.fields], ['retry', 'event', 'data'])
            self.assertEqual(close.event, 'fanfare.close')
            data = close.json()
            self.assertEqual((data['reason'], data['final']), ('kicked', False))
            self.assertEqual(data['retry_ms'], int(close.retry))
            self.assertTrue(stream.at_end())
            self.assertTrue(stream.wire.is_closed())
            self.assertEqual(self.broker.ask('DELETE', f'/streams/{stream.stream_id}').status, 404)

    def test_its_clients_voice_is_an_event_on_its_inbox(self):
        with self.broker.sse('/topics/a') as stream, self.broker.sse('/topics/$inbox/*?fields=topic') as desk:
            desk.block()
            target = f'/streams/{stream.stream_id}/inbox'
            answer = self.broker.ask('POST', f'{target}?event=vote', b'yes')
            event = desk.event()
            self.assertEqual((answer.status, answer.json()), (200, {'id': event.id}))
            self.assertEqual((event.topic, event.event, event.data), (f'$inbox/{stream.stream_id}', 'vote', 'yes'))
            with self.broker.lines(f'/events?topic=$inbox/{stream.stream_id}&last=1') as kept:
                self.assertEqual(kept.line()['data'], 'yes')
            for method in ('GET', 'PUT', 'DELETE'):
                self.assertEqual(self.broker.ask(method, target, None).status, 405)

    def test_methods_that_come_later_are_not_there(self):
        with self.broker.sse('/topics/a') as stream:
            answer = self.broker.ask('PATCH', f'/streams/{stream.stream_id}', b'{}')
            self.is_problem(answer, 405)
            self.assertEqual(answer.field('allow'), 'GET, HEAD, POST, DELETE, OPTIONS')
        self.is_problem(self.broker.ask('POST', '/streams', b'{}'), 501)

    def test_a_reader_that_takes_nothing_is_told_of_and_holds_nothing_up(self):
        with self.broker.wire(receive_buffer=2048) as wire:
            wire.send(request_bytes('GET', '/topics/stalled'))
            id = next_head(wire).field('fanfare-stream')
            statuses = []
            for _ in range(1500):
                answer = self.broker.ask('POST', f'/streams/{id}', b'x' * 10_000)
                statuses.append(answer.status)
                if answer.status == 503:
                    break
            self.assertEqual(statuses[-1], 503)
            self.assertTrue(answer.field('retry-after').isdigit())
            self.assertIn('takes nothing', json.loads(answer.body)['detail'])


if __name__ == '__main__':
    run()
