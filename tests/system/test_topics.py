# test_topics.py: names of topics and patterns, in paths, queries and bodies (protocol 1).
import json
from urllib.parse import quote

from broker import BrokerTest, run

JSON = {'content_type': 'application/json'}


class Topics(BrokerTest):
    def refused(self, method, target, *words, status=400, body=b'x'):
        return self.is_problem(self.broker.ask(method, target, body), status, *words)

    def read_back(self, topic):
        """Publishes to a topic by its path and reads its line with GET /events."""
        id = self.broker.publish(quote(topic, safe='/'), b'here')
        with self.broker.lines(f'/events?topic={quote(topic, safe="")}&last=1') as stream:
            line = stream.line()
        self.assertEqual((line['id'], line['topic']), (id, topic))

    def test_a_topic_is_up_to_255_bytes_of_utf8(self):
        self.read_back('a' * 255)
        self.read_back('é' * 127 + 'a')
        self.refused('POST', '/topics/' + 'a' * 256, '256 bytes', '255')
        self.refused('POST', '/topics/' + quote('é' * 128), '256 bytes')
        self.refused('GET', '/topics/' + 'a' * 256, '255', body=None)

    def test_names_are_not_normalised(self):
        self.read_back('caf\u00e9')
        self.read_back('cafe\u0301')
        with self.broker.sse('/topics/' + quote('n\u00e9')) as composed, \
                self.broker.sse('/topics/' + quote('ne\u0301')) as decomposed:
            composed.block(), decomposed.block()
            self.broker.publish(quote('n\u00e9'), b'composed')
            self.broker.publish(quote('ne\u0301'), b'decomposed')
            self.assertEqual(composed.event().data, 'composed')
            self.assertEqual(decomposed.event().data, 'decomposed')

    def test_control_format_and_separator_characters_are_refused(self):
        for character in ('\x00', '\x1f', '\x7f', '\x85', '\u200b', '\u202e', '\ufeff', '\u2028', '\u2029',
                          '\U000e0001'):
            with self.subTest(character=character.encode('unicode_escape')):
                path = quote(f'a{character}b')
                self.refused('POST', f'/topics/{path}', 'topic', f'U+{ord(character):04X}')
                self.refused('GET', f'/events?topic={path}', f'U+{ord(character):04X}', body=None)
                item = json.dumps({'topic': f'a{character}b', 'data': ''})
                answer = self.broker.ask('POST', '/events', item, **JSON)
                self.is_problem(answer, 400, f'U+{ord(character):04X}')

    def test_bytes_that_are_no_utf8_are_refused(self):
        for path in ('a%ff', '%c3%28', '%ed%a0%80', '%f5%80%80%80'):
            self.refused('POST', f'/topics/{path}', 'UTF-8')
            self.refused('GET', f'/topics/{path}', 'UTF-8', body=None)

    def test_a_line_end_at_the_end_says_what_was_meant(self):
        self.refused('POST', '/topics/chat%0A', 'line end')

    def test_dots_and_stars_are_no_segments_of_a_name(self):
        for topic in ('.', '..', 'a/./b', 'a/..', 'a/%2e%2e/b', '*', '**', 'a/*', 'a/**'):
            with self.subTest(topic=topic):
                self.refused('POST', f'/topics/{topic}', 'segment')
        for topic in ('...', 'a.b', '.hidden', 'a/..b'):
            self.read_back(topic)

    def test_empty_segments_are_names_but_not_in_a_path(self):
        topic = 'https://example.com/books/1'
        self.assertEqual(self.broker.ask('POST', '/events',
                         json.dumps({'topic': topic, 'data': 1}), **JSON).status, 200)
        with self.broker.lines('/events?topic=' + quote(topic, safe='') + '&last=1') as stream:
            self.assertEqual(stream.line()['topic'], topic)
        with self.broker.lines('/topics/' + quote(topic, safe='') + '?last=1') as stream:
            self.assertEqual(stream.line()['topic'], topic)
        for method in ('POST', 'GET'):
            body = b'x' if method == 'POST' else None
            self.refused(method, '/topics/a//b', '/events?topic=', 'a/b', body=body)
            self.refused(method, '/topics/chat/', '/events?topic=', "'chat/' ends in '/'",
                         'did you mean /topics/chat?', body=body)
            self.refused(method, '/topics//chat', '/events?topic=', body=body)

    def test_an_empty_topic_asks_for_single_quotes(self):
        for target in ('/topics/', '/events?topic='):
            self.refused('GET', target, 'empty topic: did your shell expand `$`? use single quotes', body=None)
        self.refused('POST', '/topics/', 'empty topic', 'single quotes')

    def test_a_path_is_decoded_once_and_an_encoded_slash_is_a_slash(self):
        with self.broker.sse('/topics/once/x%2Fy%2525') as stream:
            stream.block()
            self.broker.publish('once%2Fx/y%2525', b'1')
            answer = self.broker.ask('POST', '/events', '{"topic":"once/x/y%25","data":"2"}', **JSON)
            self.assertEqual(answer.status, 200)
            self.assertEqual([e.data for e in stream.events(2)], ['1', '2'])

    def test_a_plus_is_itself_in_a_path_and_a_space_in_a_query(self):
        with self.broker.sse('/events?topic=plus+space') as spaced, self.broker.sse('/topics/plus+space') as plus:
            spaced.block(), plus.block()
            self.broker.publish('plus%20space', b'space')
            self.broker.publish('plus+space', b'plus')
            self.assertEqual(spaced.event().data, 'space')
            self.assertEqual(plus.event().data, 'plus')

    def test_malformed_escapes_are_refused_and_shown(self):
        for target in ('/topics/a%', '/topics/a%4', '/topics/a%zz'):
            self.refused('GET', target, '%', body=None)
        self.refused('GET', '/events?topic=%zz', '%zz', body=None)

    def test_an_unknown_query_parameter_is_named(self):
        for target in ('/topics/a?last_event=1', '/events?topic=a&last_event=1', '/topics/a?Last_Event_Id=1'):
            name = target.split('?')[-1].split('&')[-1].split('=')[0]
            self.refused('GET', target, name, body=None)
        problem = self.refused('POST', '/topics/a?evnet=x', 'evnet')
        self.assertEqual(problem['field'], 'evnet')
        self.assertEqual(self.refused('GET', '/topics/a?sinc=1s', body=None)['field'], 'sinc')

    def test_parameters_that_begin_with_an_underscore_are_passed_over(self):
        self.broker.publish('a', b'x', '?_=1717&_t=2')
        with self.broker.sse('/topics/a?_=123&_nocache') as stream:
            self.assertEqual(stream.head.status, 200)

    def test_no_topic_route_has_a_suffix(self):
        with self.broker.sse('/topics/a/events') as other, self.broker.sse('/topics/a') as stream:
            other.block(), stream.block()
            self.broker.publish('a/events', b'other')
            self.broker.publish('a', b'this')
            self.assertEqual((other.event().data, stream.event().data), ('other', 'this'))

    def test_names_that_begin_with_a_dollar_are_the_brokers_own(self):
        for topic in ('$stats', '$inbox/x', '$presence/a', '$'):
            self.refused('POST', f'/topics/{topic}', "'$'", status=403)
            item = json.dumps({'topic': topic, 'data': ''})
            self.is_problem(self.broker.ask('POST', '/events', item, **JSON), 403)
        self.broker.publish('a/$b', b'not at the start')


class Patterns(BrokerTest):
    def seen(self, pattern, *topics):
        """Which of the topics a stream of the pattern gets."""
        with self.broker.lines('/events?topic=' + quote(pattern, safe='')) as stream:
            for topic in topics + ('the/end',):
                answer = self.broker.ask('POST', '/events', json.dumps({'topic': topic, 'data': ''}), **JSON)
                self.assertEqual(answer.status, 200, answer.body)
            with self.broker.lines('/events?topic=the/end&last=1') as end:
                end.line()
            seen = []
            answer = self.broker.ask('POST', f'/streams/{stream.stream_id}', b'end')
            self.assertEqual(answer.status, 202)
            while 'id' in (line := stream.line()):
                seen.append(line['topic'])
            return seen

    def test_a_star_is_one_whole_segment_that_is_not_empty(self):
        self.assertEqual(self.seen('p/*', 'p/1', 'p', 'p/1/2', 'p/', 'p/2'), ['p/1', 'p/2'])
        self.assertEqual(self.seen('q/*/z', 'q/1/z', 'q/z', 'q//z', 'q/1/2/z'), ['q/1/z'])
        self.assertEqual(self.seen('*/r', 'a/r', 'r', 'a/b/r'), ['a/r'])

    def test_two_stars_are_one_segment_or_more(self):
        self.assertEqual(self.seen('o/**', 'o', 'o/1', 'o/1/2', 'p/1'), ['o/1', 'o/1/2'])
        self.assertEqual(self.seen('m/*/**', 'm/1', 'm/1/2', 'm/1/2/3'), ['m/1/2', 'm/1/2/3'])

    def test_a_star_inside_a_segment_is_refused(self):
        for pattern in ('a*b', 'a/b*', '*a', 'a/***', '**/a', 'a/**/b'):
            with self.subTest(pattern=pattern):
                answer = self.broker.ask('GET', '/events?topic=' + pattern)
                self.is_problem(answer, 400, '*')

    def test_a_pattern_is_a_path_too(self):
        with self.broker.sse('/topics/path/**') as stream:
            stream.block()
            self.broker.publish('path/1/2', b'x')
            self.assertEqual(stream.event().data, 'x')

    def test_a_first_wildcard_passes_the_brokers_own_names_by(self):
        with self.broker.sse('/events?topic=**&topic=*/*') as all, self.broker.sse('/events?topic=$inbox/*') as own:
            all.block(), own.block()
            self.assertEqual(self.broker.ask('POST', f'/streams/{all.stream_id}/inbox', b'mine').status, 200)
            self.broker.publish('any/name', b'others')
            self.assertEqual(own.event().data, 'mine')
            self.assertEqual(all.event().data, 'others')

    def test_one_stream_reads_any_mix_once(self):
        with self.broker.sse('/events?topic=mix/1&topic=mix/*&topic=mix/**&topic=other') as stream:
            stream.block()
            self.broker.publish('mix/1', b'a')
            self.broker.publish('other', b'b')
            self.broker.publish('mix/1/2', b'c')
            self.assertEqual([e.data for e in stream.events(3)], ['a', 'b', 'c'])


if __name__ == '__main__':
    run()
