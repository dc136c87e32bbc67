# wire.py: HTTP/1.1, Server-Sent Events and NDJSON over raw sockets, read strictly: what no reader should accept fails.
import json
import re
import socket
import struct
import time


class Closed(Exception):
    """The other side ended in the middle of what was read."""


class Answer:
    def __init__(self, status, version, fields, body=b''):
        self.status, self.version, self.fields, self.body = status, version, fields, body

    def field(self, name, default=''):
        values = [value for key, value in self.fields if key == name]
        return ', '.join(values) if values else default

    def json(self):
        return json.loads(self.body)


class Wire:
    """A socket with a buffer for what was read too far. `address` is (host, port) or the path of a Unix socket."""

    def __init__(self, address, timeout=15, receive_buffer=None, source=None):
        family = socket.AF_UNIX if isinstance(address, str) else \
            socket.AF_INET6 if ':' in address[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            self.socket.bind((source, 0))
        self.socket.settimeout(timeout)
        self.socket.connect(address)
        self.timeout = timeout
        self.buffer = b''

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Closes with a reset instead of an end."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def fill(self):
        more = self.socket.recv(262144)
        if not more:
            raise Closed(self.buffer[-200:])
        self.buffer += more

    def until(self, mark):
        while mark not in self.buffer:
            self.fill()
        taken, self.buffer = self.buffer.split(mark, 1)
        return taken

    def exactly(self, count):
        while len(self.buffer) < count:
            self.fill()
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def line(self):
        return self.until(b'\n')

    def rest(self):
        """Everything up to the end, which must come."""
        try:
            while True:
                self.fill()
        except (Closed, ConnectionResetError):
            taken, self.buffer = self.buffer, b''
            return taken

    def is_closed(self):
        """Waits for the end; nothing may come before it."""
        return self.rest() == b''

    def silent(self, seconds):
        """True if nothing comes for so long: only for what must not happen."""
        self.socket.settimeout(seconds)
        try:
            return self.buffer == b'' and self.socket.recv(1, socket.MSG_PEEK) is None
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(self.timeout)


def request_bytes(method, target, body=None, fields=None, version='1.1'):
    lines = [f'{method} {target} HTTP/{version}']
    fields = {name.replace('_', '-'): value for name, value in (fields or {}).items()}
    if 'host' not in fields:
        lines.append('host: localhost')
    lines += [f'{name}: {value}' for name, value in fields.items() if value is not None]
    if isinstance(body, str):
        body = body.encode()
    if body is not None and 'content-length' not in fields and 'transfer-encoding' not in fields:
        lines.append(f'content-length: {len(body)}')
    return '\r\n'.join(lines).encode() + b'\r\n\r\n' + (body or b'')


def next_head(wire):
    head = wire.until(b'\r\n\r\n').decode('latin-1')
    first, *rest = head.split('\r\n')
    status = re.fullmatch(r'HTTP/(1\.[01]) (\d{3}) ?.*', first)
    assert status, f'not a status line: {first!r}'
    fields = []
    for line in rest:
        field = re.fullmatch(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*", line)
        assert field, f'not a field: {line!r}'
        fields.append((field[1].lower(), field[2]))
    return Answer(int(status[2]), status[1], fields)


def next_chunk(wire):
    size = wire.until(b'\r\n')
    assert re.fullmatch(rb'[0-9a-fA-F]+', size), f'not a chunk size: {size!r}'
    data = wire.exactly(int(size, 16))
    assert wire.exactly(2) == b'\r\n'
    return data


def next_answer(wire, method='GET'):
    """A whole answer; its length is taken as RFC 9112 says."""
    answer = next_head(wire)
    if method == 'HEAD' or answer.status in (204, 304) or answer.status < 200:
        return answer
    if 'chunked' in answer.field('transfer-encoding'):
        assert not answer.field('content-length')
        while chunk := next_chunk(wire):
            answer.body += chunk
    elif answer.field('content-length'):
        answer.body = wire.exactly(int(answer.field('content-length')))
    else:
        answer.body = wire.rest()
    return answer


class Body:
    """The body of an open stream, chunked or up to the end; `head` is its head, and a refusal is read whole."""

    def __init__(self, wire, target, fields, version='1.1'):
        self.wire = wire
        wire.send(request_bytes('GET', target, None, fields, version))
        self.head = next_head(wire)
        self.chunked = 'chunked' in self.head.field('transfer-encoding')
        self.ended, self.text = False, b''

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.wire.close()

    def fill(self):
        if self.ended:
            raise Closed(self.text[-200:])
        if self.chunked:
            chunk = next_chunk(self.wire)
            self.ended = not chunk
        else:
            chunk = self.wire.buffer or self.wire.socket.recv(65536)
            self.wire.buffer = b''
            self.ended = not chunk
        self.text += chunk

    def until(self, mark):
        while mark not in self.text:
            self.fill()
            if self.ended and mark not in self.text:
                raise Closed(self.text[-200:])
        taken, self.text = self.text.split(mark, 1)
        return taken

    def at_end(self):
        """Waits for an orderly end of the body (its last chunk), with nothing before it."""
        while not self.ended:
            self.fill()
        return self.text == b''

    @property
    def stream_id(self):
        return self.head.field('fanfare-stream')

    @property
    def position(self):
        return self.head.field('fanfare-last-event-id')


class Event:
    def __init__(self, block):
        self.block = block  # its bytes without the blank line
        self.fields = []
        for line in block.decode().split('\n'):
            name, _, value = line.partition(':')
            self.fields.append((name, value[1:] if value.startswith(' ') else value))

    def all(self, name):
        return [value for key, value in self.fields if key == name]

    def __getattr__(self, name):
        values = self.all(name)
        return values[-1] if values else None

    @property
    def data(self):
        lines = self.all('data')
        return '\n'.join(lines) if lines else None

    def json(self):
        return json.loads(self.data)

    def __repr__(self):
        return repr(self.block)


class Sse(Body):
    """A stream of Server-Sent Events. Comment lines (heartbeats) are counted and passed over."""

    def __init__(self, wire, target, fields=None, version='1.1'):
        super().__init__(wire, target, {'accept': 'text/event-stream', **(fields or {})}, version)
        self.comments = 0

    def block(self):
        """The next block, fields and all: the head block, a beacon or an event."""
        while True:
            while self.text.startswith(b':'):
                self.until(b'\n')
                self.comments += 1
            if b'\n\n' in self.text and not self.text.startswith(b':'):
                return Event(self.until(b'\n\n'))
            try:
                self.fill()
            except TimeoutError:
                raise AssertionError(f'no event came; unread is {self.text!r}') from None
            if self.ended and b'\n\n' not in self.text:
                raise Closed(self.text)

    def event(self):
        """The next block with data: what a reader's handler would be given."""
        while True:
            block = self.block()
            if block.data is not None:
                return block

    def events(self, count):
        return [self.event() for _ in range(count)]

    def comment(self, timeout=None):
        """Waits for a comment line, and gives back the blocks before it."""
        before = []
        end = time.monotonic() + (timeout or self.wire.timeout)
        while time.monotonic() < end:
            if self.text.startswith(b':'):
                assert self.until(b'\n') == b':'
                return before
            if b'\n\n' in self.text:
                before.append(Event(self.until(b'\n\n')))
            else:
                self.fill()
        raise AssertionError('no comment came')


class Lines(Body):
    """A stream of NDJSON. Empty lines (heartbeats) are counted and passed over."""

    def __init__(self, wire, target, fields):
        super().__init__(wire, target, fields)
        self.empty = 0

    def raw(self):
        while True:
            line = self.until(b'\n')
            if line:
                return line
            self.empty += 1

    def line(self):
        return json.loads(self.raw())
