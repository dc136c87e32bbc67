# test_silent_readers.py: a reader that takes little stays and misses nothing; one that takes nothing at all is let go.
import threading
import time

from broker import BrokerTest, run, until
from wire import Sse

SILENCE_MAX_S = 30  # net/engine.h
RECEIVE_BUFFER = 4096  # its window is closed most of the time


class SilentReaders(BrokerTest):
    flags = ('--heartbeat', '5s', '--history-events', '100000')

    def flood(self, end):
        number = 0
        while time.monotonic() < end:
            self.broker.publish('a', f'{number} '.ljust(1000, '.'))
            number += 1
            time.sleep(0.01)

    def small_reader(self):
        return Sse(self.broker.wire(receive_buffer=RECEIVE_BUFFER), '/topics/a')

    def test_who_takes_little_stays_and_who_takes_nothing_goes(self):
        end = time.monotonic() + SILENCE_MAX_S + 9
        flood = threading.Thread(target=self.flood, args=(end,))
        slow, stalled = self.small_reader(), self.small_reader()
        until('both are open', lambda: self.broker.metric('fanfare_streams') == 2)
        flood.start()
        # 3 KB a second of the 100 KB that are published.
        while time.monotonic() < end:
            more = slow.wire.socket.recv(300)
            self.assertTrue(more)
            slow.wire.buffer += more
            time.sleep(0.1)
        flood.join()
        until('the stalled one is let go', lambda: self.broker.metric('fanfare_streams') == 1)
        numbers = [int(slow.event().data.split()[0]) for _ in range(100)]
        self.assertEqual(numbers, list(range(100)))
        slow.close()
        stalled.close()


run()
