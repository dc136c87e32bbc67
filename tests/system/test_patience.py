# test_patience.py: time to a head, to a body, between requests; pipeliners that do not read (issue: HTTP limits).
import time

from broker import BrokerTest, run
from wire import next_answer, request_bytes


class Patience(BrokerTest):
    flags = ('--head-timeout', '400ms', '--body-timeout', '500ms', '--idle-timeout', '600ms')

    def ends_within(self, wire, least, most):
        began = time.monotonic()
        self.assertTrue(wire.is_closed())
        self.assertTrue(least <= time.monotonic() - began <= most, time.monotonic() - began)

    def test_a_connection_that_says_nothing_is_closed(self):
        with self.broker.wire() as wire:
            self.ends_within(wire, 0.2, 3)

    def test_a_head_that_does_not_end_gets_408(self):
        with self.broker.wire() as wire:
            wire.send('GET /topics HTTP/1.1\r\nhost: ')
            self.is_problem(next_answer(wire), 408, 'head')
            self.assertTrue(wire.is_closed())

    def test_a_trickled_head_gets_no_more_time(self):
        with self.broker.wire() as wire:
            began = time.monotonic()
            try:
                for byte in request_bytes('GET', '/topics') * 3:
                    wire.send(bytes([byte]))
                    time.sleep(0.05)
                    if time.monotonic() - began > 5:
                        self.fail('the head was waited for')
            except (BrokenPipeError, ConnectionResetError):
                pass

    def test_a_body_that_does_not_end_gets_408(self):
        for fields in ({'content_length': '10'}, {'transfer_encoding': 'chunked'}):
            with self.broker.wire() as wire:
                wire.send(request_bytes('POST', '/topics/a', None, fields) + b'5\r\n')
                self.is_problem(next_answer(wire), 408, 'body')
                self.assertTrue(wire.is_closed())

    def test_an_idle_connection_is_closed_after_a_while(self):
        with self.broker.wire() as wire:
            wire.send(request_bytes('GET', '/topics'))
            self.assertEqual(next_answer(wire).status, 200)
            self.ends_within(wire, 0.3, 3)

    def test_streams_have_no_such_patience(self):
        with self.broker.sse('/topics/a') as stream:
            stream.block()
            time.sleep(1.2)
            self.broker.publish('a', b'x')
            self.assertEqual(stream.event().data, 'x')

    def test_a_pipeliner_that_does_not_read_is_not_read_either(self):
        memory = self.broker.memory_bytes()
        with self.broker.wire(receive_buffer=4096) as wire:
            wire.socket.settimeout(2)
            sent, request = 0, request_bytes('GET', '/nothing') * 100
            try:
                while sent < 30_000_000:
                    wire.send(request)
                    sent += len(request)
            except (TimeoutError, BrokenPipeError, ConnectionResetError):
                pass
            self.assertLess(sent, 30_000_000, 'all of it was taken')
        self.assertLess(self.broker.memory_bytes() - memory, 20_000_000)


if __name__ == '__main__':
    run()
