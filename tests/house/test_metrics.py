#!/usr/bin/env python3
"""test_metrics.py: docs/OPERATIONS.md explains every metric that a broker exports, and no page names another."""
import re
import sys
import unittest
import urllib.request

from broker import binary, running
from tree import committed, rooms, text

# Words of the pages that look like a metric and are none: a cookie, and names of the build.
other_names = {"fanfare_token", "fanfare_flags", "fanfare_room", "fanfare_precompile", "fanfare_micro", "fanfare_test",
               "fanfare_tests", "fanfare_test_support", *(f"fanfare_{room}" for room in rooms)}


class Metrics(unittest.TestCase):
    def test_pages_and_broker_name_the_same_metrics(self):
        with running() as (_, internal), urllib.request.urlopen(f"{internal}/metrics", timeout=10) as answer:
            known = set(re.findall(r"^# TYPE (\w+)", answer.read().decode(), re.MULTILINE))
        self.assertGreater(len(known), 30)
        pages = [name for name in committed() if name.endswith(".md")]
        unknown = [f"{page}: {name}" for page in pages
                   for name in re.findall(r"\b(?:fanfare|process)_[a-z_]*[a-z]\b(?![\w.*(/])", text(page))
                   if name not in known | other_names and not name.startswith("fanfare_tests_")]
        self.assertEqual(unknown, [])
        explained = text("docs/OPERATIONS.md")
        self.assertEqual(sorted(name for name in known if f"`{name}`" not in explained), [])


if __name__ == "__main__":
    if not binary:
        print("skipped: FANFARE_BINARY names no broker")
        sys.exit(77)
    unittest.main()
