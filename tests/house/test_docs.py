#!/usr/bin/env python3
"""test_docs.py: what the pages name exists: files, headings, flags; and every room has its page."""
import re
import unittest

from tree import committed, root, rooms, sources, text

pages = [name for name in committed() if name.endswith(".md")]
code_block = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
# A path of ours in prose or code: folder/file.ext.
folders = "core|net|broker|app|bench|tests|docs|deploy|web|examples|scripts|cmake"
named_file = re.compile(rf"(?<![\w/.<>$*{{-])((?:{folders})/[\w./-]*\w\.(?:h|cc|md|py|mjs|js|sh|html|css|svg|toml|pml|cmake|txt|json|yaml))\b")


def anchor(heading):
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", "")).replace(" ", "-")


def anchors(page):
    return {anchor(heading) for heading in re.findall(r"^#+ (.+)$", code_block.sub("", text(page)), re.MULTILINE)}


class Docs(unittest.TestCase):
    def test_links_lead_somewhere(self):
        wrong = []
        for page in pages:
            for target in re.findall(r"\]\(([^)\s]+)\)", code_block.sub("", text(page))):
                if re.match(r"[a-z]+:", target):
                    continue
                path, _, heading = target.partition("#")
                file = (root / page).parent / path if path else root / page
                if not file.exists():
                    wrong.append(f"{page}: {target}")
                elif heading and heading not in anchors(str(file.resolve().relative_to(root))):
                    wrong.append(f"{page}: no heading {target}")
        self.assertEqual(wrong, [])

    def test_files_named_in_pages_exist(self):
        wrong = [f"{page}: {name}" for page in pages for name in named_file.findall(text(page))
                 if not (root / name).exists() and not (root / page).parent.joinpath(name).exists()]
        self.assertEqual(wrong, [])

    def test_headings_named_in_code_exist(self):
        wrong, seen = [], 0
        for name in committed():
            if not name.endswith((".h", ".cc", ".py", ".mjs", ".js", ".sh", ".cmake", ".txt", ".md")):
                continue
            for page, heading in re.findall(r"\b(docs/[A-Z]+\.md)#([\w-]+)", text(name)):
                seen += 1
                if not (root / page).exists() or heading not in anchors(page):
                    wrong.append(f"{name}: {page}#{heading}")
        self.assertEqual(wrong, [])
        self.assertGreater(seen, 3)

    def test_every_room_has_a_page_with_its_rule_and_its_nouns(self):
        for room in (*rooms, "tests", "web", "examples"):
            page = text(f"{room}/README.md")
            self.assertIn("Admitted:", page, room)
            self.assertRegex(page, r"\| noun .*\| file", room)

    def test_every_header_of_a_room_stands_in_its_page(self):
        wrong = [name for room in rooms for name in sources(room)
                 if name.endswith(".h") and f"`{name.split('/')[1]}`" not in text(f"{room}/README.md")]
        self.assertEqual(wrong, [])

    def test_files_in_a_rooms_table_exist(self):
        wrong = [f"{room}/{name}" for room in (*rooms, "web", "examples")
                 for name in re.findall(r"`([\w.-]+\.(?:h|cc|js|mjs|html|css|svg|py|sh))`", text(f"{room}/README.md"))
                 if not (root / room / name).exists()]
        self.assertEqual(wrong, [])

    def test_settings_named_in_pages_exist(self):
        known = set(re.findall(r"`--([a-z-]+)", text("docs/CONFIGURATION.md")))
        commands = set(re.findall(r"--([a-z][a-z-]*)", text("app/help.cc") + text("app/command_line.cc")))
        wrong = [f"{page}: --{name}" for page in ("README.md", "docs/OPERATIONS.md", "docs/ARCHITECTURE.md")
                 for line in text(page).splitlines() if "fanfare " in line or "`--" in line
                 for name in re.findall(r"(?<![\w-])--([a-z][a-z-]+)", line)
                 if name not in known | commands | other_flags]
        self.assertEqual(wrong, [])


# Flags of other programs in lines that also name ours.
other_flags = {"preset", "data", "long", "test-dir", "add-host", "build"}


if __name__ == "__main__":
    unittest.main()
