# test_access.py: keys, the anonymous, Origin, Host and CORS (protocol 7, its simple form).
import os
import subprocess
import tempfile

from broker import BINARY, ENGINE, ENVIRONMENT, BrokerTest, run
from wire import Wire, next_answer, next_head, request_bytes

SECRETS = tempfile.TemporaryDirectory(prefix='fanfare-')


def secret(name, text=None):
    path = os.path.join(SECRETS.name, name)
    with open(path, 'w', encoding='utf-8') as file:
        file.write((text if text is not None else f'secret-of-{name}') + '\n')
    return path


def bearer(name):
    return {'authorization': f'Bearer secret-of-{name}'}


class Open(BrokerTest):
    def test_on_loopback_everything_is_allowed(self):
        self.assertEqual(self.broker.ask('POST', '/topics/a', b'x').status, 200)
        with self.broker.sse('/topics/**') as stream:
            self.assertEqual(stream.head.status, 200)
        self.assertEqual(self.broker.ask('POST', '/topics/a', b'x', **bearer('nobody')).status, 200)

    def test_a_loopback_listener_answers_only_loopback_names(self):
        for host in ('localhost', f'localhost:{self.broker.port}', '127.0.0.1', '127.0.0.1:1', '[::1]:80', 'LOCALHOST',
                     'localhost.', 'app.localhost', '127.1.2.3'):
            self.assertEqual(self.broker.ask('GET', '/topics', host=host).status, 200, host)
        for host in ('evil.example', 'evil.example:8080', 'localhost.evil.example', '127.0.0.1.evil.example',
                     '10.0.0.1', '192.168.1.5:80', 'notlocalhost', '0.0.0.0'):
            for method, target, body in (('GET', '/topics', None), ('POST', '/topics/a', b'x'),
                                         ('GET', '/topics/a', None), ('OPTIONS', '/', None)):
                self.is_problem(self.broker.ask(method, target, body, host=host), 421, host.split(':')[0], '--host')

    def test_further_names_can_be_allowed(self):
        broker = self.a_broker('--host', 'broker.test')
        self.assertEqual(broker.ask('GET', '/topics', host='broker.test:8080').status, 200)
        self.assertEqual(broker.ask('GET', '/topics', host='other.test').status, 421)

    def test_a_write_of_another_origin_is_403_whatever_its_credentials(self):
        for origin in ('https://evil.example', 'null', 'http://localhost.evil.example',
                       'https://127.0.0.1.evil.example', 'file://'):
            for method, target in (('POST', '/topics/a'), ('PUT', '/topics/a'),
                                   ('POST', '/events'), ('POST', '/streams/x'), ('DELETE', '/streams/x')):
                answer = self.broker.ask(method, target, b'x', origin=origin, **bearer('x'))
                self.is_problem(answer, 403, origin, '--cors-origin')
                self.assertEqual(answer.field('access-control-allow-origin'), '')

    def test_pages_of_this_machine_may_read_and_write(self):
        for origin in ('http://localhost:3000', 'http://127.0.0.1', 'http://[::1]:5173', 'https://localhost',
                       f'http://localhost:{self.broker.port}'):
            for method, body in (('POST', b'x'), ('HEAD', None), ('GET', None)):
                with self.broker.wire() as wire:
                    wire.send(request_bytes(method, '/topics/a', body, {'origin': origin}))
                    head = next_head(wire)
                self.assertEqual(head.status, 200)
                self.assertEqual(head.field('access-control-allow-origin'), origin)
                self.assertEqual(head.field('access-control-allow-credentials'), 'true')
                exposed = head.field('access-control-expose-headers').lower().split(', ')
                self.assertEqual(sorted(exposed), ['fanfare-last-event-id', 'fanfare-stream', 'retry-after'])

    def test_a_read_of_another_origin_gets_no_permission(self):
        with self.broker.sse('/topics/a', origin='https://evil.example') as stream:
            self.assertEqual(stream.head.field('access-control-allow-origin'), '')

    def test_a_preflight_needs_no_credential(self):
        answer = self.broker.ask('OPTIONS', '/topics/a', origin='http://localhost:3000',
                                 access_control_request_method='PUT',
                                 access_control_request_headers='content-type,ce-mine')
        self.assertEqual((answer.status, answer.body), (204, b''))
        self.assertEqual(answer.field('access-control-allow-origin'), 'http://localhost:3000')
        self.assertEqual(answer.field('access-control-max-age'), '7200')
        methods = answer.field('access-control-allow-methods').split(', ')
        self.assertEqual(sorted(methods), ['DELETE', 'GET', 'HEAD', 'PATCH', 'POST', 'PUT'])
        allowed = answer.field('access-control-allow-headers').lower().split(', ')
        for name in ('authorization', 'content-type', 'last-event-id', 'cache-control', 'idempotency-key',
                     'traceparent', 'ce-id', 'ce-source', 'ce-specversion', 'ce-type', 'ce-mine'):
            self.assertIn(name, allowed)
        self.assertIn('Origin', answer.field('vary'))
        answer = self.broker.ask('OPTIONS', '/topics/a', origin='https://evil.example',
                                 access_control_request_method='PUT')
        self.assertEqual((answer.status, answer.field('access-control-allow-origin')), (204, ''))

    def test_errors_carry_the_permission_too(self):
        for method, target, status in (('POST', '/topics/a?x=1', 400),
                                       ('GET', '/nothing', 404), ('GET', '/topics/', 400)):
            answer = self.broker.ask(method, target, None, origin='http://localhost:3000')
            self.assertEqual((answer.status, answer.field('access-control-allow-origin')),
                             (status, 'http://localhost:3000'))


class Origins(BrokerTest):
    def test_an_allow_list_takes_the_place_of_the_default(self):
        broker = self.a_broker('--cors-origin', 'https://app.example.com', '--cors-origin', 'http://other.test:8080')
        for origin, status in (('https://app.example.com', 200), ('http://other.test:8080', 200),
                               ('https://app.example.com:444', 403),
                               ('http://app.example.com', 403), ('https://evil.example', 403),
                               ('http://localhost:3000', 403),
                               (f'http://localhost:{broker.port}', 403), ('http://localhost', 200)):
            answer = broker.ask('POST', '/topics/a', b'x', origin=origin)
            self.assertEqual(answer.status, status, origin)
            if status == 200 and origin != 'http://localhost':
                self.assertEqual(answer.field('access-control-allow-origin'), origin)

    def test_any_origin_goes_without_credentials(self):
        broker = self.a_broker('--cors-origin', '*')
        answer = broker.ask('POST', '/topics/a', b'x', origin='https://anyone.example')
        self.assertEqual((answer.status, answer.field('access-control-allow-origin')), (200, '*'))
        self.assertEqual(answer.field('access-control-allow-credentials'), '')


class PublishKey(BrokerTest):
    flags = ('--publish-key', secret('publisher'))

    def test_publishing_needs_it_and_reading_stays_free(self):
        answer = self.broker.ask('POST', '/topics/a', b'x')
        self.is_problem(answer, 401, 'Authorization: Bearer')
        self.assertIn('Bearer', answer.field('www-authenticate'))
        self.assertEqual(self.broker.ask('POST', '/topics/a', b'x', **bearer('publisher')).status, 200)
        self.assertEqual(self.broker.ask( 'POST', '/topics/a', b'x', authorization='bearer secret-of-publisher').status,
                         200)
        with self.broker.sse('/topics/a?last=1') as stream:
            self.assertEqual(stream.event().data, 'x')

    def test_a_wrong_key_is_401_even_for_what_is_free(self):
        for value in ('Bearer wrong', 'Bearer secret-of-publishe', 'Bearer secret-of-publisherx'):
            self.is_problem(self.broker.ask('POST', '/topics/a', b'x', authorization=value), 401, 'not known')
            self.is_problem(self.broker.ask('GET', '/topics/a', authorization=value), 401)
        for value in ('Basic c2VjcmV0', 'Bearer', 'secret-of-publisher'):
            self.is_problem(self.broker.ask('POST', '/topics/a', b'x', authorization=value), 401, 'Bearer')

    def test_streams_of_others_need_it(self):
        with self.broker.sse('/topics/a') as stream:
            stream.block()
            target = f'/streams/{stream.stream_id}'
            for method in ('GET', 'POST', 'DELETE'):
                self.assertEqual(self.broker.ask(method, target, b'x' if method == 'POST' else None).status, 401)
            self.assertEqual(self.broker.ask('POST', target, b'x', **bearer('publisher')).status, 202)
            self.assertEqual(stream.event().data, 'x')
            self.assertEqual(self.broker.ask('POST', f'{target}/inbox', b'my voice').status, 200)

    def test_pages_are_off_by_default(self):
        self.assertEqual(self.broker.ask('GET', '/', accept='text/html').status, 404)
        self.assertEqual(self.broker.ask('GET', '/topics/a', accept='text/html').status, 406)

    def test_the_internal_listener_on_loopback_asks_for_nothing(self):
        for path in ('/livez', '/readyz', '/metrics', '/statz', '/streamz'):
            self.assertEqual(self.broker.inside(path).status, 200)
            self.assertEqual(self.broker.inside(path, **bearer('of-prometheus')).status, 200)


class Keys(BrokerTest):
    toml = f'''anonymous = {{subscribe = ["public/**"], publish = ["guestbook"]}}
[[key]]
name = "shop"
secret_file = "{secret('shop')}"
publish = ["orders/*", "stock"]
subscribe = ["**"]
[[key]]
name = "reader"
secret_file = "{secret('reader')}"
subscribe = ["orders/*"]
[[topic]]
match = "news/**"
anonymous = true
'''

    def publishes(self, topic, *who):
        return self.broker.ask('POST', f'/topics/{topic}', b'x', **(bearer(*who) if who else {})).status

    def reads(self, target, *who):
        with self.broker.sse(target, **(bearer(*who) if who else {})) as stream:
            return stream.head.status

    def test_a_key_publishes_what_it_names(self):
        self.assertEqual([self.publishes(t, 'shop') for t in ('orders/1', 'stock', 'orders/1/x',
                         'stock/1', 'other', 'guestbook')], [200, 200, 403, 403, 403, 200])
        self.assertEqual([self.publishes(t, 'reader') for t in ('orders/1', 'guestbook')], [403, 200])
        answer = self.broker.ask('POST', '/topics/other', b'x', **bearer('shop'))
        self.is_problem(answer, 403, 'other')

    def test_what_needs_no_credential(self):
        self.assertEqual([self.publishes(t) for t in ('guestbook', 'public/1', 'orders/1')], [200, 401, 401])
        self.assertEqual([self.reads(t) for t in ('/topics/public/1', '/topics/public/**',
                         '/topics/news/1', '/topics/guestbook', '/topics/**')], [200, 200, 200, 401, 401])

    def test_a_subscription_that_is_not_wholly_covered_is_403_naming_the_pattern(self):
        self.assertEqual(self.reads('/topics/orders/*', 'reader'), 200)
        answer = self.broker.ask('GET', '/events?topic=orders/1&topic=orders/**', **bearer('reader'))
        self.is_problem(answer, 403, 'orders/**')
        self.is_problem(self.broker.ask('GET', '/topics/other', **bearer('reader')), 403, 'other')
        self.assertEqual(self.reads('/events?topic=orders/1&topic=x/**', 'shop'), 200)
        self.is_problem(self.broker.ask('GET', '/topics/other'), 401, 'other')

    def test_a_position_is_no_capability(self):
        id = self.broker.ask('POST', '/topics/stock', b'x', **bearer('shop')).json()['id']
        self.assertEqual(self.broker.ask('GET', '/topics/stock', last_event_id=id, **bearer('reader')).status, 403)

    def test_of_a_batch_the_line_that_is_not_allowed_is_named(self):
        lines = '{"topic":"stock","data":1}\n{"topic":"secret","data":1}\n'
        answer = self.broker.ask('POST', '/events', lines, content_type='application/x-ndjson', **bearer('shop'))
        self.is_problem(answer, 403, 'secret', line=2)
        item = '{"topic":["stock","secret"],"data":1}'
        self.is_problem(self.broker.ask( 'POST', '/events', item, content_type='application/json', **bearer('shop')),
                        403, 'secret')

    def test_topics_are_listed_where_the_grant_allows(self):
        self.publishes('orders/7', 'shop'), self.publishes('stock', 'shop'), self.publishes('guestbook')

        def names(*who):
            answer = self.broker.ask('GET', '/topics', **(bearer(*who) if who else {}))
            listed = answer.json()
            self.assertEqual(listed['count'], len(listed['topics']))
            return {row['topic'] for row in listed['topics']}
        self.assertLessEqual({'orders/7', 'stock', 'guestbook'}, names('shop'))
        self.assertTrue(all(name.startswith('orders/') for name in names('reader')))
        self.assertIn('orders/7', names('reader'))
        self.assertEqual(names(), set())

    def test_a_key_is_asked_for_before_a_large_body_is_sent(self):
        with self.broker.wire() as wire:
            wire.send(request_bytes('POST', '/topics/orders/1', None,
                      {'content_length': '500000', 'expect': '100-continue', **bearer('wrong')}))
            self.assertEqual(next_answer(wire).status, 401)

    def test_unix_sockets_stay_open(self):
        path = os.path.join(SECRETS.name, 's.sock')
        broker = self.a_broker('--publish-key', secret('publisher'), listen=('127.0.0.1:0', f'unix:{path}'))
        with Wire(path) as wire:
            wire.send(request_bytes('POST', '/topics/a', b'x'))
            self.assertEqual(next_answer(wire).status, 200)
        self.assertEqual(broker.ask('POST', '/topics/a', b'x').status, 401)


class OtherAddresses(BrokerTest):
    def serve(self, *flags):
        words = [BINARY, 'serve', '--engine', ENGINE, '--internal', '127.0.0.1:0', '--workers', '1', *flags]
        done = subprocess.run(words, capture_output=True, text=True, env=ENVIRONMENT, timeout=20)
        return done.returncode, done.stderr

    def test_without_keys_it_refuses_and_names_the_choices(self):
        for address in ('0.0.0.0:0', '[::]:0', '*:0'):
            code, said = self.serve('--listen', address)
            self.assertEqual(code, 2)
            self.assertIn(f'{address} would let anyone publish. Add --publish-key FILE (reading stays free), '
                          'or --insecure behind a firewall', said)

    def test_with_a_key_or_insecure_it_serves_any_name(self):
        for flags in (('--insecure',), ('--publish-key', secret('publisher'))):
            broker = self.a_broker(*flags, listen=('0.0.0.0:0',))
            self.assertEqual(broker.ask('GET', '/topics/a/..', host='any.example').status, 400)
            self.assertEqual(broker.ask('HEAD', '/topics/a', host='any.example').status, 200)

    def test_a_bad_key_file_is_named(self):
        for text, word in (('', 'empty'), ('two words', 'white space')):
            code, said = self.serve('--publish-key', secret('bad', text))
            self.assertEqual(code, 2)
            self.assertIn(word, said)
            self.assertIn('bad', said)
        code, said = self.serve('--publish-key', '/nonexistent/key')
        self.assertEqual(code, 2)
        self.assertIn('/nonexistent/key', said)


if __name__ == '__main__':
    run()
