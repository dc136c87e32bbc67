# test_http.py: HTTP/1.1 as RFC 9112 says, and strict where two readers could disagree (issue: HTTP).
from broker import BrokerTest, run
from wire import Closed, next_answer, next_head, request_bytes


class HttpTest(BrokerTest):
    def answers(self, data, count=1):
        with self.broker.wire() as wire:
            wire.send(data)
            return [next_answer(wire) for _ in range(count)]

    def refused(self, data, status, *words):
        """Refused, and then closed: what follows could be anything."""
        with self.broker.wire() as wire:
            wire.send(data)
            answer = next_answer(wire)
            problem = self.is_problem(answer, status, *words)
            self.assertEqual(answer.field('connection'), 'close')
            self.assertTrue(wire.is_closed())
            return problem


class Http(HttpTest):
    def test_a_connection_is_kept_alive(self):
        with self.broker.wire() as wire:
            for _ in range(3):
                wire.send(request_bytes('GET', '/topics'))
                answer = next_answer(wire)
                self.assertEqual((answer.status, answer.field('connection')), (200, ''))
            wire.send(request_bytes('GET', '/nothing'))
            self.assertEqual(next_answer(wire).status, 404)
            wire.send(request_bytes('GET', '/topics', None, {'connection': 'close'}))
            self.assertEqual(next_answer(wire).field('connection'), 'close')
            self.assertTrue(wire.is_closed())

    def test_http_1_0_closes_unless_it_asks_to_keep(self):
        with self.broker.wire() as wire:
            wire.send(request_bytes('GET', '/topics', None, {'connection': 'keep-alive'}, version='1.0'))
            self.assertEqual(next_answer(wire).field('connection'), 'keep-alive')
            wire.send('GET /topics HTTP/1.0\r\n\r\n')
            self.assertEqual(next_answer(wire).status, 200)
            self.assertTrue(wire.is_closed())

    def test_pipelined_requests_are_answered_in_order(self):
        requests = [request_bytes('GET', '/nothing'), request_bytes('POST', '/topics/a', b'x'),
                    request_bytes('HEAD', '/topics/a'), request_bytes('GET', '/topics'),
                    request_bytes('OPTIONS', '/topics/a')]
        with self.broker.wire() as wire:
            wire.send(b''.join(requests))
            statuses = [next_answer(wire, method).status for method in ('GET', 'POST', 'HEAD', 'GET', 'OPTIONS')]
        self.assertEqual(statuses, [404, 200, 200, 200, 204])

    def test_a_stream_may_follow_other_requests_on_its_connection(self):
        with self.broker.wire() as wire:
            wire.send(request_bytes('POST', '/topics/a', b'x') + request_bytes('GET', '/topics/a?last=1'))
            self.assertEqual(next_answer(wire).status, 200)
            self.assertEqual(next_head(wire).field('content-type'), 'text/event-stream; charset=utf-8')
            wire.until(b'data: x\n\n')

    def test_a_request_may_come_byte_by_byte(self):
        with self.broker.wire() as wire:
            for byte in request_bytes('POST', '/topics/a', b'xy'):
                wire.send(bytes([byte]))
            self.assertEqual(next_answer(wire).status, 200)

    def test_a_chunked_body(self):
        with self.broker.sse('/topics/chunked') as stream:
            stream.block()
            for chunks in ('5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n',
                           '5;name=value\r\nhello\r\n06\r\n world\r\n000\r\n\r\n',
                           '5\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: x\r\n\r\n'):
                head = 'POST /topics/chunked HTTP/1.1\r\nhost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n'
                answers = self.answers(head + chunks + request_bytes('GET', '/topics').decode(), 2)
                self.assertEqual([a.status for a in answers], [200, 200])
                self.assertEqual(stream.event().data, 'hello world')

    def test_expect_continue(self):
        with self.broker.wire() as wire:
            wire.send(request_bytes('POST', '/topics/a', None, {'expect': '100-continue', 'content_length': '2'}))
            self.assertEqual(next_head(wire).status, 100)
            wire.send('xy')
            self.assertEqual(next_answer(wire).status, 200)
            wire.send(request_bytes('POST', '/topics/a', b'xy', {'expect': '100-continue'}))
            self.assertEqual(next_answer(wire).status in (100, 200), True)

    def test_a_refusal_comes_instead_of_continue(self):
        head = request_bytes('POST', '/topics/a', None, {'expect': '100-continue', 'content_length': '99999999'})
        self.refused(head, 413, '99999999')
        head = request_bytes('POST', '/topics/a', None, {'expect': '100-continue', 'content_length': '5',
                                                         'origin': 'https://evil.example'})
        self.refused(head, 403, 'evil.example')

    def test_other_expectations_fail(self):
        answer, = self.answers(request_bytes('POST', '/topics/a', b'x', {'expect': 'miracles'}))
        self.is_problem(answer, 417, 'miracles')
        old = request_bytes('POST', '/topics/a', b'x', {'expect': '100-continue'}, version='1.0')
        self.assertEqual(self.answers(old)[0].status, 200)  # HTTP/1.0 knows none
        answer, = self.answers(request_bytes('GET', '/topics', None, {'expect': 'miracles'}))
        self.is_problem(answer, 417, 'miracles')

    def test_options(self):
        for target in ('/topics/a', '/events', '/', '*', '/streams/x'):
            answer, = self.answers(f'OPTIONS {target} HTTP/1.1\r\nhost: localhost\r\n\r\n')
            self.assertEqual((answer.status, answer.body), (204, b''))
            self.assertIn('GET', answer.field('allow'))

    def test_an_absolute_target_is_its_path(self):
        with self.broker.sse('/topics/abs') as stream:
            stream.block()
            target = f'http://localhost:{self.broker.port}/topics/abs?event=t'
            answer, = self.answers(request_bytes('POST', target, b'x'))
            self.assertEqual(answer.status, 200)
            self.assertEqual(stream.event().event, 't')
        self.assertEqual(self.answers(request_bytes('GET', 'HTTP://localhost'))[0].status, 200)
        self.refused(request_bytes('GET', 'ftp://localhost/topics'), 400)
        self.is_problem(self.answers(request_bytes('GET', 'http://evil.example/topics'))[0], 421, 'evil.example')

    def test_a_head_answer_has_no_body(self):
        with self.broker.wire() as wire:
            for target in ('/', '/topics', '/nothing', '/topics/a'):
                wire.send(request_bytes('HEAD', target))
                next_answer(wire, 'HEAD')
            wire.send(request_bytes('GET', '/topics'))
            self.assertEqual(next_answer(wire).status, 200)

    def test_answers_have_a_date_free_exact_length(self):
        answer = self.broker.ask('GET', '/nothing')
        self.assertEqual(int(answer.field('content-length')), len(answer.body))

    def test_a_body_on_get_is_read_and_ignored(self):
        answers = self.answers(request_bytes('GET', '/topics', b'body') + request_bytes('GET', '/topics'), 2)
        self.assertEqual([a.status for a in answers], [200, 200])

    def test_empty_lines_before_a_request_are_passed_over(self):
        self.assertEqual(self.answers(b'\r\n\r\n' + request_bytes('GET', '/topics'))[0].status, 200)


def head(*fields, line='POST /topics/a HTTP/1.1', body=''):
    return ('\r\n'.join([line, *fields]) + '\r\n\r\n' + body).encode('latin-1')


class Smuggling(HttpTest):
    """What two readers of one connection could take differently is refused, never guessed."""

    def test_two_lengths(self):
        length, coding = 'content-length: 1', 'transfer-encoding: chunked'
        for fields in ((length, coding), (coding, length), (length, length), (length, 'content-length: 2'),
                       ('content-length: 1, 1',), (coding, coding)):
            with self.subTest(fields=fields):
                self.refused(head('host: localhost', *fields, body='1\r\nx\r\n0\r\n\r\n'), 400)

    def test_lengths_that_are_none(self):
        for value in ('-1', '+1', '0x1', '1.0', '1 ', ' 1', '1a', '', '18446744073709551616', '1e1', '1,'):
            with self.subTest(value=value):
                data = head('host: localhost', f'content-length:{value}', body='x')
                if value.strip() == '1':
                    self.assertEqual(self.answers(data)[0].status, 200)
                else:
                    self.refused(data, 400)

    def test_a_giant_announced_length(self):
        self.refused(head('host: localhost', 'content-length: 9223372036854775807'), 413, '9223372036854775807')

    def test_transfer_codings(self):
        for value in ('gzip', 'gzip, chunked', 'chunked, gzip', 'identity', 'xchunked', 'chunked;q=1', '\x0bchunked'):
            with self.subTest(value=value):
                with self.broker.wire() as wire:
                    wire.send(head('host: localhost', f'transfer-encoding: {value}', body='0\r\n\r\n'))
                    answer = next_answer(wire)
                    self.assertIn(answer.status, (400, 501))
                    self.assertTrue(wire.is_closed())
        self.refused(head('host: localhost', 'transfer-encoding: gzip'), 501, 'chunked')
        data = head('host: localhost', 'transfer-encoding: Chunked', body='0\r\n\r\n')
        self.assertEqual(self.answers(data)[0].status, 200)

    def test_chunked_is_not_of_http_1_0(self):
        self.refused(head('transfer-encoding: chunked', line='POST /topics/a HTTP/1.0', body='0\r\n\r\n'), 400)

    def test_chunks_that_are_none(self):
        for body in ('x\r\n', '-1\r\nx\r\n', '0x1\r\nx\r\n0\r\n\r\n', '1\nx\n0\n\n', '1\r\nxy\r\n0\r\n\r\n', '\r\n',
                     'fffffffffffffffff\r\n', '1 \r\nxx\r\n', ' 1\r\nx\r\n0\r\n\r\n', '+1\r\nx\r\n0\r\n\r\n',
                     '1\r\nx0\r\n\r\n'):
            with self.subTest(body=body):
                with self.broker.wire() as wire:
                    wire.send(head('host: localhost', 'transfer-encoding: chunked', body=body))
                    answer = next_answer(wire)
                    self.assertIn(answer.status, (400, 413), body)
                    self.assertTrue(wire.is_closed())

    def test_lines_that_are_none(self):
        for field in ('folded: a\r\n b', 'folded: a\r\n\tb', 'name : value', ': value', 'no-colon', 'na me: v',
                      'a: b\x00c', 'a\x00: b', 'a: b\rc', 'a: b\x01', '\xe9: x', 'content-length : 1'):
            with self.subTest(field=field):
                self.refused(head('host: localhost', field), 400)
        self.refused(b'GET /topics HTTP/1.1\nhost: localhost\n\n\r\n\r\n', 400)
        self.refused(b'GET /topics HTTP/1.1\r\nhost: localhost\nx: y\r\n\r\n', 400)
        self.refused(b'GET /topics HTTP/1.1\r\n host: localhost\r\n\r\n', 400)

    def test_request_lines_that_are_none(self):
        for line in ('GET  /topics HTTP/1.1', 'GET /topics', 'GET /top ics HTTP/1.1', 'GET /topics HTTP/1.1 ',
                     'GET /topics http/1.1', 'GET topics HTTP/1.1', 'GET /topics HTTP/2.0', 'GET /topics HTTP/1.2',
                     'GET /topics HTTP/0.9', '/topics HTTP/1.1', 'G(T /topics HTTP/1.1', 'GET /t\xe9 HTTP/1.1',
                     'GET /topics#x HTTP/1.1', 'CONNECT localhost:80 HTTP/1.1', 'GET * HTTP/1.1',
                     'GET\t/topics\tHTTP/1.1', 'PRI * HTTP/2.0'):
            with self.subTest(line=line):
                self.refused(head('host: localhost', line=line), 400)

    def test_exactly_one_host(self):
        self.refused(head(line='GET /topics HTTP/1.1'), 400, 'Host')
        self.refused(head('host: localhost', 'host: localhost', line='GET /topics HTTP/1.1'), 400, 'Host')
        self.refused(head('host: localhost', 'Host: 127.0.0.1', line='GET /topics HTTP/1.1'), 400, 'Host')
        self.assertEqual(self.answers(head(line='GET /topics HTTP/1.0'))[0].status, 200)

    def test_the_lengths_of_heads_are_limited(self):
        self.refused(b'GET /' + b'a' * 40000 + b' HTTP/1.1\r\nhost: localhost\r\n\r\n', 414)
        self.refused(head('host: localhost', 'x: ' + 'a' * 40000, line='GET /topics HTTP/1.1'), 431)
        self.refused(head('host: localhost', *[f'x{i}: y' for i in range(200)], line='GET /topics HTTP/1.1'), 431)

    def test_what_follows_a_refused_request_is_not_read(self):
        with self.broker.sse('/topics/smuggled') as stream, self.broker.wire() as wire:
            stream.block()
            wire.send(head('host: localhost', 'content-length: 5', 'transfer-encoding: chunked', body='0\r\n\r\n')
                      + request_bytes('POST', '/topics/smuggled', b'smuggled'))
            self.assertEqual(next_answer(wire).status, 400)
            self.broker.publish('smuggled', b'honest')
            self.assertEqual(stream.event().data, 'honest')

    def test_a_publisher_that_stops_in_mid_body_publishes_nothing(self):
        with self.broker.sse('/topics/half') as stream:
            stream.block()
            for end in ('close', 'reset'):
                wire = self.broker.wire()
                wire.send(head('host: localhost', 'content-length: 10', line='POST /topics/half HTTP/1.1', body='half'))
                getattr(wire, end)()
            self.broker.publish('half', b'whole')
            self.assertEqual(stream.event().data, 'whole')

    def test_what_a_refusal_shows_of_a_request_is_text(self):
        for data, status in ((head('host: localhost', line='POST /topics/a?%ff=1 HTTP/1.1'), 400),
                             (head('host: localhost', line='GET /topics/a?%fe=1 HTTP/1.1'), 400),
                             (head('host: localhost', line='GET /topics/a?since=%ff%0a HTTP/1.1'), 400),
                             (head('host: localhost', 'expect: \xff\xfe'), 417), (head('host: \xff.example'), 421),
                             (head('host: localhost', 'origin: http://\xff'), 403),
                             (head('host: localhost', 'idempotency-key: \xff'), 400)):
            with self.subTest(data=data):
                self.is_problem(self.answers(data)[0], status)

    def test_tls_and_noise_are_refused_in_plain_words(self):
        for noise in (bytes.fromhex('160301020001000001fc0303') + bytes(40), b'\x00' * 64, b'\xff' * 64):
            with self.broker.wire() as wire:
                wire.send(noise + b'\r\n\r\n')
                try:
                    self.assertEqual(next_answer(wire).status, 400)
                except Closed:
                    self.fail('no answer')


if __name__ == '__main__':
    run()
