# test_heartbeat.py: what a quiet stream is sent (protocol 2). The shortest heartbeat is 5 s: all wait at once.
import json
import threading
import time

from broker import BrokerTest, run


class Heartbeats(BrokerTest):
    def together(self, *checks):
        """Runs them at once, each in its thread; the first failure is this test's."""
        failures = []

        def guarded(check):
            try:
                check()
            except BaseException as failure:  # noqa: told below
                failures.append(failure)
        threads = [threading.Thread(target=guarded, args=(check,)) for check in checks]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        if failures:
            raise failures[0]

    def test_a_quiet_stream_is_sent_a_comment_or_its_position(self):
        ready = threading.Barrier(7)
        self.together(lambda: self.gets_comments(ready), lambda: self.gets_a_beacon(ready),
                      lambda: self.position_0_gets_comments(ready), lambda: self.gets_events(ready),
                      lambda: self.lines_get_an_empty_line_or_a_beacon(ready), lambda: self.a_busy_one_gets_none(ready),
                      lambda: self.publishes_elsewhere(ready))

    def publishes_elsewhere(self, ready):
        """After the streams have opened, so that the bus has moved for those on quiet topics."""
        ready.wait()
        self.elsewhere = self.broker.publish('elsewhere', b'x')

    def gets_comments(self, ready):
        with self.a_broker().sse('/topics/a?heartbeat=5') as stream:  # nobody publishes there
            stream.block()
            ready.wait()
            began = time.monotonic()
            self.assertEqual(stream.comment(timeout=10), [])
            self.assertTrue(4.5 <= time.monotonic() - began <= 7, time.monotonic() - began)
            self.assertEqual(stream.text, b'')  # no blank line: some clients fire on each

    def is_beacon(self, id):
        """A position of the bus as it is now, which others have moved."""
        epoch, number = self.elsewhere.split('-')
        self.assertEqual(id.split('-')[0], epoch)
        self.assertGreaterEqual(int(id.split('-')[1]), int(number))

    def gets_a_beacon(self, ready):
        with self.broker.sse('/topics/quiet?heartbeat=5') as stream:
            stream.block()
            ready.wait()
            beacon = stream.block()
            self.is_beacon(beacon.id)
            self.assertEqual(beacon.block, f'id: {beacon.id}'.encode())
            with self.broker.sse('/topics/quiet', last_event_id=beacon.id) as again:
                self.assertEqual(again.block().id, beacon.id)

    def position_0_gets_comments(self, ready):
        with self.broker.sse('/topics/quiet?heartbeat=5&position=0') as stream:
            stream.block()
            ready.wait()
            self.assertEqual(stream.comment(timeout=10), [])

    def gets_events(self, ready):
        with self.broker.sse('/topics/quiet?heartbeat=5&beat=event') as stream:
            stream.block()
            ready.wait()
            beat = stream.block()
            self.assertEqual([name for name, _ in beat.fields], ['id', 'event', 'data'])
            self.assertEqual(beat.event, 'fanfare.heartbeat')
            self.is_beacon(beat.id)

    def lines_get_an_empty_line_or_a_beacon(self, ready):
        with self.broker.lines('/topics/quiet?heartbeat=5') as moved, \
                self.broker.lines('/topics/quiet?heartbeat=5&position=0') as still:
            ready.wait()
            beacon = moved.until(b'\n').decode()
            self.assertRegex(beacon, r'^\{"id":"[0-9a-f]+-\d+"\}$')
            self.is_beacon(json.loads(beacon)['id'])
            self.assertEqual(still.until(b'\n'), b'')

    def a_busy_one_gets_none(self, ready):
        with self.broker.sse('/topics/busy?heartbeat=5') as stream:
            stream.block()
            ready.wait()
            for i in range(14):
                time.sleep(0.5)
                self.broker.publish('busy', b'%d' % i)
                self.assertEqual(stream.block().data, str(i))
            self.assertEqual(stream.comments, 0)

    def test_the_default_is_15_s_and_is_said_by_hello(self):
        with self.broker.sse('/topics/a?hello=1') as stream:
            self.assertEqual(stream.event().json()['heartbeat_ms'], 15000)
        with self.a_broker('--heartbeat', '20s').sse('/topics/a?hello=1') as stream:
            self.assertEqual(stream.event().json()['heartbeat_ms'], 20000)

    def test_streams_do_not_beat_together(self):
        streams = [self.broker.sse('/topics/spread?heartbeat=5&position=0') for _ in range(40)]
        moments = []

        def listen(stream):
            with stream:
                stream.comment(timeout=10)
                moments.append(time.monotonic())
        [stream.block() for stream in streams]
        self.broker.publish('spread', b'all are written to at one moment')
        [stream.event() for stream in streams]
        began = time.monotonic()
        self.together(*[lambda s=s: listen(s) for s in streams])
        self.assertGreater(max(moments) - min(moments), 0.2)
        self.assertTrue(4.7 <= min(moments) - began and max(moments) - began <=
                        6.5, (min(moments) - began, max(moments) - began))


if __name__ == '__main__':
    run()
