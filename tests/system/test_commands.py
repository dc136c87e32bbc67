# test_commands.py: fanfare pub, sub, check, preflight and healthcheck, as people and scripts use them (protocol 9).
import json
import os
import re
import signal
import subprocess
import tempfile
import time

from broker import BINARY, ENVIRONMENT, BrokerTest, run, until


def fanfare(*words, input=None, timeout=20):
    return subprocess.run([BINARY, *words], input=input, capture_output=True,
                          text=True, env=ENVIRONMENT, timeout=timeout)


class Reader:
    """A `fanfare sub` under way; what it says goes to two files."""

    def __init__(self, test, *words):
        self.out, self.err = (tempfile.NamedTemporaryFile('r') for _ in range(2))
        with open(self.out.name, 'wb') as out, open(self.err.name, 'wb') as err:
            self.process = subprocess.Popen([BINARY, 'sub', *words], stdout=out, stderr=err, env=ENVIRONMENT)
        test.addCleanup(self.end)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.out.close(), self.err.close()

    def printed(self):
        with open(self.out.name, encoding='utf-8') as file:
            return file.read()

    def said(self):
        with open(self.err.name, encoding='utf-8') as file:
            return file.read()


class PubAndSub(BrokerTest):
    def url(self, broker=None):
        return f'--url=http://127.0.0.1:{(broker or self.broker).port}'

    def reading(self, *words, broker=None):
        broker = broker or self.broker

        def streams():  # by their ids: counters are shown a turn late, and another's may be the one that rises
            return {row['id'] for row in broker.inside('/streamz?limit=1000').json()['streams']}
        before = streams()
        reader = Reader(self, self.url(broker), *words)
        until('it reads', lambda: streams() - before or reader.said())
        return reader

    def test_each_line_of_pub_is_an_event_without_its_line_end(self):
        with self.broker.sse('/topics/logs/access') as stream:
            stream.block()
            done = fanfare('pub', self.url(), '--event', 'line', 'logs/access', input='one\n\ntwo\r\nthr\u00e9e')
            self.assertEqual(done.returncode, 0, done.stderr)
            events = stream.events(4)
            self.assertEqual([e.event for e in events], ['line'] * 4)
            self.assertEqual([e.data for e in events], ['one', '', 'two', 'thr\u00e9e'])

    def test_pub_sends_each_line_as_it_comes(self):
        with self.broker.sse('/topics/live') as stream:
            stream.block()
            process = subprocess.Popen([BINARY, 'pub', self.url(), 'live'],
                                       stdin=subprocess.PIPE, text=True, env=ENVIRONMENT)
            for i in range(3):
                process.stdin.write(f'{i}\n')
                process.stdin.flush()
                self.assertEqual(stream.event().data, str(i))
            process.stdin.close()
            self.assertEqual(process.wait(10), 0)

    def test_pub_says_what_is_wrong(self):
        for words, said in ((('a/',), None), (('a*/**/b',), '**'), (('$x',), '$'), (('',), 'empty topic')):
            done = fanfare('pub', self.url(), *words, input='x\n')
            if said:
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(said, done.stderr)
        done = fanfare('pub', '--url=http://127.0.0.1:1', 'a', input='')
        self.assertEqual(done.returncode, 0)
        self.assertEqual(fanfare('pub', input='x').returncode, 2)
        self.assertEqual(fanfare('pub', '--nonsense', 'a', input='x').returncode, 2)

    def test_pub_checks_json(self):
        done = fanfare('pub', self.url(), '--json', 'a', input='{"a":1}\nnonsense\n[2]\n')
        self.assertEqual(done.returncode, 1)
        self.assertIn('2', done.stderr)

    def test_pub_sends_many_lines_fast_and_whole(self):
        done = fanfare('pub', self.url(), 'bulk', input=''.join(f'{i}\n' for i in range(20000)))
        self.assertEqual(done.returncode, 0, done.stderr)
        with self.broker.sse('/topics/bulk?last=3') as stream:
            self.assertEqual([e.data for e in stream.events(3)], ['19997', '19998', '19999'])

    def test_pub_over_the_unix_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 's')
            broker = self.a_broker(listen=('127.0.0.1:0', f'unix:{path}'))
            self.assertEqual(fanfare('pub', '--socket', path, 'a', input='x\n').returncode, 0)
            with broker.sse('/topics/a?last=1') as stream:
                self.assertEqual(stream.event().data, 'x')

    def test_sub_prints_data(self):
        reader = self.reading('a/*', 'b')
        self.broker.publish('a/1', b'one\ntwo')
        self.broker.publish('b', b'three')
        until('it has printed', lambda: reader.printed() == 'one\ntwo\nthree\n')

    def test_sub_prints_lines_of_json(self):
        reader = self.reading('--json', 'j')
        id = self.broker.publish('j', b'{"n": 1}', '?event=t', content_type='application/json')
        until('it has printed', lambda: reader.printed().endswith('\n'))
        self.assertEqual(json.loads(reader.printed()), {'id': id, 'topic': 'j', 'event': 't', 'data': {'n': 1}})

    def test_sub_starts_where_it_is_told(self):
        ids = [self.broker.publish('where', b'%d' % i) for i in range(4)]
        for words, text in ((('--last', '2'), '2\n3\n'), (('--since', 'earliest'),
                            '0\n1\n2\n3\n'), (('--last-event-id', ids[2]), '3\n')):
            reader = self.reading(*words, 'where')
            until('it has printed', lambda: reader.printed() == text)

    def test_sub_ends_quietly_when_asked(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            reader = self.reading('a')
            reader.process.send_signal(number)
            self.assertEqual(reader.process.wait(10), 0)

    def test_sub_resumes_by_itself_and_says_so(self):
        broker = self.a_broker('--retry', '100ms')
        reader = self.reading('cut', broker=broker)
        broker.publish('cut', b'1')
        until('it has printed', lambda: reader.printed() == '1\n')
        id = re.search(r'"id":"([^.]+)', broker.inside('/streamz').body.decode())[1]
        self.assertEqual(len(id), 8)
        broker.signal(signal.SIGTERM)
        self.assertEqual(broker.ended(), 0)
        until('it is said', lambda: 'going down' in reader.said())
        broker.listen = (f'127.0.0.1:{broker.port}',)
        broker.start()
        until('it is told of the gap', lambda: 'gap: ' in reader.said())
        broker.publish('cut', b'2')
        until('it has printed', lambda: reader.printed() == '1\n2\n')

    def test_sub_tells_a_gap_with_what_was_lost(self):
        broker = self.a_broker('--history-age', '5m', '--history-events', '2')
        id = broker.publish('chat', b'0')
        time.sleep(1.2)
        kept = [broker.publish('chat', b'%d' % i) for i in range(1, 6)][3]
        reader = self.reading('--last-event-id', id, 'chat', broker=broker)
        until('it has printed', lambda: reader.printed() == '4\n5\n')
        self.assertRegex(reader.said(),
                         rf'gap: events on chat after {id} were no longer kept \(history 5m\); continuing at {kept}\n')

    def test_sub_says_why_it_cannot(self):
        done = fanfare('sub', self.url(), 'a*b')
        self.assertEqual(done.returncode, 1)
        self.assertIn('a*b', done.stderr)
        done = fanfare('sub', '--url=http://127.0.0.1:1', 'a')
        self.assertEqual(done.returncode, 1)
        self.assertIn('cannot reach http://127.0.0.1:1', done.stderr)
        self.assertEqual(fanfare('sub').returncode, 2)
        self.assertEqual(fanfare('sub', self.url(), '--since', 'yesterday', 'a').returncode, 1)

    def test_healthcheck(self):
        url = f'--url=http://127.0.0.1:{self.broker.internal_port}/readyz'
        self.assertEqual(fanfare('healthcheck', url).returncode, 0)
        done = fanfare('healthcheck', '--url=http://127.0.0.1:1/readyz')
        self.assertEqual(done.returncode, 1)
        broker = self.a_broker('--drain', '20s')
        streams = [broker.sse('/topics/a') for _ in range(5)]
        broker.signal(signal.SIGTERM)
        until('it is not ready', lambda: broker.inside('/readyz').status == 503)
        self.assertEqual(fanfare('healthcheck', f'--url=http://127.0.0.1:{broker.internal_port}').returncode, 1)
        [stream.close() for stream in streams]


class Checking(BrokerTest):
    def check(self, toml, *words):
        with tempfile.NamedTemporaryFile('w', suffix='.toml') as file:
            file.write(toml)
            file.flush()
            return fanfare('check', '--config', file.name, *words)

    def test_check_prints_every_setting_and_where_it_is_from(self):
        done = self.check('retain = 7\n', '--workers', '3')
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r'retain +7 +\S*\.toml')
        self.assertRegex(done.stdout, r'workers +3 +--workers')
        self.assertRegex(done.stdout, r'heartbeat +15s +default')

    def test_check_prints_the_policy_of_a_topic(self):
        toml = '[[topic]]\nmatch = "gen/**"\nretain = 3\nlag = "skip"\n[[topic]]\nmatch = "**"\nretain = 5\n'
        done = self.check(toml, '--topic', 'gen/1')
        self.assertIn('gen/**', done.stdout)
        self.assertRegex(done.stdout, r'retain +3')
        self.assertRegex(self.check(toml, '--topic', 'other').stdout, r'retain +5')
        self.assertEqual(self.check(toml, '--topic', 'gen/').returncode in (0, 2), True)
        self.assertEqual(self.check(toml, '--topic', 'a/*').returncode, 2)

    def test_check_refuses_what_is_wrong(self):
        done = self.check('listne = "x"\n')
        self.assertEqual(done.returncode, 2)
        self.assertIn('listne', done.stderr)
        self.assertIn('listen', done.stderr)

    def test_preflight_compares_and_advises(self):
        done = fanfare('preflight')
        self.assertIn(done.returncode, (0, 1))
        for word in ('nofile', 'somaxconn', 'tcp_mem', 'memory', 'cores', 'io_uring'):
            self.assertIn(word, done.stdout)

    def test_help_and_version_of_the_command_line(self):
        for words in (('--help',), ('serve', '--help'), ('pub', '--help'), ('sub', '-h')):
            done = fanfare(*words)
            self.assertEqual((done.returncode, done.stderr), (0, ''))
            self.assertIn('fanfare', done.stdout)
        done = fanfare()
        self.assertEqual(done.returncode, 2)
        done = fanfare('sreve')
        self.assertEqual(done.returncode, 2)
        self.assertIn('serve', done.stderr)


if __name__ == '__main__':
    run()
