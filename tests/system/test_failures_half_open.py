# A reader whose machine is gone, without a word: its stream is closed by the silence of its acknowledgements, although
# no write fails. In a network namespace of the test's own, by root alone; elsewhere the test is skipped.
import ctypes
import os
import subprocess
import sys
import time
import unittest

from broker import BrokerTest, run, until

CLONE_NEWNET = 0x40000000
SILENCE_MAX_S = 30  # net/engine.h: unacknowledged_max


def sh(command):
    return subprocess.run(command, shell=True, capture_output=True, text=True, check=False)


def enter_a_network_of_our_own():
    """Moves this process into a namespace with two ends of a cable: 10.9.0.1 here, 10.9.0.2 in `there`'s."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 or libc.unshare(CLONE_NEWNET) != 0:
        return 'no network namespace can be made here'
    made = sh('ip link set lo up && ip link add here type veth peer name there && '
              'ip address add 10.9.0.1/24 dev here && ip link set here up')
    return None if made.returncode == 0 else f'no virtual cable can be made here: {made.stderr.strip()}'


SKIPPED = enter_a_network_of_our_own()


@unittest.skipIf(SKIPPED, SKIPPED)
class HalfOpen(BrokerTest):
    flags = ('--insecure', '--heartbeat', '5s')
    listen = ('10.9.0.1:0', '127.0.0.1:0')

    def streams(self):
        return self.broker.metric('fanfare_streams')

    def test_a_reader_whose_machine_is_gone_is_found(self):
        # A machine at the other end of the cable that asks for a stream and reads it.
        there = subprocess.Popen(['unshare', '-n', 'sleep', '100'])
        self.addCleanup(there.wait)
        self.addCleanup(there.kill)
        until('it has a network of its own', lambda: os.readlink(f'/proc/{there.pid}/ns/net') !=
              os.readlink('/proc/self/ns/net'))
        inside = f'nsenter -t {there.pid} -n '
        moved = sh(f'ip link set there netns {there.pid} && {inside} ip address add 10.9.0.2/24 dev there && '
                   f'{inside} ip link set there up')
        self.assertEqual(moved.returncode, 0, moved.stderr)
        request = (f"import socket, time; s = socket.create_connection(('10.9.0.1', {self.broker.port})); "
                   "s.sendall(b'GET /topics/a HTTP/1.1\\r\\nhost: 10.9.0.1\\r\\naccept: text/event-stream\\r\\n\\r\\n'); "
                   "print(s.recv(100)[:15].decode(), flush=True); time.sleep(100)")
        reader = subprocess.Popen(inside.split() + [sys.executable, '-c', request], stdout=subprocess.PIPE, text=True)
        self.addCleanup(reader.wait)
        self.addCleanup(reader.stdout.close)
        self.addCleanup(reader.kill)
        self.assertEqual(reader.stdout.readline().strip(), 'HTTP/1.1 200 OK')
        until('its stream is open', lambda: self.streams() == 1)
        self.assertEqual(sh(f'{inside} ip link set there down').returncode, 0)
        began = time.monotonic()
        # The heartbeat goes out and nothing comes back.
        until('its stream is closed', lambda: self.streams() == 0, timeout=SILENCE_MAX_S + 30)
        self.assertGreater(time.monotonic() - began, 10, 'a short break of the line is no reason')


run()
