"""broker.py: a broker for the house rules, on ports of the kernel's choice; FANFARE_BINARY names it."""
import contextlib
import os
import re
import subprocess

binary = os.environ.get("FANFARE_BINARY")


@contextlib.contextmanager
def running(*flags):
    """Yields (public URL, internal URL)."""
    broker = subprocess.Popen([binary, "serve", "--listen", "127.0.0.1:0", "--internal", "127.0.0.1:0", "--drain", "0s",
                               *flags], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              env={"PATH": os.environ["PATH"]})
    try:
        ready = broker.stdout.readline()
        yield re.search(r"ready (http://\S+)", ready)[1], re.search(r"internal=(\S+)", ready)[1]
    finally:
        broker.terminate()
        broker.wait(10)
        broker.stdout.close()
