# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The Open POSIX Test Suite: that none of its tests is there is no success."""
from __future__ import annotations

import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.conformance import posix  # noqa: E402


class Nothing(unittest.TestCase):
    """Where there is nothing to run it ends with a word."""

    def test_no_sources(self) -> None:
        with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder, \
                mock.patch.object(posix.posix_build, "SOURCES", Path(folder) / "none"), mock.patch.object(posix.posix_build, "OUTPUT", Path(folder)):
            with self.assertRaises(SystemExit) as ended:
                posix.posix_build.build()
            self.assertRegex(str(ended.exception), r"^posix: no tests in build/.*: make conformance fetches them$")
            self.assertEqual(list(Path(folder).iterdir()), [])

    def test_no_such_name(self) -> None:
        with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder, mock.patch.object(posix.posix_build, "build", lambda: Path(folder)), \
                mock.patch.object(sys, "argv", ["posix.py", "--only", "^none$"]):
            with self.assertRaises(SystemExit) as ended:
                posix.main()
            self.assertEqual(str(ended.exception), "posix: no test has a name that '^none$' finds")


if __name__ == "__main__":
    unittest.main()
