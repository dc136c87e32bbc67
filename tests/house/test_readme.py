#!/usr/bin/env python3
"""test_readme.py: the commands of README.md do what it says, typed as they stand, on another port."""
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from broker import binary, running
from tree import text

lines = '{"topic":"prices/acme","data":{"value":18}}\n{"topic":"news","data":"up"}\n'


class Readme(unittest.TestCase):
    def test_its_curl_commands_publish_and_read(self):
        # Indented blocks, as a person would copy them; what needs another host or socket is not among them.
        commands = re.findall(r"^    (curl .*localhost:8080.*)$", text("README.md"), re.MULTILINE)
        publishing = [command for command in commands if " -N " not in command]
        reading = [command for command in commands if " -N " in command]
        self.assertGreaterEqual(len(publishing), 3)
        self.assertGreaterEqual(len(reading), 5)
        with running() as (url, _), tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "events.ndjson").write_text(lines)

            def run(command, patience):
                here = command.replace("localhost:8080", url.removeprefix("http://"))
                return subprocess.run(["timeout", str(patience), "sh", "-c", here], cwd=folder, capture_output=True,
                                      text=True, check=False)
            for command in publishing:
                done = run(command, 10)
                self.assertRegex(done.stdout, r'^\{"(id|count)":', command + done.stderr)
            for command in reading:
                done = run(command, 1)
                self.assertEqual(done.returncode, 124, f"{command}: {done.stdout}{done.stderr}")
                self.assertRegex(done.stdout, r"^retry: \d+\n", command)
                if "last=" in command or "since=" in command:
                    self.assertIn('data: {"symbol":"ACME","value":17.5}', done.stdout, command)


if __name__ == "__main__":
    if not binary:
        print("skipped: FANFARE_BINARY names no broker")
        sys.exit(77)
    unittest.main()
