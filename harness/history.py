# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The last runs of every test, so that one that fails now and then is seen as `3 of 20`: build/history/runs.jsonl.

One line a run, appended whole, so that harnesses that run at once share the file. When it has grown, the oldest runs of
each test go.
"""
from __future__ import annotations

import collections
import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable

from harness import paths

FILE = paths.BUILD / "history" / "runs.jsonl"
KEPT_OF_A_TEST = 50
TRIM_BYTES = 8 << 20


@dataclass(frozen=True)
class Record:
    """How a test has done lately."""

    runs: int
    failed: int
    last_causes: tuple[str, ...]  # of the failures, oldest first

    @property
    def flaky(self) -> bool:
        """Whether it does not always come out the same."""
        return 0 < self.failed < self.runs

    def __str__(self) -> str:
        return f"failed {self.failed} of the last {self.runs}"


def add(rows: Iterable[dict[str, Any]], file: Path = FILE) -> None:
    """Appends runs (runfolder.facts)."""
    text = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
    if not text:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab+") as out:
        fcntl.flock(out, fcntl.LOCK_EX)
        out.write(text.encode())
        out.flush()
        if out.tell() > TRIM_BYTES:
            _trim(file)


def _trim(file: Path) -> None:
    kept: dict[str, collections.deque[str]] = {}
    for line in file.read_text(encoding="utf-8").splitlines(keepends=True):
        try:
            kept.setdefault(json.loads(line)["test"], collections.deque(maxlen=KEPT_OF_A_TEST)).append(line)
        except (ValueError, KeyError):
            continue
    with file.open("r+b") as out:  # in place: others wait for a lock on this file
        out.write("".join(line for lines in kept.values() for line in lines).encode())
        out.truncate()
        os.fsync(out.fileno())


def read(file: Path = FILE) -> dict[str, list[dict[str, Any]]]:
    """The last runs of each test, oldest first; a line that is no JSON is left out."""
    found: dict[str, list[dict[str, Any]]] = collections.defaultdict(list)
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    for line in lines:
        try:
            row = json.loads(line)
            found[row["test"]].append(row)
        except (ValueError, KeyError, TypeError):
            continue
    return {test: rows[-KEPT_OF_A_TEST:] for test, rows in found.items()}


def records(file: Path = FILE) -> dict[str, Record]:
    """How each test has done lately."""
    return {test: Record(len(rows), sum(not row.get("due") for row in rows),
                         tuple(row.get("cause", "") for row in rows if not row.get("due")))
            for test, rows in read(file).items()}
