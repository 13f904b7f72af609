# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""JUnit and the page: what one stage writes, the page and the totals give back, whatever a guest printed."""
from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import tempfile  # noqa: E402

from harness import junit, paths, report  # noqa: E402

STAGE = junit.Stage("qemu", [
    junit.Item("boot[gic3,a53]", 0.05),
    junit.Item("boot[gic2,a53]", 0.05, "FAIL (marker)", text="console \x00\x1b[1m<b>\n"),
    junit.Item("later", skipped="no RNDR")], 1.5)


class Pages(unittest.TestCase):
    """report.write() over a stage."""

    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        before, paths.REPORT = paths.REPORT, Path(holder.name)
        self.addCleanup(setattr, paths, "REPORT", before)

    def test_a_stage_survives_its_file(self) -> None:
        STAGE.write(paths.REPORT / "qemu.xml")
        back = junit.read(paths.REPORT / "qemu.xml")
        self.assertEqual(back.counts, (1, 1, 1))
        self.assertEqual([item.name for item in back.items], [item.name for item in STAGE.items])
        self.assertIn("<b>", back.items[1].text)

    def test_the_page_is_self_contained_and_escaped(self) -> None:
        STAGE.write(paths.REPORT / "qemu.xml")
        page = report.write().read_text(encoding="utf-8")
        self.assertIn("1 passed, 1 failed, 1 skipped", page)
        self.assertIn("&lt;b&gt;", page)
        self.assertNotIn("http", page)
        self.assertIn("1 of 2 cells", page)

    def test_totals_are_the_sum_of_stages(self) -> None:
        self.assertEqual(report.totals([STAGE, STAGE]), (2, 2, 2))
        self.assertEqual(report.totals([]), (0, 0, 0))

    def test_what_failed_is_a_line_each(self) -> None:
        self.assertEqual(report.failures([STAGE]), ["failed: qemu: boot[gic2,a53]: FAIL (marker)"])


if __name__ == "__main__":
    unittest.main()
