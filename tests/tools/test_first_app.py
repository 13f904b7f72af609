# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""docs/first-app.md, followed to the letter: its files are written, its commands run in an empty folder, its output is due."""
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import support  # noqa: E402
from support import ROOT  # noqa: E402

PAGE = ROOT / "docs/first-app.md"
BLOCK = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", re.M | re.S)


class FirstApp(support.Case):
    """The page from top to bottom, with nothing but what it says."""

    def sh(self, script: str) -> str:
        """A block of commands, of which none may fail; what they print."""
        environment = {**os.environ, "RUMPK": str(ROOT)}
        done = subprocess.run(["sh", "-eu", "-c", script], cwd=self.folder, env=environment, text=True, timeout=120,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, f"{script}\n{done.stdout}")
        return done.stdout

    def test_the_page_works_as_it_stands(self) -> None:
        """Each text block's lines come, in their order, from the commands before it."""
        blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
        printed, seen = "", {"sh": 0, "text": 0, "file": 0}
        for kind, name, body in blocks:
            if name:
                (self.folder / name).write_text(body, encoding="utf-8")
                seen["file"] += 1
            elif kind == "sh":
                printed = self.sh(body)
            elif kind == "text":
                lines = iter(printed.splitlines())
                for due in body.splitlines():
                    self.assertIn(due, lines, printed)
            seen[kind] = seen.get(kind, 0) + 1
        self.assertEqual((seen["sh"], seen["text"], seen["file"]), (3, 2, 6))

    def test_compiler_says_what_is_missing(self) -> None:
        """Without a built library there is no program, and no confusing message."""
        tools = self.folder / "tree/tools"
        tools.mkdir(parents=True)
        (tools / "rumpk-cc").write_bytes((ROOT / "tools/rumpk-cc").read_bytes())
        (tools / "rumpk-cc").chmod(0o755)
        done = subprocess.run([tools / "rumpk-cc", "x.c"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("run make", done.stderr)


if __name__ == "__main__":
    unittest.main()
