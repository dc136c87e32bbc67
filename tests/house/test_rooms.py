#!/usr/bin/env python3
"""test_rooms.py: the arrows between rooms, the doors to outside libraries, the length of files."""
import re
import unittest

from tree import committed, root, rooms, sources, text

own = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
outside = re.compile(r"^#include <([^>]+)>", re.MULTILINE)
may_use = {"core": {"core"}, "net": {"core", "net"}, "broker": {"core", "net", "broker"},
           "app": {"core", "net", "broker", "app"}}
# `fanfare bench` is a command: main opens that one door.
doors = {("app/main.cc", "bench/suite/bench_command.h")}

# What a library's headers begin with, by its name in docs/ARCHITECTURE.md.
library_of = {
    "liburing": "liburing", "boost/beast/": "Boost.Beast", "boost/unordered/": "Boost.Unordered",
    "boost/smart_ptr/": "Boost.SmartPtr",
    "simdjson": "simdjson", "openssl/": "OpenSSL", "xxhash": "xxHash", "CLI/": "CLI11", "toml++/": "toml++",
    "spdlog/": "spdlog", "fmt/": "fmt",
}
# Headers of the standard library have no dot; these are C's and the kernel's.
system_call_headers = re.compile(
    r"^(sys/|netinet/|arpa/|linux/|net/|unistd\.h|fcntl\.h|poll\.h|sched\.h|signal\.h|pthread\.h|netdb\.h|grp\.h|pwd\.h)")
# Of the standard library, what reaches the kernel or another thread by itself.
broker_may_not = {"thread", "mutex", "condition_variable", "future", "fstream", "filesystem", "iostream", "csignal",
                  "cstdio", "ctime", "random"}


def included(name, pattern):
    return pattern.findall(text(name))


def library_table():
    """{library: what its row says of who includes it}"""
    section = text("docs/ARCHITECTURE.md").split("\n## Libraries\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| ([^|]+) \|$", section, re.MULTILINE)
    return {name.strip(): files.strip() for name, files in rows if name.strip() not in ("library", "---")}


class Rooms(unittest.TestCase):
    def test_a_room_uses_only_what_stands_to_its_left(self):
        wrong = [f"{name} includes {used}" for room in rooms for name in sources(room)
                 for used in included(name, own)
                 if used.split("/")[0] not in may_use[room] and (name, used) not in doors]
        self.assertEqual(wrong, [])
        self.assertGreater(sum(len(sources(room)) for room in rooms), 100)

    def test_an_include_names_its_file_from_the_root(self):
        generated = {"broker/pages.cc"}
        wrong = [f"{name} includes {used}" for name in sources() for used in included(name, own)
                 if not (root / used).is_file() and used not in generated]
        self.assertEqual(wrong, [])

    def test_core_needs_the_standard_library_alone(self):
        wrong = [f"{name} includes <{used}>" for name in sources("core") for used in included(name, outside)
                 if "." in used or "/" in used]
        self.assertEqual(wrong, [])

    def test_the_broker_makes_no_system_call(self):
        wrong = [f"{name} includes <{used}>" for name in sources("broker") for used in included(name, outside)
                 if system_call_headers.match(used) or used in broker_may_not]
        self.assertEqual(wrong, [])

    def test_a_library_is_included_where_its_row_says(self):
        table = library_table()
        self.assertEqual(sorted(table), sorted(library_of.values()))
        seen = {name: set() for name in table}
        for name in sources(*rooms):
            for used in included(name, outside):
                for prefix, library in library_of.items():
                    if used.startswith(prefix):
                        seen[library].add(name)
        for library, files in table.items():
            if files.startswith("any file of "):
                allowed = set(re.findall(r"\b(?:core|net|broker|app)\b", files))
                self.assertEqual({name for name in seen[library] if name.split("/")[0] not in allowed}, set(), library)
            else:
                self.assertEqual(seen[library], set(files.split(", ")), library)

    def test_nothing_comes_in_that_no_row_names(self):
        def known(header):
            return (re.fullmatch(r"[a-z_]+", header) or system_call_headers.match(header)
                    or any(header.startswith(prefix) for prefix in library_of))
        wrong = [f"{name} includes <{used}>" for name in sources(*rooms) for used in included(name, outside)
                 if not known(used)]
        self.assertEqual(wrong, [])

    def test_fmt_comes_without_its_bodies(self):
        # <fmt/chrono.h> brings the whole of fmt/format.h: one file alone may.
        heavy = {name: used for name in sources() for used in included(name, outside)
                 if used.startswith("fmt/") and used != "fmt/core.h"}
        self.assertEqual(heavy, {"app/log.cc": "fmt/chrono.h"})


class Files(unittest.TestCase):
    def test_a_file_stays_under_500_lines(self):
        long = [f"{name}: {lines}" for name in committed()
                if name.endswith((".h", ".cc", ".py", ".mjs", ".js", ".sh", ".cmake", ".css", ".html", ".pml"))
                and (lines := text(name).count("\n")) >= 500]
        self.assertEqual(long, [])

    def test_a_file_begins_with_its_name_and_a_sentence(self):
        wrong = [name for name in sources(*rooms, "bench", "tests")
                 if not re.match(rf"// (\S*/)?{re.escape(name.split('/')[-1])}: \S", text(name))]
        self.assertEqual(wrong, [])

    def test_a_header_guards_itself(self):
        self.assertEqual([name for name in sources() if name.endswith(".h") and "\n#pragma once\n" not in text(name)], [])

    def test_nothing_is_put_off(self):
        # Docs say what is; work to come stands in the issues.
        mark = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
        wrong = [name for name in committed() if name.endswith((".h", ".cc", ".py", ".mjs", ".js", ".md", ".cmake", ".sh"))
                 and not name.startswith("tests/house/") and mark.search(text(name))]
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main()
