# broker.py: a broker of one's own for a test, started on ports of the kernel's choice, always ended.
#
# FANFARE_BINARY names the broker, FANFARE_ENGINE what it runs on (epoll, io_uring). Everything here is the standard
# library over raw sockets (wire.py), so that a test says exactly which bytes it sends and sees which bytes come back.
import atexit
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from wire import Lines, Sse, Wire, next_answer, request_bytes

START_TIMEOUT_S = 20
WAIT_TIMEOUT_S = 15

# The broker takes FANFARE_... as settings and refuses names that are none: the suite's own are not for it.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith('FANFARE_')}
BINARY = os.environ.get('FANFARE_BINARY', 'build/dev/fanfare')
ENGINE = os.environ.get('FANFARE_ENGINE', 'epoll')
# A sanitizer keeps what is freed for a while: how much memory is in use is not asked then.
SANITIZED = os.environ.get('FANFARE_SANITIZED', '')

_running = set()


@atexit.register
def _end_all():
    for process in list(_running):
        process.kill()


def until(what, condition, timeout=WAIT_TIMEOUT_S):
    """Waits for a condition rather than for a time; gives back what made it true."""
    end = time.monotonic() + timeout
    while True:
        last = condition()
        if last:
            return last
        if time.monotonic() > end:
            raise AssertionError(f'waited in vain until {what}; saw {last!r}')
        time.sleep(0.01)


class Broker:
    """`flags` are added to `fanfare serve`; `toml` becomes its --config file; `nofile` its descriptor limit."""

    def __init__(self, *flags, listen=('127.0.0.1:0',), internal='127.0.0.1:0', toml=None, nofile=None,
                 start=True):
        self.flags, self.listen, self.internal_flag, self.nofile = flags, listen, internal, nofile
        self.folder = tempfile.TemporaryDirectory(prefix='fanfare-')
        self.log_path = os.path.join(self.folder.name, 'log')
        self.toml_path = os.path.join(self.folder.name, 'fanfare.toml')
        if toml is not None:
            self.write_toml(toml)
        self.process = None
        if start:
            self.start()

    def write_toml(self, text):
        with open(self.toml_path, 'w', encoding='utf-8') as file:
            file.write(text)

    def command(self):
        words = [BINARY, 'serve', '--engine', ENGINE, '--internal', self.internal_flag]
        for address in self.listen:
            words += ['--listen', address]
        if os.path.exists(self.toml_path):
            words += ['--config', self.toml_path]
        if not any(flag.startswith('--workers') for flag in self.flags):
            words += ['--workers', '2']
        words += self.flags
        if self.nofile:
            words = ['sh', '-c', f'ulimit -n {self.nofile}; exec "$0" "$@"'] + words
        return words

    def start(self):
        """Returns when the ready line has come."""
        log = open(self.log_path, 'ab')
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=log, env=ENVIRONMENT)
        log.close()
        _running.add(self.process)
        os.set_blocking(self.process.stdout.fileno(), False)
        said = b''
        end = time.monotonic() + START_TIMEOUT_S
        while b'\n' not in said:
            said += self.process.stdout.read() or b''
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f'no ready line, but {said!r}, exit {self.process.poll()}:\n{self.log()}')
            time.sleep(0.005)
        self.ready_line = said.decode().splitlines()[0]
        assert self.ready_line.startswith('ready'), self.ready_line
        urls = [word for word in self.ready_line.split()[1:] if word.startswith('http://')]
        self.urls = urls
        self.port = int(urls[0].rsplit(':', 1)[1]) if urls else None
        inside = re.search(r'internal=http://(\S+):(\d+)', self.ready_line)
        self.internal_port = int(inside[2]) if inside else None
        self.sockets = [word[5:] for word in self.ready_line.split() if word.startswith('unix:')]

    def log(self):
        with open(self.log_path, encoding='utf-8', errors='replace') as file:
            return file.read()

    def signal(self, number):
        self.process.send_signal(number)

    def ended(self, timeout=WAIT_TIMEOUT_S):
        """Waits for the end; gives its exit code."""
        code = self.process.wait(timeout)
        _running.discard(self.process)
        self.process.stdout.close()
        return code

    def kill(self):
        self.process.kill()
        self.ended()

    def restart(self):
        """Dies without a word and comes back at the same port with nothing of its history."""
        self.kill()
        self.start_again()

    def start_again(self):
        """At the port of the one that was killed."""
        self.listen = (f'127.0.0.1:{self.port}',)
        self.start()

    def stop(self):
        """Ends it; says whether it still ran, so that a crash in a test is not overlooked."""
        alive = self.process is not None and self.process.poll() is None
        if alive:
            for _ in range(100):
                # The second ends it at once; one that comes before the first is taken would be lost in it.
                self.signal(signal.SIGTERM)
                try:
                    self.ended(0.1)
                    break
                except subprocess.TimeoutExpired:
                    pass
            else:
                self.kill()
                self.folder.cleanup()
                raise AssertionError('SIGTERM again and again did not end the broker')
        self.folder.cleanup()
        return alive

    def memory_bytes(self):
        if SANITIZED:
            return 0
        with open(f'/proc/{self.process.pid}/statm', encoding='ascii') as file:
            return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')

    # Speaking to it.

    def wire(self, timeout=WAIT_TIMEOUT_S, port=None, **options):
        return Wire(('127.0.0.1', port or self.port), timeout, **options)

    def ask(self, method, target, body=None, port=None, **fields):
        """One request on a connection of its own. Fields: content_type='text/plain'."""
        with self.wire(port=port) as wire:
            wire.send(request_bytes(method, target, body, fields))
            return next_answer(wire, method)

    def inside(self, target, method='GET', **fields):
        return self.ask(method, target, port=self.internal_port, **fields)

    def publish(self, topic, data=b'', query='', **fields):
        """Publishes and gives the id."""
        answer = self.ask('POST', f'/topics/{topic}{query}', data, **fields)
        assert answer.status == 200, f'{answer.status} {answer.body}'
        return answer.json()['id']

    def sse(self, target, port=None, **fields):
        return Sse(self.wire(port=port), target, fields)

    def lines(self, target, **fields):
        return Lines(self.wire(), target, {'accept': 'application/x-ndjson', **fields})

    def metric(self, name):
        """The sum over all workers."""
        text = self.inside('/metrics').body.decode()
        rows = re.findall(rf'^{name}(?:{{[^}}]*}})? (\S+)$', text, re.MULTILINE)
        assert rows, f'no metric {name}'
        return sum(float(row) for row in rows)


class BrokerTest(unittest.TestCase):
    """Tests that share one broker: `flags`, `toml`, `listen` of the class say which."""
    flags, toml, listen = (), None, ('127.0.0.1:0',)
    options = {}

    @classmethod
    def setUpClass(cls):
        cls.broker = Broker(*cls.flags, toml=cls.toml, listen=cls.listen, **cls.options)
        cls.addClassCleanup(cls._stop)

    @classmethod
    def _stop(cls):
        broker = cls.broker
        log = broker.log()
        assert broker.stop(), f'the broker died under test:\n{log[-3000:]}'

    def a_broker(self, *flags, **options):
        """One for this test alone."""
        broker = Broker(*flags, **options)
        self.addCleanup(broker.stop)
        return broker

    def is_problem(self, answer, status, *words, **members):
        """A refusal in the form of problem+json whose detail names `words`."""
        self.assertEqual(answer.status, status, answer.body)
        self.assertEqual(answer.field('content-type').split(';')[0], 'application/problem+json')
        problem = answer.json()
        self.assertEqual(problem['status'], status)
        self.assertTrue(problem['title'])
        self.assertRegex(problem['type'], r'^(https?://[^/]+)?/problems/[a-z0-9-]+$')
        for word in words:
            self.assertIn(word, problem['detail'])
        for name, value in members.items():
            self.assertEqual(problem.get(name), value, problem)
        return problem


def run():
    """Runs the tests of the calling file; 77 tells ctest that this engine cannot be had here."""
    if ENGINE != 'epoll':
        try:
            Broker().stop()
        except AssertionError as refusal:
            print(f'skipped: the engine {ENGINE} cannot be had here: {refusal}')
            sys.exit(77)
    unittest.main(verbosity=2)
