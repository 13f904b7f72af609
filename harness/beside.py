# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""A test that failed, beside the known-good image: does that pass it? Then it is this build that broke it; otherwise test or host."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness import known_good
from harness.known_good import Keeper, Note
from harness.runfolder import Run
from harness.runner import run_case
from harness.suite import SEED, Case

CELL = "known-good"


def mapped(path: str | Path | None, keeper: Keeper, note: Note) -> Path | None:
    """The file that is kept for one of the build; None where none is."""
    if path is None or not Path(path).is_relative_to(keeper.build):
        return None
    name = str(Path(path).relative_to(keeper.build))
    return keeper.kept / name if name in (note.files or {}) else None


def compare(case: Case, run: Run, keeper: Keeper | None = None) -> str:
    """One line on what the known-good image comes to in the same test: with its own bundle where it is an application's,
    with today's where it is a test's. Empty where nothing is kept, or the test boots another image."""
    keeper = keeper or Keeper()
    try:
        note = keeper.load()
    except known_good.Refused as error:
        return f"known-good: {error}" if keeper.kept.exists() else ""
    image = mapped(case.machine.image, keeper, note)
    if image is None or run.verdict.host_fault or not run.nonce:
        return ""
    bundle = mapped(case.machine.initrd, keeper, note)
    said = f"known-good: {note.short} of {note.when}"
    pairs = ((case.machine.image, image), (case.machine.initrd, bundle))
    if all(kept is None or known_good.digest(Path(str(ours))) == known_good.digest(kept) for ours, kept in pairs):
        return f"{said} is this very image"
    other = run_case(replace(case.on(CELL, image=image, initrd=bundle or case.machine.initrd), autopsy=False), run.nonce,
                     seed=run.case.machine.seed or SEED, realtime=not run.case.machine.icount)
    if other.as_due:
        return f"{said} passes this test"
    same = "fails in the same way" if other.verdict.signature == run.verdict.signature else f"fails too: {other.verdict}"
    return f"{said} {same}"
