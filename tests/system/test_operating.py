# test_operating.py: the internal listener, the first page, lists, problems (protocol 9).
import json
import re

from broker import ENGINE, BrokerTest, run, until
from test_access import secret


class Internal(BrokerTest):
    def test_livez_and_readyz_are_200(self):
        for path in ('/livez', '/readyz'):
            self.assertEqual(self.broker.inside(path).status, 200)
            self.assertEqual(self.broker.inside(path, 'HEAD').status, 200)

    def test_metrics_are_prometheus_text(self):
        self.broker.publish('a', b'x')
        answer = self.broker.inside('/metrics')
        self.assertTrue(answer.field('content-type').startswith('text/plain; version=0.0.4'))
        text = answer.body.decode()
        names, typed = set(), set()
        for line in text.splitlines():
            if line.startswith('# TYPE '):
                typed.add(line.split()[2])
            elif not line.startswith('#'):
                row = re.fullmatch(r'([a-z_]+)(\{([a-z]+="[^"\n]*",?)*\})? -?[0-9.e+]+', line)
                self.assertTrue(row, line)
                names.add(row[1])
        self.assertEqual(names - typed, set())
        for name in names:
            self.assertTrue(name.startswith(('fanfare_', 'process_')), name)
        self.assertLessEqual({'fanfare_events_published_total', 'fanfare_events_delivered_total', 'fanfare_streams',
                              'fanfare_engine_info', 'process_open_fds', 'process_resident_memory_bytes'}, names)
        self.assertRegex(text, rf'fanfare_engine_info{{engine="{ENGINE}",reason="[^"]+"}} 1')

    def test_events_and_streams_are_counted(self):
        published = self.broker.metric('fanfare_events_published_total')
        delivered = self.broker.metric('fanfare_events_delivered_total')
        with self.broker.sse('/topics/count') as one, self.broker.sse('/topics/count') as two:
            one.block(), two.block()
            until('two streams are counted', lambda: self.broker.metric('fanfare_streams') >= 2)
            [self.broker.publish('count', b'x') for _ in range(5)]
            one.events(5), two.events(5)
            until('they are counted', lambda: self.broker.metric('fanfare_events_published_total') == published + 5)
            until('they are counted', lambda: self.broker.metric('fanfare_events_delivered_total') == delivered + 10)
        until('they have gone', lambda: self.broker.metric('fanfare_streams') == 0)

    def test_statz_is_json(self):
        answer = self.broker.inside('/statz')
        self.assertEqual(answer.field('content-type'), 'application/json')
        self.assertEqual((answer.json()['engine'], len(answer.json()['workers'])), (ENGINE, 2))

    def test_streamz_is_a_paged_list_without_whole_ids(self):
        streams = [self.broker.sse('/topics/list') for _ in range(5)]
        try:
            [stream.block() for stream in streams]
            answer = self.broker.inside('/streamz?limit=2')
            listed = answer.json()
            self.assertEqual((listed['count'], len(listed['streams']), listed['more']), (5, 2, True))
            for stream in streams:
                self.assertNotIn(stream.stream_id, self.broker.inside('/streamz').body.decode())
            shown = {row['id'].rstrip('.') for row in self.broker.inside('/streamz').json()['streams']}
            self.assertEqual(shown, {stream.stream_id[:8] for stream in streams})
            seen = set()
            after = ''
            for left in range(4, -1, -1):
                page = self.broker.inside(f'/streamz?limit=1&after={after}').json()
                self.assertEqual((len(page['streams']), page['more']), (1, left > 0))
                seen.add(page['streams'][0]['id'])
                after = page.get('next')
            self.assertEqual(seen, {stream.stream_id[:8] + '...' for stream in streams})
        finally:
            [stream.close() for stream in streams]
        self.is_problem(self.broker.inside('/streamz?limit=x'), 400, 'limit')

    def test_the_public_listener_has_none_of_these(self):
        for path in ('/livez', '/readyz', '/metrics', '/statz', '/streamz'):
            self.is_problem(self.broker.ask('GET', path), 404)

    def test_the_internal_listener_has_no_topics(self):
        self.is_problem(self.broker.inside('/topics/a'), 404, '/metrics')
        self.is_problem(self.broker.inside('/topics/a', 'POST'), 405)

    def test_its_problems_have_pages_too(self):
        problem = self.broker.inside('/nothing').json()
        self.assertEqual(self.broker.inside(problem['type']).status, 200)

    def test_it_can_be_off_and_it_can_be_anywhere(self):
        broker = self.a_broker(internal='off')
        self.assertNotIn('internal=', broker.ready_line)
        broker = self.a_broker(internal='0.0.0.0:0')
        self.assertEqual(broker.inside('/metrics').status, 200)
        self.assertEqual(broker.inside('/livez', host='10.1.2.3:8081').status, 200)
        for path in ('/statz', '/streamz'):
            self.is_problem(broker.inside(path), 401, 'key')


class Front(BrokerTest):
    def test_curl_gets_ten_lines_with_this_brokers_address(self):
        host = f'127.0.0.1:{self.broker.port}'
        for accept in (None, '*/*'):
            answer = self.broker.ask('GET', '/', host=host, accept=accept)
            self.assertEqual((answer.status, answer.field('content-type')), (200, 'text/plain; charset=utf-8'))
            lines = answer.body.decode().splitlines()
            self.assertEqual(len(lines), 10)
            commands = [line for line in lines if 'curl ' in line]
            self.assertEqual(len(commands), 3)
            self.assertTrue(all(f'http://{host}/' in command for command in commands), commands)

    def test_the_address_is_real_even_if_the_request_names_none(self):
        for head in ('GET / HTTP/1.0\r\n\r\n', 'GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n'):
            with self.broker.wire() as wire:
                wire.send(head)
                self.assertIn(f':{self.broker.port}/topics/'.encode(), wire.rest())

    def test_a_browser_gets_the_page(self):
        accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
        answer = self.broker.ask('GET', '/', accept=accept)
        self.assertEqual((answer.status, answer.field('content-type')), (200, 'text/html; charset=utf-8'))
        self.assertIn(b'EventSource', answer.body + b''.join(
            self.broker.ask('GET', path.decode()).body for path in re.findall(rb'src="(/[^"]+\.js)"', answer.body)))
        self.assertIn('Accept', answer.field('vary'))
        for path in re.findall(rb'(?:src|href)="(/pages/[^"]+)"', answer.body):
            self.assertEqual(self.broker.ask('GET', path.decode()).status, 200, path)
        topic = self.broker.ask('GET', '/topics/a', accept=accept)
        self.assertEqual((topic.status, topic.field('content-type')), (200, 'text/html; charset=utf-8'))

    def test_pages_off_makes_pages_404(self):
        broker = self.a_broker('--pages', 'off')
        self.is_problem(broker.ask('GET', '/', accept='text/html'), 404)
        self.is_problem(broker.ask('GET', '/pages/page.js'), 404)
        self.assertEqual(broker.ask('GET', '/').status, 200)  # the ten lines are no page

    def test_pages_can_be_on_with_keys(self):
        broker = self.a_broker('--pages', 'on', '--publish-key', secret('publisher'))
        self.assertEqual(broker.ask('GET', '/', accept='text/html').status, 200)

    def test_topics_are_listed(self):
        for topic in ('list/b', 'list/a', 'zed "quoted"'):
            self.broker.publish(topic.replace(' ', '%20').replace('"', '%22'), b'x')
        answer = self.broker.ask('GET', '/topics')
        listed = answer.json()
        self.assertEqual(answer.field('content-type'), 'application/json')
        self.assertEqual([row['topic'] for row in listed['topics']], ['list/a', 'list/b', 'zed "quoted"'])
        self.assertEqual((listed['count'], listed['more']), (3, False))
        page = self.broker.ask('GET', '/topics?limit=1&after=list/a').json()
        self.assertEqual(([row['topic'] for row in page['topics']], page['more']), (['list/b'], True))
        self.is_problem(self.broker.ask('GET', '/topics?limit=0'), 400, 'limit')
        self.is_problem(self.broker.ask('GET', '/topics?offset=1'), 400, 'offset')

    def test_every_problem_has_a_page_that_says_what_to_change(self):
        for method, target, body, fields in (('GET', '/nothing', None, {}), ('POST', '/topics/a?x', b'', {}),
                                             ('POST', '/events', b'[]', {'content_type': 'application/json'}),
                                             ('DELETE', '/events', None, {}),
                                             ('GET', '/topics/a', None, {'accept': 'x/y'})):
            problem = self.broker.ask(method, target, body, **fields).json()
            answer = self.broker.ask('GET', problem['type'])
            self.assertEqual(answer.status, 200)
            self.assertIn(problem['title'], answer.body.decode())

    def test_an_unknown_path_says_where_topics_are(self):
        self.is_problem(self.broker.ask('GET', '/nothing'), 404, '/topics/')
        self.is_problem(self.broker.ask('POST', '/publish', b'x'), 404, '/topics/')
        json.loads(self.broker.ask('GET', '/topic/a').body)


if __name__ == '__main__':
    run()
