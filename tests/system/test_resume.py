# test_resume.py: where a stream starts, and the gaps it is told (protocol 2).
import json
import time
from datetime import datetime, timedelta, timezone

from broker import BrokerTest, run


def rfc3339(moment):
    return moment.astimezone(timezone.utc).strftime('%Y-%m-%dT%H:%M:%S.%fZ')


class Starts(BrokerTest):
    def datas(self, target, count, **fields):
        with self.broker.sse(target, **fields) as stream:
            return [event.data for event in stream.events(count)]

    def is_live_only(self, target, topic, **fields):
        """Nothing of before comes: the first event is one published now."""
        with self.broker.sse(target, **fields) as stream:
            stream.block()
            self.broker.publish(topic, b'now')
            self.assertEqual(stream.event().data, 'now')

    def test_without_a_place_it_starts_with_what_is_live(self):
        self.broker.publish('live', b'old')
        self.is_live_only('/topics/live', 'live')
        self.is_live_only('/topics/live?last=0', 'live')

    def test_after_an_id_comes_exactly_what_came_after_it(self):
        ids = [self.broker.publish('order', b'%d' % i) for i in range(5)]
        for where in ({'target': '/topics/order', 'last_event_id': ids[1]},
                      {'target': f'/topics/order?last_event_id={ids[1]}'}):
            fields = dict(where)
            with self.broker.sse(fields.pop('target'), **fields) as stream:
                self.assertEqual(stream.position, ids[1])
                self.assertEqual(stream.block().id, ids[1])
                self.assertEqual([e.id for e in stream.events(3)], ids[2:])

    def test_at_the_end_nothing_comes_again(self):
        id = self.broker.publish('tail', b'last')
        self.is_live_only('/topics/tail', 'tail', last_event_id=id)

    def test_history_and_live_meet_without_loss_or_doubling(self):
        first = self.broker.publish('seam', b'0')
        streams = []
        for i in range(1, 60):
            self.broker.publish('seam', b'%d' % i)
            if i % 6 == 0:
                streams.append(self.broker.sse('/topics/seam', last_event_id=first))
        for stream in streams:
            with stream:
                self.assertEqual([e.data for e in stream.events(59)], [str(i) for i in range(1, 60)])

    def test_the_header_wins_over_the_query_over_since_over_last(self):
        ids = [self.broker.publish('rank', b'%d' % i) for i in range(6)]
        query = f'last_event_id={ids[2]}&since=earliest&last=1'
        self.assertEqual(self.datas(f'/topics/rank?{query}', 1, last_event_id=ids[3]), ['4'])
        self.assertEqual(self.datas(f'/topics/rank?{query}', 1), ['3'])
        self.assertEqual(self.datas('/topics/rank?since=earliest&last=1', 1), ['0'])
        self.assertEqual(self.datas('/topics/rank?last=1', 1), ['5'])

    def test_what_is_empty_is_absent(self):
        ids = [self.broker.publish('empty', b'%d' % i) for i in range(3)]
        self.assertEqual(self.datas(f'/topics/empty?last_event_id={ids[0]}&last=1', 1, last_event_id=''), ['1'])
        self.assertEqual(self.datas('/topics/empty?last_event_id=&since=earliest&last=1', 1), ['0'])
        self.assertEqual(self.datas('/topics/empty?last_event_id=&since=&last=1', 1), ['2'])
        self.is_live_only('/topics/empty?last_event_id=&since=&last=', 'empty', last_event_id='')

    def test_what_is_overruled_is_checked_all_the_same(self):
        id = self.broker.publish('a', b'x')
        self.is_problem(self.broker.ask('GET', '/topics/a?since=nonsense', last_event_id=id), 400, 'since')
        self.is_problem(self.broker.ask('GET', '/topics/a?last=nonsense&since=earliest'), 400, 'last')

    def test_last_is_counted_for_each_matching_topic(self):
        for i in range(4):
            for topic in ('last/a', 'last/b'):
                self.broker.publish(topic, f'{topic[-1]}{i}'.encode())
        self.assertEqual(self.datas('/topics/last/*?last=2', 4), ['a2', 'b2', 'a3', 'b3'])
        self.assertEqual(self.datas('/events?topic=last/a&topic=last/b&last=1', 2), ['a3', 'b3'])
        self.assertEqual(self.datas('/topics/last/a?last=100', 4), ['a0', 'a1', 'a2', 'a3'])

    def test_since_is_a_time_at_which_events_were_numbered(self):
        self.broker.publish('since', b'old')
        time.sleep(1.1)
        middle = datetime.now(timezone.utc)
        time.sleep(0.05)
        self.broker.publish('since', b'new')
        eastern = (middle + timedelta(hours=2)).strftime('%Y-%m-%dT%H:%M:%S.%f') + '%2B02:00'
        for since in ('1s', rfc3339(middle), eastern):
            self.assertEqual(self.datas(f'/topics/since?since={since}', 1), ['new'], since)
        for since in ('5m', '2h', '30s', rfc3339(middle - timedelta(seconds=5)), 'earliest'):
            self.assertEqual(self.datas(f'/topics/since?since={since}', 2), ['old', 'new'], since)

    def test_a_since_before_everything_is_no_gap_if_nothing_was_dropped(self):
        self.broker.publish('whole', b'x')
        for since in ('2h', 'earliest', '2020-01-01T00:00:00Z'):
            with self.broker.sse(f'/topics/whole?since={since}') as stream:
                self.assertEqual(stream.event().data, 'x')

    def test_a_since_in_the_future_is_live_only(self):
        self.broker.publish('future', b'old')
        self.is_live_only('/topics/future?since=2099-01-01T00:00:00Z', 'future')

    def test_a_topic_never_published_to_is_a_stream_all_the_same(self):
        for topic, query in (('never/1', 'since=earliest'), ('never/2', 'last=3'), ('never/3', 'since=5m')):
            self.is_live_only(f'/topics/{topic}?{query}', topic)

    def test_a_resume_reads_patterns_and_many_topics_in_order(self):
        start = self.broker.ask('HEAD', '/topics/many').field('fanfare-last-event-id')
        for i in range(30):
            self.broker.publish(f'many/{i % 7}', b'%d' % i)
        self.assertEqual(self.datas('/topics/many/*', 30, last_event_id=start), [str(i) for i in range(30)])
        wanted = [str(i) for i in range(30) if i % 7 in (1, 4)]
        self.assertEqual(self.datas('/events?topic=many/1&topic=many/4', len(wanted), last_event_id=start), wanted)

    def test_the_head_says_the_position_before_the_first_that_is_replayed(self):
        ids = [self.broker.publish('before', b'%d' % i) for i in range(3)]
        with self.broker.sse('/topics/before?last=2') as stream:
            self.assertEqual(stream.block().id, stream.position)
            self.assertEqual(stream.event().id, ids[1])
        with self.broker.sse('/topics/before', last_event_id=stream.position) as again:
            self.assertEqual([e.id for e in again.events(2)], ids[1:])


class Gaps(BrokerTest):
    flags = ('--history-events', '3')

    def gap(self, target, **fields):
        """The gap that the stream begins with; the block before it has no id."""
        stream = self.broker.sse(target, **fields)
        self.addCleanup(stream.close)
        self.assertRegex(stream.block().block.decode(), r'^retry: \d+$')
        gap = stream.block()
        self.assertEqual([name for name, _ in gap.fields], ['id', 'event', 'data'])
        self.assertEqual((gap.event, gap.id), ('fanfare.gap', stream.position))
        self.assertEqual(list(gap.json()), ['asked', 'first', 'reason'])
        return stream, gap, gap.json()

    def test_what_is_no_longer_kept_is_a_gap_and_then_comes_what_is(self):
        ids = [self.broker.publish('expired', b'%d' % i) for i in range(6)]
        stream, gap, data = self.gap('/topics/expired', last_event_id=ids[0])
        self.assertEqual(data, {'asked': ids[0], 'first': ids[3], 'reason': 'expired'})
        self.assertEqual(int(gap.id.split('-')[1]), int(ids[3].split('-')[1]) - 1)
        self.assertEqual([e.id for e in stream.events(3)], ids[3:])
        with self.broker.sse('/topics/expired', last_event_id=gap.id) as again:
            self.assertEqual([e.id for e in again.events(3)], ids[3:])  # it is told once

    def test_an_old_position_is_no_gap_where_nothing_was_discarded(self):
        start = self.broker.publish('busy', b'x')
        kept = self.broker.publish('calm', b'kept')
        for i in range(20):
            self.broker.publish('busy', b'%d' % i)
        with self.broker.sse('/topics/calm', last_event_id=start) as stream:
            self.assertEqual(stream.block().id, start)
            self.assertEqual(stream.event().id, kept)
        with self.broker.sse('/topics/calm', last_event_id=kept) as stream:
            self.assertEqual(stream.block().id, kept)
            self.broker.publish('calm', b'live')
            self.assertEqual(stream.event().data, 'live')

    def test_the_last_position_that_lost_nothing_is_no_gap(self):
        ids = [self.broker.publish('edge', b'%d' % i) for i in range(6)]
        with self.broker.sse('/topics/edge', last_event_id=ids[2]) as stream:
            self.assertEqual(stream.block().id, ids[2])
            self.assertEqual([e.id for e in stream.events(3)], ids[3:])

    def test_an_id_of_another_epoch_is_a_gap(self):
        first = self.broker.publish('epoch', b'x')
        stream, _, data = self.gap('/topics/epoch', last_event_id='00000000deadbeef-5')
        self.assertEqual(data, {'asked': '00000000deadbeef-5', 'first': first, 'reason': 'epoch'})
        self.assertEqual(stream.event().data, 'x')

    def test_an_id_beyond_the_end_is_a_gap(self):
        self.broker.publish('ahead', b'x')
        epoch, number = self.broker.publish('ahead', b'y').split('-')
        asked = f'{epoch}-{int(number) + 1000}'
        stream, _, data = self.gap(f'/topics/ahead?last_event_id={asked}')
        self.assertEqual((data['asked'], data['reason']), (asked, 'ahead'))
        self.assertEqual([e.data for e in stream.events(2)], ['x', 'y'])

    def test_garbage_is_a_gap_and_is_said_again_harmlessly(self):
        self.broker.publish('garbage', b'x')
        for asked in ('nonsense', '-', '5', 'abc-', '12345678-', 'zzzzzzzz-1', '12345678-1x', '12345678--1',
                      '12345678-99999999999999999999999', 'a' * 200, '"quoted"', '{"a":1}', '12345678-0x1'):
            with self.subTest(asked=asked):
                stream, _, data = self.gap('/topics/garbage', last_event_id=asked)
                self.assertEqual((data['asked'], data['reason']), (asked, 'malformed'))
                self.assertEqual(stream.event().data, 'x')

    def test_an_id_that_is_no_text_is_said_again_as_text(self):
        with self.broker.wire() as wire:
            wire.send(b'GET /topics/a HTTP/1.1\r\nhost: localhost\r\nlast-event-id: a\xff\xfe\xc3\r\n\r\n')
            wire.until(b'event: fanfare.gap\ndata: ')
            self.assertEqual(json.loads(wire.until(b'\n'))['asked'], 'a\ufffd\ufffd\ufffd')
        with self.broker.sse('/topics/a?last_event_id=%0A%0Aevent:%20forged%00') as stream:
            self.assertEqual(stream.event().json()['asked'], '\n\nevent: forged\0')

    def test_where_nothing_is_kept_first_is_null(self):
        tail = self.broker.publish('elsewhere', b'x')
        stream, gap, data = self.gap('/topics/nothing-kept', last_event_id='nonsense')
        self.assertEqual((data['first'], gap.id), (None, tail))
        self.broker.publish('nothing-kept', b'live')
        self.assertEqual(stream.event().data, 'live')

    def test_earliest_is_never_a_gap_and_a_since_only_if_something_was_dropped(self):
        ids = [self.broker.publish('dropped', b'%d' % i) for i in range(6)]
        with self.broker.sse('/topics/dropped?since=earliest') as stream:
            self.assertEqual([e.id for e in stream.events(3)], ids[3:])
        stream, _, data = self.gap('/topics/dropped?since=1h')
        self.assertEqual((data['first'], data['reason']), (ids[3], 'expired'))
        self.assertEqual([e.id for e in stream.events(3)], ids[3:])

    def test_last_is_never_a_gap(self):
        ids = [self.broker.publish('newest', b'%d' % i) for i in range(6)]
        with self.broker.sse('/topics/newest?last=5') as stream:
            self.assertEqual([e.id for e in stream.events(3)], ids[3:])

    def test_a_restarted_broker_says_that_it_cannot_know(self):
        broker = self.a_broker()
        id = broker.publish('a', b'x')
        broker.restart()
        with broker.sse('/topics/a', last_event_id=id) as stream:
            self.assertEqual(stream.event().json(), {'asked': id, 'first': None, 'reason': 'epoch'})

    def test_a_gap_in_lines_has_its_id_and_no_topic(self):
        self.broker.publish('lines', b'x')
        with self.broker.lines('/topics/lines', last_event_id='nonsense') as stream:
            line = stream.line()
            self.assertEqual(list(line), ['id', 'event', 'data'])
            self.assertEqual((line['event'], line['id']), ('fanfare.gap', stream.position))

    def test_what_is_too_old_is_not_kept(self):
        broker = self.a_broker('--history-age', '1s')
        id = broker.publish('age', b'first')
        broker.publish('age', b'second')
        time.sleep(1.6)
        with broker.sse('/topics/age', last_event_id=id) as stream:
            self.assertEqual(stream.event().json()['reason'], 'expired')


if __name__ == '__main__':
    run()
