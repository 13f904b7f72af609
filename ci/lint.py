#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""make lint: what holds for every file of the repository, and which layer may know which.

    ci/lint.py [--objects DIR] [--cc aarch64-linux-gnu-gcc]

Of what is compiled under DIR (build), also the undefined symbols. Prints `file:line: what is wrong`; exit status 0 clean, 1 not.
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "ci"))

from lintlib import calls, headers, includes, interfaces, symbols, text, tree  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", metavar="DIR", type=Path, default=ROOT / "build", help="folder with compiled objects")
    parser.add_argument("--cc", default="aarch64-linux-gnu-gcc", help="compiler for the headers")
    arguments = parser.parse_args()
    files = tree.files(ROOT)
    findings = [*text.check(ROOT, files), *includes.check(ROOT, files), *headers.check(ROOT, files, arguments.cc),
                *symbols.check(ROOT, arguments.objects), *interfaces.check(ROOT), *calls.check(ROOT, files)]
    for finding in findings:
        print(finding)
    print(f"lint: {len(files)} files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
