# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What the tests share: a folder of their own, an app to pack, rumpk called like a function."""
from __future__ import annotations

import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
for folder in ("", "tools", "fixtures", "ci"):
    if str(ROOT / folder) not in sys.path:
        sys.path.insert(0, str(ROOT / folder))

import bad_elf  # noqa: E402
from rumpklib import cli  # noqa: E402

KEYS = ROOT / "fixtures/keys"
#: Two processes; both execute the program that Case.app makes.
PROCESSES = """name = "pair"
[[process]]
name = "ping"
exec = "bin/app"
args = ["one", "two words"]
env = ["KEY=value"]
memory = "2M"
launch = true
[process.capabilities]
console = ["write"]
clock = ["read", "wait"]
[[process]]
name = "pong"
exec = "bin/app"
memory = "516K"
cpu = 1
restart = "on-failure"
backoff = "20ms"
restarts = 3
"""
MANIFEST = 'name = "app"\nexec = "bin/app"\n\n[capabilities]\nconsole = ["write"]\n'


class Case(unittest.TestCase):
    """A test with a folder that goes when it ends."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def app(self, name: str = "app", manifest: str = MANIFEST) -> Path:
        """A folder that packs."""
        app = self.folder / name
        (app / "bin").mkdir(parents=True)
        (app / "manifest.toml").write_text(manifest)
        (app / "bin/app").write_bytes(bad_elf.Elf().build())
        (app / "zebra.txt").write_text("stripes\n")
        return app

    def rumpk(self, *arguments: object) -> tuple[int, str, str]:
        """Exit status, stdout, stderr."""
        out, error = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
            try:
                status = cli.main([str(argument) for argument in arguments])
            except SystemExit as ending:
                status = int(ending.code or 0)
        return status, out.getvalue(), error.getvalue()

    def packed(self, manifest: str = MANIFEST) -> Path:
        """A good, signed bundle."""
        output = self.folder / "app.rpk"
        self.assertEqual(self.rumpk("pack", self.app(manifest=manifest), "-o", output, "-k", KEYS / "dev.key")[0], 0)
        return output
