# test_service.py: the broker under a service manager: what it says (sd_notify), and sockets that it is handed.
#
# A socket of the test stands where systemd's would.
import os
import signal
import socket
import subprocess
import tempfile
import unittest

import broker as system
from broker import Broker, run
from wire import Sse, Wire, next_answer, request_bytes


class Managed(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='fanfare-manager-')
        self.addCleanup(folder.cleanup)
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.manager.close)
        self.manager.bind(os.path.join(folder.name, 'notify'))
        self.manager.settimeout(15)

    def start(self, *flags, **environment):
        kept = system.ENVIRONMENT
        system.ENVIRONMENT = {**kept, 'NOTIFY_SOCKET': self.manager.getsockname(), **environment}
        try:
            broker = Broker(*flags)
        finally:
            system.ENVIRONMENT = kept
        self.addCleanup(broker.stop)
        return broker

    def heard(self):
        return self.manager.recv(4096).decode().split('\n')

    def test_each_step_of_its_life_is_told(self):
        broker = self.start('--drain', '1s')
        self.assertEqual(self.heard(), ['READY=1', f'STATUS={broker.ready_line}'])
        broker.signal(signal.SIGHUP)
        reloading = self.heard()
        self.assertEqual(reloading[0], 'RELOADING=1')
        self.assertRegex(reloading[1], r'^MONOTONIC_USEC=\d+$')
        self.assertEqual(self.heard()[0], 'READY=1')
        broker.signal(signal.SIGTERM)
        self.assertEqual(self.heard(), ['STOPPING=1', 'STATUS=draining', 'EXTEND_TIMEOUT_USEC=16000000'])
        self.assertEqual(broker.ended(), 0)

    def test_signs_of_life_come_while_the_workers_turn(self):
        self.start(WATCHDOG_USEC='3000000')
        self.assertEqual(self.heard()[0], 'READY=1')
        for _ in range(3):
            self.assertEqual(self.heard(), ['WATCHDOG=1'])

    def test_a_manager_that_is_gone_harms_nobody(self):
        self.assertEqual(self.start(NOTIFY_SOCKET='/nowhere/at/all').inside('/readyz').status, 200)


class HandedOver(unittest.TestCase):
    """What systemd does for a .socket unit: the descriptors from 3 on, and two variables."""

    def serve(self, listeners, *addresses):
        words = [system.BINARY, 'serve', '--engine', system.ENGINE, '--internal', '127.0.0.1:0', '--workers', '2']
        for address in addresses:
            words += ['--listen', address]
        shell = f'LISTEN_PID=$$ LISTEN_FDS={len(listeners)} exec "$@" ' + \
            ' '.join(f'{3 + i}<&{listener.fileno()}' for i, listener in enumerate(listeners))
        process = subprocess.Popen(['bash', '-c', shell, 'bash', *words], pass_fds=[one.fileno() for one in listeners],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=system.ENVIRONMENT)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()

    def listener(self, family=socket.AF_INET, address=('127.0.0.1', 0)):
        made = socket.socket(family, socket.SOCK_STREAM)
        self.addCleanup(made.close)
        made.bind(address)
        made.listen(128)
        # Well above those that the broker is given, so that neither stands in the other's place.
        high = socket.socket(fileno=os.dup2(made.fileno(), 60 + made.fileno(), inheritable=True))
        self.addCleanup(high.close)
        return high

    def test_all_workers_serve_from_it_and_nobody_is_refused_before_the_start(self):
        listener = self.listener()
        host, port = listener.getsockname()
        early = Wire((host, port), 15)  # waits in the queue of the socket
        self.addCleanup(early.close)
        early.send(request_bytes('GET', '/topics'))
        process = self.serve([listener], f'127.0.0.1:{port}')
        self.assertIn(f'http://127.0.0.1:{port} ', process.stdout.readline())
        self.assertEqual(next_answer(early).status, 200)
        streams = [Sse(Wire((host, port), 15), '/topics/a', {}) for _ in range(8)]
        with Wire((host, port), 15) as wire:
            wire.send(request_bytes('POST', '/topics/a', 'to all'))
            self.assertEqual(next_answer(wire).status, 200)
        for stream in streams:
            self.assertEqual(stream.event().data, 'to all')
            stream.close()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(30), 0)

    def test_a_unix_socket_stays_the_managers(self):
        folder = tempfile.TemporaryDirectory(prefix='fanfare-manager-')
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, 'publish.sock')
        listener = self.listener(socket.AF_UNIX, path)
        process = self.serve([listener], f'unix:{path}')
        self.assertIn(f'unix:{path}', process.stdout.readline())
        with Wire(path) as wire:
            wire.send(b'{"topic":"a","data":"x"}\n')
            self.assertIn(b'"id"', wire.line())
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(30), 0)
        self.assertTrue(os.path.exists(path))

    def test_one_that_no_setting_names_is_refused_with_its_address(self):
        listener = self.listener()
        process = self.serve([listener], '127.0.0.1:0')
        self.assertEqual(process.wait(30), 1)
        said = process.stderr.read()
        self.assertIn(f'--listen 127.0.0.1:{listener.getsockname()[1]}', said)

    def test_what_does_not_listen_is_refused(self):
        quiet = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        high = socket.socket(fileno=os.dup2(quiet.fileno(), 60 + quiet.fileno(), inheritable=True))
        self.addCleanup(quiet.close)
        self.addCleanup(high.close)
        process = self.serve([high], '127.0.0.1:0')
        self.assertEqual(process.wait(30), 1)
        self.assertIn('ListenStream=', process.stderr.read())


if __name__ == '__main__':
    run()
