# When something breaks: the broker is killed, its descriptors run out, clients reset or stop in the middle, the kernel
# forbids io_uring. What follows is clear, and told.
import ctypes
import errno
import os
import re
import subprocess
import sys
import time
import unittest

import broker as framework
from broker import ENGINE, Broker, BrokerTest, run, until
from wire import next_answer, request_bytes


class Killed(BrokerTest):
    def test_after_a_kill_a_reader_is_told_that_its_position_is_of_another_life(self):
        broker = self.a_broker()
        with broker.sse('/topics/a') as stream:
            last = [broker.publish('a', str(n)) for n in range(3)][-1]
            self.assertEqual(stream.events(3)[-1].id, last)
            broker.restart()
            self.assertEqual(stream.wire.rest(), b'')
        kept = broker.publish('a', 'after')
        with broker.sse('/topics/a', last_event_id=last) as stream:
            gap = stream.event()
            self.assertEqual(gap.event, 'fanfare.gap')
            self.assertEqual(gap.json(), {'asked': last, 'first': kept, 'reason': 'epoch'})
            self.assertEqual(gap.id.split('-')[0], kept.split('-')[0])
            self.assertEqual(stream.event().id, kept)

    def test_a_port_that_was_just_served_is_taken_again_at_once(self):
        broker = self.a_broker()
        streams = [broker.sse('/topics/a') for _ in range(20)]
        for _ in range(3):
            broker.restart()
        self.assertTrue(broker.publish('a', 'x'))
        for stream in streams:
            stream.close()


class Descriptors(BrokerTest):
    def test_a_full_table_refuses_clearly_and_serves_on(self):
        broker = self.a_broker('--workers', '1', nofile=160)
        streams, refused = [], None
        while len(streams) < 400:
            stream = broker.sse('/topics/a')
            if stream.head.status != 200:
                refused = stream
                break
            streams.append(stream)
            if stream.head.field('fanfare-stream') == '':
                refused = streams.pop()
                break
        if ENGINE == 'epoll':
            self.assertIsNotNone(refused, 'a table of 160 descriptors held 400 streams')
            text = refused.head.status, refused.head.field('retry-after'), refused.until(b'\n\n')
            self.assertIn(b'fanfare.close', text[2])
            self.assertIn(b'busy', text[2])
            self.assertGreater(len(streams), 20)
        broker.publish('a', 'to all')
        for stream in streams:
            self.assertEqual(stream.event().data, 'to all')
        for stream in streams[:10]:
            stream.close()

        def opens():
            stream = broker.sse('/topics/a')
            is_open = stream.head.field('fanfare-stream') != ''
            stream.close()
            return is_open
        until('a place is free again', opens)
        for stream in streams[10:]:
            stream.close()


class Clients(BrokerTest):
    flags = ('--body-timeout', '1s', '--head-timeout', '1s')

    def test_a_reader_that_resets_in_mid_response_leaves_nothing_behind(self):
        data = b'x' * 200_000
        with self.broker.sse('/topics/reset') as healthy:
            for _ in range(5):
                wires = [self.broker.wire(receive_buffer=4096) for _ in range(10)]
                for wire in wires:
                    wire.send(request_bytes('GET', '/topics/reset', None, {'accept': 'text/event-stream'}))
                until('all are open', lambda: self.broker.metric('fanfare_streams') == 11)
                self.broker.publish('reset', data)
                self.broker.publish('reset', data)
                for wire in wires:
                    wire.exactly(2000)  # it is in the middle of an event
                    wire.reset()
                until('their streams are gone', lambda: self.broker.metric('fanfare_streams') == 1)
            self.assertEqual(len(healthy.events(10)), 10)

    def test_a_client_that_resets_in_the_middle_of_an_answer_harms_nobody(self):
        for _ in range(20):
            wire = self.broker.wire(receive_buffer=4096)
            wire.send(request_bytes('GET', '/metrics', None, {}) * 50 + request_bytes('GET', '/', None, {}) * 50)
            wire.exactly(10)
            wire.reset()
        self.assertTrue(self.broker.publish('reset/after', 'x'))

    def test_a_publisher_that_stops_in_mid_body_publishes_nothing_and_is_told(self):
        with self.broker.sse('/topics/half') as stream, self.broker.wire() as wire:
            wire.send(request_bytes('POST', '/topics/half', b'half of it', {'content_length': '20'}))
            self.is_problem(next_answer(wire), 408, '--body-timeout')
            self.assertTrue(wire.is_closed())
            self.broker.publish('half', 'whole')
            self.assertEqual(stream.event().data, 'whole')

    def test_a_publisher_that_ends_in_mid_body_publishes_nothing(self):
        for end in ('close', 'reset', 'half close'):
            with self.subTest(end=end), self.broker.sse('/topics/half') as stream:
                wire = self.broker.wire()
                wire.send(request_bytes('POST', '/events', b'{"topic":"half","data":1}\n{"topic":"half"',
                                        {'content_type': 'application/x-ndjson', 'content_length': '60'}))
                if end == 'close':
                    wire.close()
                elif end == 'reset':
                    wire.reset()
                else:
                    wire.socket.shutdown(1)
                    wire.rest()
                    wire.close()
                self.broker.publish('half', end)
                self.assertEqual(stream.event().data, end)

    def test_half_a_chunked_body_publishes_nothing(self):
        with self.broker.sse('/topics/half') as stream, self.broker.wire() as wire:
            wire.send(request_bytes('POST', '/topics/half', None, {'transfer_encoding': 'chunked'}) + b'5\r\nhello\r\n')
            self.is_problem(next_answer(wire), 408)
            self.broker.publish('half', 'whole')
            self.assertEqual(stream.event().data, 'whole')

    def test_a_head_that_does_not_end_is_refused_in_time(self):
        with self.broker.wire() as wire:
            wire.send('GET /topics/a HTTP/1.1\r\nhost: loc')
            self.is_problem(next_answer(wire), 408, '--head-timeout')

    def test_a_head_that_trickles_gets_no_more_time_with_each_byte(self):
        with self.broker.wire() as wire:
            began = time.monotonic()
            for byte in 'GET /topics/a HTTP/1.1\r\n' + 'x' * 100:
                try:
                    wire.send(byte)
                except ConnectionError:
                    break
                time.sleep(0.1)
                if time.monotonic() - began > 1.5:
                    break
            self.assertEqual(next_answer(wire).status, 408)
            self.assertLess(time.monotonic() - began, 4)


# A filter of system calls, as container runtimes set it: io_uring_setup is refused with `error`.
class SockFilter(ctypes.Structure):
    _fields_ = [('code', ctypes.c_ushort), ('jt', ctypes.c_ubyte), ('jf', ctypes.c_ubyte), ('k', ctypes.c_uint)]


class SockFprog(ctypes.Structure):
    _fields_ = [('len', ctypes.c_ushort), ('filter', ctypes.POINTER(SockFilter))]


def forbid_io_uring(error):
    load_number = SockFilter(0x20, 0, 0, 0)
    is_setup = SockFilter(0x15, 0, 1, 425)
    refuse = SockFilter(0x06, 0, 0, 0x00050000 | error)
    allow = SockFilter(0x06, 0, 0, 0x7fff0000)
    program = (SockFilter * 4)(load_number, is_setup, refuse, allow)
    libc = ctypes.CDLL(None, use_errno=True)
    pr_set_seccomp, pr_set_no_new_privs, mode_filter = 22, 38, 2
    assert libc.prctl(pr_set_no_new_privs, 1, 0, 0, 0) == 0
    assert libc.prctl(pr_set_seccomp, mode_filter, ctypes.byref(SockFprog(4, program)), 0, 0) == 0, ctypes.get_errno()


class Forbidden(Broker):
    """A broker to whom io_uring_setup is refused, with the engine left to it."""

    def __init__(self, error, engine):
        self.error, self.engine = error, engine
        super().__init__('--log', 'text')

    def command(self):
        words = super().command()
        words[words.index('--engine') + 1] = self.engine
        return [sys.executable, '-B', __file__, 'forbidden', str(self.error)] + words


@unittest.skipIf(ENGINE != 'epoll', 'it is about falling back to epoll')
class Seccomp(unittest.TestCase):
    def broker(self, error, engine):
        broker = Forbidden(error, engine)
        self.addCleanup(broker.stop)
        return broker

    def test_io_uring_forbidden_means_epoll_with_the_reason_told(self):
        for error in (errno.EPERM, errno.ENOSYS):
            with self.subTest(errno.errorcode[error]):
                broker = self.broker(error, 'auto')
                with broker.sse('/topics/a') as stream:
                    broker.publish('a', 'x')
                    self.assertEqual(stream.event().data, 'x')
                info = re.search(r'^fanfare_engine_info\{engine="(\w+)",reason="([^"]*)"\} 1$',
                                 broker.inside('/metrics').body.decode(), re.MULTILINE)
                self.assertEqual(info[1], 'epoll')
                self.assertIn('io_uring', info[2])
                self.assertRegex(broker.log(), r'epoll')
                self.assertIn(info[2].split(':')[0], broker.log())

    def test_io_uring_demanded_but_forbidden_is_a_failure_that_names_the_cause(self):
        process = subprocess.run(
            [sys.executable, '-B', __file__, 'forbidden', str(errno.EPERM), framework.BINARY, 'serve', '--engine',
             'io_uring', '--listen', '127.0.0.1:0', '--internal', 'off'],
            capture_output=True, timeout=20, env=framework.ENVIRONMENT, check=False)
        self.assertNotEqual(process.returncode, 0)
        self.assertIn(b'io_uring', process.stderr)
        self.assertEqual(process.stdout, b'')


if sys.argv[1:2] == ['forbidden']:
    forbid_io_uring(int(sys.argv[2]))
    os.execv(sys.argv[3], sys.argv[3:])
run()
