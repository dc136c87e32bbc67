# test_protocol_doc.py: the commands of docs/PROTOCOL.md do what the page says; each is run as it stands.
import os
import re
import subprocess

from broker import ENVIRONMENT, BrokerTest, run

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../docs/PROTOCOL.md')
# A stream is looked at for so long.
STREAM_S = '0.4'


def commands():
    """(command, the status it is refused with or None) of each line of each sh block."""
    with open(PAGE, encoding='utf-8') as file:
        blocks = re.findall(r'^```sh\n(.*?)^```', file.read(), re.MULTILINE | re.DOTALL)
    for line in ''.join(blocks).splitlines():
        command, _, status = re.fullmatch(r'(.*?)(\s+# (\d{3}))?', line).groups()
        yield command, status


class Commands(BrokerTest):
    def shell(self, command):
        command = command.replace('localhost:8080', f'localhost:{self.broker.port}')
        command = command.replace('localhost:8081', f'localhost:{self.broker.internal_port}')
        command = re.sub(r'\bcurl (?=-N )', f'curl -m {STREAM_S} ', command)
        command = re.sub(r'\bcurl ', r'curl -sS -w "\\n%{http_code}\\n" ', command, count=1)
        return subprocess.run(['sh', '-c', command], capture_output=True, env=ENVIRONMENT, timeout=20)

    def test_every_command_is_answered_as_the_page_says(self):
        count = 0
        for command, status in commands():
            count += 1
            with self.subTest(command=command):
                done = self.shell(command)
                said = done.stdout.decode(errors='replace')
                answered = said.rstrip().rsplit('\n', 1)[-1]
                if status:
                    self.assertEqual(answered, status, said)
                    self.assertIn('/problems/', said)
                else:
                    self.assertIn(answered, ('200', '202', '204'), (said, done.stderr))
                    self.assertNotIn('"type":"/problems/', said)
        self.assertGreater(count, 40)

    def test_every_link_within_the_page_leads_somewhere(self):
        with open(PAGE, encoding='utf-8') as file:
            page = file.read()
        headings = {re.sub(r'[^a-z0-9 -]', '', h.lower()).replace(' ', '-')
                    for h in re.findall(r'^## (.*)$', page, re.MULTILINE)}
        for link in re.findall(r'\]\(#([^)]+)\)', page):
            self.assertIn(link, headings)


if __name__ == '__main__':
    run()
