#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Measures one metric of a build, as harness/perf.py does: harness/bisect_measure.py METRIC. RUMPK_BUILD says of which.

Prints `# perf <metric> <value> <unit>` lines. Exit status 2 where it cannot be measured.
"""
from __future__ import annotations

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from harness import perf, request_cost  # noqa: E402

BOOT_PAIRS = 9


def needs(metric: str) -> str:
    """The make targets that a metric is measured on."""
    if metric.startswith(("boot.", "image.")):
        return "all harness-images" if metric.startswith("boot.r") or metric == "boot.floor" else "all"
    return "all" if metric.startswith("blog.") else "all guest-images"


def main() -> int:
    """The program."""
    if len(sys.argv) != 2:
        print((__doc__ or "").strip(), file=sys.stderr)
        return 2
    metric = sys.argv[1]
    try:
        if metric in ("boot.to_rubicon", "boot.blocks"):
            found = perf.steps_measures()
        elif metric.startswith("blog."):
            found = request_cost.measures()
        elif metric.startswith("image."):
            found = perf.image_rows()
        elif metric.startswith("boot."):
            found = perf.boot_rows(BOOT_PAIRS)
        else:
            found = perf.guest_measures()
    except (OSError, RuntimeError) as error:
        print(f"bisect_measure: {error}", file=sys.stderr)
        return 2
    for row in found:
        print(f"# perf {row.metric} {row.value:.6f} {row.unit.split()[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
