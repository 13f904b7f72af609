# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""A kernel that is not Rumpk: Debian's arm64 Linux, from a table alone. Skipped where it cannot be fetched."""
from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import subprocess  # noqa: E402
from dataclasses import replace  # noqa: E402

from harness import foreign, paths  # noqa: E402
from harness.runner import run_case  # noqa: E402

LINUX = paths.ROOT / "tests" / "foreign" / "linux"


class Linux(unittest.TestCase):
    """tests/foreign/linux/suite.toml."""

    @classmethod
    def setUpClass(cls) -> None:
        done = subprocess.run([sys.executable, LINUX / "make.py"], capture_output=True, text=True, check=False)
        if done.returncode:
            raise unittest.SkipTest(f"Debian's kernel {done.stderr.strip()}")
        cls.cases = {case.name: case for case in foreign.load(LINUX / "suite.toml")}

    def test_it_runs_its_init_and_ends_with_its_status(self) -> None:
        run = run_case(self.cases["linux[init]"])
        self.assertEqual(run.verdict.name, "PASS", str(run.verdict))

    def test_its_panic_is_seen_and_one_nobody_wanted_explained(self) -> None:
        case = self.cases["linux[panic]"]
        run = run_case(replace(case, expect=replace(case.expect, shutdowns=())))
        self.assertEqual(run.verdict.name, "RESET", str(run.verdict))
        self.assertIn("Kernel panic - not syncing", run.autopsy)
        self.assertRegex(run.autopsy, r"cpu 0: EL1.*\n(.*\n)* +#3 0xffff")
        self.assertRegex(run.autopsy, r"`core`: \d\d+ ranges at the guest's virtual addresses")


if __name__ == "__main__":
    unittest.main()
