# test_unix_socket.py: HTTP and bare lines on one Unix socket; the socket file (protocol 3, issue: the Unix socket).
import json
import os
import pwd
import socket
import stat
import subprocess
import tempfile
import threading

from broker import BINARY, ENGINE, ENVIRONMENT, BrokerTest, run
from wire import Sse, Wire, next_answer, request_bytes


class UnixSocket(BrokerTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix='fanfare-')
        cls.addClassCleanup(folder.cleanup)
        cls.path = os.path.join(folder.name, 'publish.sock')
        cls.listen = ('127.0.0.1:0', f'unix:{cls.path}')
        cls.flags = ('--event-bytes-max', '1000', '--batch-bytes-max', '50kB')
        super().setUpClass()

    def wire(self):
        return Wire(self.path)

    def says(self, *lines):
        """Sends lines; gives the answer to each."""
        with self.wire() as wire:
            wire.send(''.join(line + '\n' for line in lines))
            return [json.loads(wire.line()) for _ in lines]

    def test_it_speaks_http(self):
        with self.wire() as wire:
            for _ in range(2):
                wire.send(request_bytes('POST', '/topics/a', b'x'))
                self.assertEqual(next_answer(wire).status, 200)
        with Sse(self.wire(), '/topics/a?last=1') as stream:
            self.assertEqual(stream.event().data, 'x')

    def test_it_answers_to_any_host(self):
        with self.wire() as wire:
            wire.send(request_bytes('GET', '/topics', None, {'host': 'anything.example'}))
            self.assertEqual(next_answer(wire).status, 200)

    def test_its_first_page_has_commands_for_this_socket(self):
        with self.wire() as wire:
            wire.send(request_bytes('GET', '/'))
            page = next_answer(wire).body.decode()
        self.assertEqual(page.count(f'curl --unix-socket {self.path} '), 3)

    def test_each_line_is_answered_by_its_id_in_order(self):
        with self.broker.sse('/topics/lines') as stream:
            stream.block()
            answers = self.says(*[f'{{"topic":"lines","data":"{i}"}}' for i in range(500)])
            self.assertTrue(all(list(answer) == ['id'] for answer in answers))
            events = stream.events(500)
            self.assertEqual([e.data for e in events], [str(i) for i in range(500)])
            self.assertEqual([e.id for e in events], [answer['id'] for answer in answers])

    def test_each_line_stands_alone(self):
        with self.broker.sse('/topics/alone') as stream:
            stream.block()
            answers = self.says('{"topic":"alone","data":"1"}', '{"topic":"alone"}', '{nonsense',
                                '{"topic":"$x","data":1}', '{"topic":"alone","data":"2"}')
            self.assertEqual([answer.get('status') for answer in answers], [None, 400, 400, 403, None])
            for problem in answers[1:4]:
                self.assertEqual(list(problem)[:4], ['type', 'title', 'status', 'detail'])
                self.assertNotIn('line', problem)
            self.assertEqual([e.data for e in stream.events(2)], ['1', '2'])

    def test_later_lines_need_not_begin_with_a_brace(self):
        answers = self.says('{"topic":"a","data":1}', 'nonsense', '[1]', '{"topic":"a","data":1}')
        self.assertEqual([answer.get('status') for answer in answers], [None, 400, 400, None])

    def test_keys_and_lists_work_as_in_http(self):
        first, second, other = self.says('{"topic":["u/1","u/2"],"data":1,"key":"k"}',
                                         '{"topic":["u/1","u/2"],"data":1,"key":"k"}',
                                         '{"topic":["u/1","u/2"],"data":2,"key":"k"}')
        self.assertEqual(first['id'], second['id'])
        self.assertEqual(other['status'], 422)

    def test_what_has_no_line_end_is_not_published(self):
        with self.broker.sse('/topics/half') as stream:
            stream.block()
            with self.wire() as wire:
                wire.send('{"topic":"half","data":"whole"}\n{"topic":"half","data":"half"}')
                wire.socket.shutdown(socket.SHUT_WR)
                self.assertIn('id', json.loads(wire.line()))
                self.assertTrue(wire.is_closed())
            self.broker.publish('half', b'end')
            self.assertEqual([e.data for e in stream.events(2)], ['whole', 'end'])

    def test_a_publisher_that_ends_gets_all_its_answers(self):
        with self.wire() as wire:
            wire.send('{"topic":"a","data":1}\n' * 9000)
            wire.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(wire.rest().count(b'"id"'), 9000)

    def test_an_over_long_line_gets_413_and_the_end(self):
        for line in ('{"topic":"a","data":"' + 'x' * 60_000 + '"}\n', '{"topic":"a","data":"' + 'x' * 200_000,
                     '{"topic":"a","data":"' + 'x' * 2000 + '"}\n'):
            with self.wire() as wire:
                wire.send('{"topic":"a","data":1}\n' + line)
                self.assertIn('id', json.loads(wire.line()))
                problem = json.loads(wire.line())
                self.assertEqual(problem['status'], 413)
                self.assertTrue(wire.is_closed())

    def test_a_first_byte_of_neither_kind_gets_one_error_line(self):
        for first in ('x', '[', ' ', '\n', '\x16\x03', '"', 'g'):
            with self.wire() as wire:
                wire.send(first + 'ET / HTTP/1.1\r\n\r\n')
                problem = json.loads(wire.line())
                self.assertEqual(list(problem), ['type', 'title', 'status', 'detail'])
                self.assertEqual(problem['status'], 400)
                self.assertTrue(wire.is_closed())

    def test_unread_answers_stop_the_reading(self):
        with self.wire() as wire:
            wire.socket.settimeout(2)
            sent, lines = 0, b'{"topic":"a","data":1}\n' * 1000
            with self.assertRaises(TimeoutError):
                while sent < 200_000_000:
                    wire.send(lines)
                    sent += len(lines)
            wire.socket.settimeout(15)
            self.assertIn('id', json.loads(wire.line()))  # and go on when they are read

    def test_many_publishers_at_once(self):
        counts = []

        def publish():
            with self.wire() as wire:
                wire.send('{"topic":"many","data":1}\n' * 1000)
                counts.append(sum('id' in json.loads(wire.line()) for _ in range(1000)))
        threads = [threading.Thread(target=publish) for _ in range(8)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        self.assertEqual(counts, [1000] * 8)


class SocketFile(BrokerTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='fanfare-')
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, 's.sock')

    def serve(self, *flags):
        return self.a_broker(*flags, listen=(f'unix:{self.path}',))

    def refusal(self, *flags):
        words = [BINARY, 'serve', '--engine', ENGINE, '--internal', 'off', '--listen', f'unix:{self.path}', *flags]
        done = subprocess.run(words, capture_output=True, text=True, env=ENVIRONMENT, timeout=20)
        return done.returncode, done.stderr

    def test_the_ready_line_names_it_and_it_goes_at_the_end(self):
        broker = self.serve()
        self.assertEqual(broker.sockets, [self.path])
        broker.stop()
        self.assertFalse(os.path.exists(self.path))

    def test_its_mode_and_owner_can_be_set(self):
        self.serve('--socket-mode', '0660').stop()
        user = pwd.getpwuid(os.getuid()).pw_name
        broker = self.serve('--socket-mode', '0620', '--socket-owner', f'{user}:{os.getgid()}')
        status = os.stat(self.path)
        self.assertEqual(stat.S_IMODE(status.st_mode), 0o620)
        self.assertEqual((status.st_uid, status.st_gid), (os.getuid(), os.getgid()))
        broker.stop()
        code, said = self.refusal('--socket-owner', 'no-such-user:nobody')
        self.assertIn('no-such-user', said)
        self.assertIn(code, (1, 2))

    def test_a_stale_file_is_replaced(self):
        stale = socket.socket(socket.AF_UNIX)
        stale.bind(self.path)
        stale.close()
        self.serve()
        with Wire(self.path) as wire:
            wire.send('{"topic":"a","data":1}\n')
            self.assertIn('id', json.loads(wire.line()))

    def test_after_a_kill_it_starts_again(self):
        broker = self.a_broker(listen=('127.0.0.1:0', f'unix:{self.path}'))
        broker.kill()
        self.assertTrue(os.path.exists(self.path))
        self.serve()

    def test_a_live_one_never_is(self):
        broker = self.serve()
        code, said = self.refusal()
        self.assertEqual(code, 1)
        self.assertIn(self.path, said)
        self.assertIn('in use', said)
        with Wire(self.path) as wire:
            wire.send('{"topic":"a","data":1}\n')
            self.assertIn('id', json.loads(wire.line()))
        self.assertTrue(broker.stop())

    def test_a_file_that_is_no_socket_is_left_alone(self):
        with open(self.path, 'w', encoding='utf-8') as file:
            file.write('precious')
        code, said = self.refusal()
        self.assertEqual(code, 1)
        self.assertIn(self.path, said)
        with open(self.path, encoding='utf-8') as file:
            self.assertEqual(file.read(), 'precious')

    def test_a_folder_that_is_not_there_is_named(self):
        self.path = '/nonexistent/folder/s.sock'
        code, said = self.refusal()
        self.assertEqual(code, 1)
        self.assertIn('/nonexistent/folder', said)


if __name__ == '__main__':
    run()
