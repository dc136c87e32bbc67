# test_process.py: starting, reloading and ending: the ready line, exit codes, messages, signals (protocol 9).
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time

from broker import BINARY, ENGINE, ENVIRONMENT, BrokerTest, run, until
from wire import Wire, next_answer, request_bytes


def serve(*flags, env=None):
    """One that is expected to fail: its exit code and what it said."""
    words = [BINARY, 'serve', *flags]
    done = subprocess.run(words, capture_output=True, text=True, env={**ENVIRONMENT, **(env or {})}, timeout=20)
    return done.returncode, done.stderr


class Starting(BrokerTest):
    def test_the_ready_line_names_every_address(self):
        with tempfile.TemporaryDirectory() as folder:
            broker = self.a_broker(listen=('127.0.0.1:0', '[::1]:0', f'unix:{folder}/s'))
            self.assertRegex(broker.ready_line, rf'^ready http://127\.0\.0\.1:[1-9]\d* http://\[::1\]:[1-9]\d* '
                             rf'unix:{folder}/s internal=http://127\.0\.0\.1:[1-9]\d*$')
            self.assertEqual(broker.inside('/readyz').status, 200)
            with Wire(('::1', int(broker.urls[1].rsplit(':', 1)[1]))) as wire:
                wire.send(request_bytes('GET', '/topics', None, {'host': '[::1]'}))
                self.assertEqual(next_answer(wire).status, 200)

    def test_a_port_in_use_is_named_with_its_user(self):
        with socket.socket() as other:
            other.bind(('127.0.0.1', 0))
            other.listen()
            address = f'127.0.0.1:{other.getsockname()[1]}'
            code, said = serve('--listen', address, '--internal', 'off')
            self.assertEqual(code, 1)
            self.assertRegex(said, rf'cannot listen on {address}: in use by \S+ \(pid {os.getpid()}\)\. '
                             r'Try --listen 127\.0\.0\.1:0')

    def test_a_second_broker_on_the_same_address_is_refused(self):
        code, said = serve('--engine', ENGINE, '--listen', f'127.0.0.1:{self.broker.port}', '--internal', 'off')
        self.assertEqual(code, 1)
        self.assertIn(f'in use by fanfare (pid {self.broker.process.pid})', said)
        code, said = serve('--engine', ENGINE, '--listen', '127.0.0.1:0',
                           '--internal', f'127.0.0.1:{self.broker.internal_port}')
        self.assertEqual(code, 1)
        self.assertIn(f'127.0.0.1:{self.broker.internal_port}', said)
        self.assertIn('Try --internal 127.0.0.1:0', said)
        self.assertEqual(self.broker.ask('GET', '/topics').status, 200)

    def test_wrong_usage_is_exit_code_2_and_says_what_to_change(self):
        for flags, words in ((('--nonsense',), ('--nonsense',)), (('--listen', 'nonsense'), ('--listen', 'nonsense')),
                             (('--worker', '2'), ('--worker', '--workers')), (('--workers', 'two'),
                             ('--workers', 'two')),
                             (('--workers', '65'), ('--workers', '64')), (('--history-age', '5'),
                             ('--history-age', '5')),
                             (('--engine', 'kqueue'), ('--engine', 'io_uring')), (('--log', 'xml'), ('--log', 'json')),
                             (('--pages', 'maybe'), ('--pages', 'maybe')), (('--socket-mode', '999'),
                             ('--socket-mode', '999')),
                             (('--config', '/nonexistent.toml'), ('/nonexistent.toml',)),
                             (('--event-bytes-max', '1XB'), ('1XB',)),
                             (('--cors-origin', 'app.example.com'), ('--cors-origin', 'https://')), 
                             (('word',), ('word',)),
                             (('--listen', '127.0.0.1:99999'), ('99999',)), (('--workers',), ('--workers', 'value'))):
            with self.subTest(flags=flags):
                code, said = serve(*flags)
                self.assertEqual(code, 2, said)
                for word in words:
                    self.assertIn(word, said)

    def test_unknown_names_are_errors_everywhere(self):
        code, said = serve(env={'FANFARE_WORKRES': '2'})
        self.assertEqual(code, 2)
        self.assertIn('FANFARE_WORKRES', said)
        self.assertIn('FANFARE_WORKERS', said)
        for text, word in (('wrokers = 2', 'wrokers'), ('workers = "x"', 'workers'),
                           ('[[key]]\nsecret = "x"', 'secret'), ('[[topic]]\nmatch = "a*b"', 'a*b'),
                           ('workers = ', '.toml:1: '), ('[[topic]]\nlag = "cut"', 'match')):
            with tempfile.NamedTemporaryFile('w', suffix='.toml') as file:
                file.write(text + '\n')
                file.flush()
                code, said = serve('--config', file.name)
                self.assertEqual(code, 2, said)
                self.assertIn(word, said)

    def test_flags_win_over_the_environment_over_the_file(self):
        with tempfile.NamedTemporaryFile('w', suffix='.toml') as file:
            file.write('history_events = 1\nretain = 1\nretry = "1s"\n')
            file.flush()
            words = [BINARY, 'check', '--config', file.name, '--history-events', '3']
            env = {**ENVIRONMENT, 'FANFARE_HISTORY_EVENTS': '2', 'FANFARE_RETAIN': '2'}
            done = subprocess.run(words, capture_output=True, text=True, env=env)
        self.assertEqual(done.returncode, 0)
        rows = {line.split()[0]: line.split()[1] for line in done.stdout.splitlines() if len(line.split()) > 2}
        self.assertEqual((rows['history-events'], rows['retain'], rows['retry']), ('3', '2', '1s'))

    def test_the_log_can_be_read_by_machines_and_has_no_line_per_event(self):
        broker = self.a_broker('--log', 'json')
        for i in range(200):
            broker.ask('POST', '/topics/a' if i % 2 else '/topics/', b'x')
        broker.signal(signal.SIGTERM)
        self.assertEqual(broker.ended(), 0)
        records = [json.loads(line) for line in broker.log().splitlines()]
        self.assertLess(len(records), 20)
        started = next(r for r in records if r.get('event') == 'broker.started')
        self.assertEqual(started['engine'], ENGINE)

    def test_the_worst_case_of_memory_is_said_at_the_start(self):
        self.assertIn('memory.budget', self.broker.log())


class Reloading(BrokerTest):
    def test_sighup_takes_new_settings_and_drops_no_stream(self):
        broker = self.a_broker(toml='event_bytes_max = "10"\nworkers = 2\n')
        with broker.sse('/topics/a') as stream:
            stream.block()
            self.assertEqual(broker.ask('POST', '/topics/a', b'x' * 20).status, 413)
            broker.write_toml('event_bytes_max = "100"\nhead_bytes_max = "32KiB"\n')
            broker.signal(signal.SIGHUP)
            until('the new limit holds', lambda: broker.ask('POST', '/topics/a', b'x' * 20).status == 200)
            self.assertEqual(stream.event().data, 'x' * 20)
            until('it is said what a restart needs', lambda: 'head-bytes-max' in broker.log())

    def test_a_broken_file_changes_nothing(self):
        broker = self.a_broker(toml='event_bytes_max = "10"\n')
        broker.write_toml('event_bytes_max = "100"\nnonsense = 1\n')
        broker.signal(signal.SIGHUP)
        until('it is refused', lambda: 'nonsense' in broker.log())
        self.assertEqual(broker.ask('POST', '/topics/a', b'x' * 20).status, 413)
        self.assertEqual(broker.ask('POST', '/topics/a', b'x' * 10).status, 200)

    def test_keys_are_read_again(self):
        with tempfile.NamedTemporaryFile('w') as key:
            def put(secret):
                key.seek(0)
                key.write(secret)
                key.truncate()
                key.flush()
            put('old-secret')
            broker = self.a_broker('--publish-key', key.name)

            def publish(secret):
                return broker.ask('POST', '/topics/a', b'x', authorization=f'Bearer {secret}').status
            self.assertEqual(publish('old-secret'), 200)
            put('new-secret')
            broker.signal(signal.SIGHUP)
            until('the new key holds', lambda: publish('new-secret') == 200)
            self.assertEqual(publish('old-secret'), 401)


class Ending(BrokerTest):
    def test_without_streams_it_ends_at_once_with_0(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            broker = self.a_broker()
            began = time.monotonic()
            broker.signal(number)
            self.assertEqual(broker.ended(), 0)
            self.assertLess(time.monotonic() - began, 3)

    def test_it_drains(self):
        broker = self.a_broker('--drain', '3s')
        streams = [broker.sse('/topics/a') for _ in range(30)]
        [stream.block() for stream in streams]
        broker.signal(signal.SIGTERM)
        began = time.monotonic()
        until('it is not ready', lambda: broker.inside('/readyz').status == 503)
        self.assertEqual(broker.inside('/livez').status, 200)
        answer = broker.ask('GET', '/topics/a')
        self.is_problem(answer, 503, 'shutting down')
        self.assertTrue(answer.field('retry-after').isdigit())
        with broker.sse('/topics/a') as refused:
            self.assertEqual((refused.head.status, refused.event().json()['reason']), (200, 'busy'))
        id = broker.publish('a', b'published while draining')
        closes, moments, datas = [], [], []
        for stream in streams:
            with stream:
                event = stream.block()
                while event.event != 'fanfare.close':
                    datas.append(event.id)
                    event = stream.block()
                closes.append(event)
                self.assertTrue(stream.at_end())
                moments.append(time.monotonic() - began)
        for close in closes:
            self.assertEqual((close.json()['reason'], close.json()['final']), ('drain', False))
            self.assertEqual(close.json()['retry_ms'], int(close.retry))
        self.assertGreater(len({close.retry for close in closes}), 5, 'each has its own retry')
        self.assertGreater(len(datas), 5)
        self.assertEqual(set(datas), {id})
        self.assertEqual(broker.ended(), 0)
        self.assertTrue(1.5 < time.monotonic() - began < 6)

    def test_streams_are_closed_evenly(self):
        broker = self.a_broker('--drain', '2s', '--workers', '1')
        streams = [broker.sse('/topics/a') for _ in range(20)]
        [stream.block() for stream in streams]
        broker.signal(signal.SIGTERM)
        ends = []

        def read_on(stream):
            with stream:
                if stream.event().json()['reason'] == 'drain':
                    ends.append(time.monotonic())
        threads = [threading.Thread(target=read_on, args=(stream,)) for stream in streams]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        self.assertEqual(broker.ended(), 0)
        self.assertEqual(len(ends), 20)
        self.assertGreater(len({round(end, 1) for end in ends}), 8, ends)
        self.assertTrue(1.3 < max(ends) - min(ends) < 3, ends)

    def test_a_second_sigterm_ends_it_at_once(self):
        broker = self.a_broker('--drain', '60s')
        streams = [broker.sse('/topics/a') for _ in range(10)]
        broker.signal(signal.SIGTERM)
        time.sleep(0.3)
        self.assertIsNone(broker.process.poll())
        began = time.monotonic()
        broker.signal(signal.SIGTERM)
        self.assertEqual(broker.ended(), 0)
        self.assertLess(time.monotonic() - began, 2)
        [stream.close() for stream in streams]

    def test_after_a_kill_it_starts_again_on_its_port(self):
        broker = self.a_broker()
        streams = [broker.sse('/topics/a') for _ in range(20)]
        [stream.block() for stream in streams]
        broker.restart()
        self.assertEqual(broker.publish('a', b'x').split('-')[1], '1')
        [stream.close() for stream in streams]

    def test_a_broken_log_does_not_end_it(self):
        words = [BINARY, 'serve', '--engine', ENGINE, '--listen', '127.0.0.1:0', '--internal', 'off']
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
        self.addCleanup(process.kill)
        ready = process.stdout.readline()
        process.stderr.close()
        process.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        with Wire(('127.0.0.1', int(ready.split()[1].rsplit(':', 1)[1]))) as wire:
            wire.send(request_bytes('GET', '/topics'))
            self.assertEqual(next_answer(wire).status, 200)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), 0)
        process.stdout.close()


if __name__ == '__main__':
    run()
