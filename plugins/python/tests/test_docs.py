"""docs/python.md is true: its files are written, its programs run, and what they print is compared."""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from corpus import REPOSITORY

PAGE = (REPOSITORY / "docs/python.md").read_text(encoding="utf-8")
FILE = re.compile(r"as `([^`\n]+)`:\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PROGRAM = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SESSION = re.compile(r"^```console\n\$ python (\S+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Manual(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        for name, content in FILE.findall(PAGE):
            self.folder.joinpath(name).parent.mkdir(exist_ok=True)
            self.folder.joinpath(name).write_text(content, encoding="utf-8")

    def run_file(self, name: str) -> str:
        command = [sys.executable, "-W", "error", name]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, f"{name}:\n{done.stderr}")
        return done.stdout

    def test_sessions_print_what_the_page_says(self) -> None:
        sessions = SESSION.findall(PAGE)
        self.assertEqual(len(sessions), 1)
        for name, printed in sessions:
            self.assertEqual(self.run_file(name), printed)

    def test_every_program_runs(self) -> None:
        programs = PROGRAM.findall(PAGE)
        self.assertEqual(len(programs), 5)
        for number, program in enumerate(programs):
            with self.subTest(program):
                self.folder.joinpath(f"program{number}.py").write_text(program, encoding="utf-8")
                self.run_file(f"program{number}.py")

    def test_links_lead_somewhere(self) -> None:
        for target in re.findall(r"\]\(([^)]+)\)", PAGE):
            if not target.startswith("http"):
                name, _, heading = target.partition("#")
                page = (REPOSITORY / "docs" / (name or "python.md")).read_text(encoding="utf-8")
                headings = [
                    re.sub(r"[^\w -]", "", line.strip("# ")).lower() for line in re.findall(r"^#+ .*$", page, re.M)
                ]
                self.assertIn(heading.replace("-", " "), ["", *(text.replace("-", " ") for text in headings)], target)
