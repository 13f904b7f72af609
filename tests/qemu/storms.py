#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Hostile processes at full speed beside one that must keep its rate (tests/apps/storm): it ends with 0, and no page is lost."""
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from harness import markers, paths, suite, volumes  # noqa: E402
from harness.machine import Machine  # noqa: E402
from harness.verdict import BAD_PATTERNS, Expectation  # noqa: E402
from rumpklib import share  # noqa: E402

APPS = paths.BUILD / "tests" / "apps"
STORM = APPS / "storm.rpk"
FOLDER = paths.BUILD / "tests" / "storms"
KINDS = ("random", "forge", "overwrite", "results", "outstanding", "bomb", "kills", "paths")
#: Of the guest's own time, which under -icount is instructions: seconds of the host's.
MILLISECONDS = 60
#: Who starts and ends processes all the time costs the others a turn now and then: of 192 runs of 12 turns, with the seeds 1 to 96 and two
#: images, most had 9 to 12 of them, four had 8, and one 7. Over twice as long that is evened out: of 32 runs none had fewer than 16 of 24.
LONGER = {"kills": 2 * MILLISECONDS}
#: Percent of its turns that the good process must have: on a CPU of its own it is nearly all of them; on one CPU, where six threads that
#: never wait have slices of 4 ms each, it is its turn once a round.
SHARES = {1: 15, 4: 60}
#: Where files outlive the machine: a folder of the host's, a volume. The world outside keeps real time, so nobody's rate is judged.
PLACES = ("host", "data")
PLACES_MS = 500
PAGES = r"re:memory: (\d+) pages free before the processes, \1 after"
#: However long it was and whatever was done: a few for each device, and for the tables of the bus.
KEPT = r"re:memory: [1-6]?\d pages are kept by devices"
HALTED = "sched: last process exited, halting"
DISK = {"mmio": ("-global", "virtio-mmio.force-legacy=false", "-device", "virtio-blk-device,drive=disk"),
        "pci": ("-device", "virtio-blk-pci,drive=disk")}


def storm(kind: str, seed: int, milliseconds: int, smp: int, rule: str = "auto", percent: int | None = None,
          budget: suite.Budget = suite.Budget()) -> suite.Case:
    """One storm with one seed."""
    share = SHARES[smp] if percent is None else percent
    append = f"io={rule} log=warn,memory=debug -- {kind} {seed} {milliseconds} {share}"
    machine = suite.product(STORM, smp=smp, append=append, icount=True, seed=seed)
    turns = rf"re:\[steady\] storm {kind}: \d+ of \d+ turns, .*"
    return suite.Case(f"storm[{kind},smp{smp},{rule},seed{seed}]", machine, Expectation(
        markers=(markers.RUBICON, turns, PAGES, HALTED), bad=(*BAD_PATTERNS, "BROKEN")), budget=budget)


def clean(machine: Machine) -> None:
    """The machine's volume, when it has ended."""
    machine.wait(wall_s=1800.0)
    volumes.e2fs("e2fsck", "-fn", str(machine.config.own))


def storm_at(place: str, seed: int, milliseconds: int, smp: int, transport: str, budget: suite.Budget = suite.Budget(cpu_s=60.0)) -> suite.Case:
    """The storm `paths` where files outlive the machine: all pages come back, and a volume is clean."""
    if place == "data":
        path, script = volumes.fresh(32), suite.Drive(clean)
        extra: tuple[str, ...] = ("-drive", f"if=none,id=disk,format=raw,file={path}", *DISK[transport])
    else:
        path, script = FOLDER / "empty", None
        path.mkdir(parents=True, exist_ok=True)
        extra = tuple(share.arguments(share.Share(str(path), False), transport))
    append = f"log=warn,memory=debug -- paths {seed} {milliseconds} 0"
    machine = suite.product(APPS / f"storm-{place}.rpk", smp=smp, append=append, icount=False, seed=seed, own=path, extra=extra)
    turns = r"re:\[steady\] storm paths: \d+ of \d+ turns, .*"
    return suite.Case(f"storm[paths,{place},{transport},smp{smp},seed{seed}]", machine, Expectation(
        markers=(markers.RUBICON, turns, KEPT, PAGES, HALTED), bad=(*BAD_PATTERNS, "BROKEN")), script=script, budget=budget)


def cases() -> list[suite.Case]:
    """Each for a moment, on one CPU and on four."""
    return [*(storm(kind, 1, LONGER.get(kind, MILLISECONDS), smp, rule) for kind in KINDS for smp, rule in ((1, "auto"), (4, "auto"), (4, "war"))),
            *(storm_at(place, 1, PLACES_MS, smp, transport) for place in PLACES for smp, transport in ((1, "mmio"), (4, "pci")))]


if __name__ == "__main__":
    suite.main(__file__)
