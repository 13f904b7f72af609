#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Runs one stage of the suite: harness/stage.py NAME COMMAND...

The command's output is shown and kept (build/report/NAME.log). A stage counts its own tests by writing JUnit files to
build/report; one that writes none counts as one test, and one whose command fails without a failed test gets one, so
that no failure is lost between the stages.
"""
from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from harness import junit, paths  # noqa: E402

TAIL = 6000


def show(name: str, command: list[str], log: Path) -> int:
    """Runs a command, its output to the terminal and to a log; its exit status."""
    with log.open("wb") as file, subprocess.Popen(command, cwd=paths.ROOT, stdin=subprocess.DEVNULL,
                                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        for line in process.stdout:
            file.write(line)
            sys.stdout.buffer.write(f"{name}| ".encode() + line)
            sys.stdout.buffer.flush()
    return process.returncode


def main(argv: list[str]) -> int:
    """The program."""
    if len(argv) < 2 or argv[0].startswith("-"):
        print((__doc__ or "").strip(), file=sys.stderr)
        return 2
    name, command = argv[0], argv[1:]
    paths.REPORT.mkdir(parents=True, exist_ok=True)
    begun, since_ns = time.monotonic(), time.time_ns()
    log = paths.REPORT / f"{name}.log"
    try:
        status = show(name, command, log)
    except OSError as error:
        log.write_text(f"{error}\n", encoding="utf-8")
        status = 127
    wrote = [path for path in paths.REPORT.glob("*.xml") if path.stat().st_mtime_ns >= since_ns]
    failed = sum(junit.read(path).counts[1] for path in wrote)
    if not wrote or (status and not failed):
        seconds = time.monotonic() - begun
        tail = log.read_text(encoding="utf-8", errors="replace")[-TAIL:]
        item = junit.Item(" ".join(command), seconds)
        if status:
            item.failure, item.text = f"exit status {status}", tail
        stage = junit.Stage(name if not wrote else f"{name}-command", [item], seconds)
        stage.write(paths.REPORT / f"{stage.name}.xml")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
