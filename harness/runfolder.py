# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What a run leaves: a folder under build/runs, put in its place in one step."""
from __future__ import annotations

import contextlib
import glob
import json
import os
import re
import shlex
import shutil
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from harness import foreign, paths, result, suite
from harness.machine import Machine, MachineConfig
from harness.suite import Case
from harness.verdict import Verdict

#: Failing runs kept of each test.
FAILURES_KEPT = 5
#: A core is as large as the memory that its guest has used.
CORES_KEPT = 20
FAILED = re.compile(r"\.\d+-\d+-\d+")


@dataclass
class Run:
    """What came of one case."""

    case: Case
    verdict: Verdict
    folder: Path
    nonce: str = ""
    wall_s: float = 0.0
    cpu_s: float = 0.0
    console: bytes = b""
    autopsy: str = ""
    results: result.Results | None = None
    attempt: str = ""  # `2 of 5` where a case is repeated
    beside: str = ""   # what the known-good image comes to
    started: float = field(default_factory=time.time)

    @property
    def as_due(self) -> bool:
        """Whether the verdict is the one the case asks for (PASS, but for the harness's own broken images)."""
        due = self.verdict.name == self.case.verdict or (self.verdict.good and self.case.verdict == "PASS")
        return due and self.case.cause in (None, self.verdict.cause)


def write(run: Run, machine: Machine | None, keep: bool, work: Path) -> Path:
    """Writes a run's folder and puts it in its place in one step, so that two harnesses never mix theirs.

    A good run takes the place of the one before; a bad one has a folder of its own that nobody else's run replaces.
    """
    name = paths.folder_name(run.case.name)
    if keep or not run.as_due:
        name += f".{int(run.started)}-{work.name[1:]}"
    place = paths.RUNS / name
    work.mkdir(parents=True, exist_ok=True)
    run.autopsy = run.autopsy.replace("{folder}", shlex.quote(str(place)))
    files: dict[str, bytes | str] = {
        "verdict.json": json.dumps(facts(run), indent=1) + "\n", "console.log": run.console,
        "machine.json": json.dumps(asdict(run.case.machine), indent=1, default=str) + "\n", "repro.sh": _repro(run)}
    if machine:
        files["cmdline"] = shlex.join(machine.argv) + "\n"
        files["console.times"] = "".join(f"{at / 1e6:12.3f} {line}\n" for at, line in machine.console.timed_lines())
        files["events.json"] = json.dumps(machine.qmp.events, indent=1) + "\n"
        files["qemu.log"] = machine.stderr
    if machine and run.results:
        files["results.ktap"] = machine.results.bytes()
    if run.autopsy:
        files["autopsy.md"] = run.autopsy
    for file, text in files.items():
        (work / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    if run.verdict.good:
        (work / "core").unlink(missing_ok=True)
    (work / "repro.sh").chmod(0o755)
    _put(work, place)
    if not run.as_due:
        _forget_old(paths.folder_name(run.case.name))
    return place


def load(folder: Path, machine: MachineConfig) -> Run | None:
    """A failed run from its folder, with the machine it had; None where its test is not there any more."""
    said = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    file = Path(said["file"]) if said.get("file") else None
    cases = foreign.load(file) if file and file.suffix == ".toml" else suite.find(files=[file] if file else None)
    case = next((case for case in cases if case.name == said["test"]), None)
    if case is None:
        return None
    case = replace(case, machine=machine, expect=replace(case.expect, nonce=said["nonce"]))
    page = folder / "autopsy.md"
    return Run(case, Verdict(said["verdict"], said["cause"], said["detail"]), folder, said["nonce"],
               console=(folder / "console.log").read_bytes(),
               autopsy=page.read_text(encoding="utf-8") if page.exists() else "")


def facts(run: Run) -> dict[str, object]:
    """What came of a run, for programs."""
    return {"test": run.case.name, "verdict": run.verdict.name, "cause": run.verdict.cause,
            "detail": run.verdict.detail, "signature": run.verdict.signature, "due": run.as_due, "nonce": run.nonce,
            "seed": run.case.machine.seed, "icount": run.case.machine.icount, "attempt": run.attempt,
            "file": str(run.case.file or ""), "wall_s": round(run.wall_s, 4), "cpu_s": round(run.cpu_s, 3), "started": round(run.started, 3)}


def _forget_old(name: str) -> None:
    """Removes all but the newest failing runs of a test, and all but the newest cores of all tests."""
    old = sorted(path for path in paths.RUNS.glob(glob.escape(name) + ".*") if FAILED.fullmatch(path.name[len(name):]))
    for folder in old[:-FAILURES_KEPT]:
        shutil.rmtree(folder, ignore_errors=True)
    cores = []
    for path in paths.RUNS.glob("*/core"):
        with contextlib.suppress(OSError):  # another harness may be at the same
            cores.append((path.stat().st_mtime, path))
    for _, path in sorted(cores)[:-CORES_KEPT]:
        path.unlink(missing_ok=True)


def sweep(own: bool = False) -> None:
    """Removes the unfinished folders of harnesses that are no more; `own`: and of this one, which ends."""
    for work in paths.RUNS.glob(".[0-9]*-*"):
        pid = work.name[1:].partition("-")[0]
        if not Path("/proc", pid).exists() or (own and pid == str(os.getpid())):
            shutil.rmtree(work, ignore_errors=True)


def _put(work: Path, place: Path) -> Path:
    """Renames a folder over another, whoever else may be doing the same."""
    while True:
        try:
            return work.rename(place)
        except OSError:
            old = work.with_name(work.name + ".old")
            try:
                place.rename(old)
            except FileNotFoundError:
                continue
            shutil.rmtree(old)


def _repro(run: Run) -> str:
    """A script that boots this again: judged by the harness, or `--raw` on this terminal with QEMU alone."""
    raw = shlex.join(run.case.machine.argv("stdio"))
    path = run.case.file
    file = ["--file", str(path.relative_to(paths.ROOT) if path.is_relative_to(paths.ROOT) else path)] if path else []
    how = ["--seed", str(run.case.machine.seed)] if run.case.machine.icount else ["--realtime"]
    again = shlex.join(["harness/run.py", *file, "-k", f"={run.case.name}", "--nonce", run.nonce, *how])
    return (f"#!/bin/sh\n# Runs `{run.case.name}` again; --raw: QEMU alone, its console on this terminal.\n"
            f"cd {shlex.quote(str(paths.ROOT))} || exit 2\n[ \"$1\" = --raw ] && exec {raw}\n"
            f"RUMPK_BUILD={shlex.quote(str(paths.BUILD))} exec {again} \"$@\"\n")
