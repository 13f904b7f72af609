#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Submission rings in War and Peace: every hostile app again with the kernel polling from another CPU, and what it saves; devices that answer."""
from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from harness import markers, paths, suite, volumes  # noqa: E402
from harness.verdict import Expectation  # noqa: E402
from rumpklib import share  # noqa: E402

APPS = paths.BUILD / "tests" / "apps"
FILES = paths.BUILD / "apps" / "files.rpk"
FOLDERS = paths.BUILD / "tests" / "share"
CALLS = 20000
DISKS = {"mmio": "virtio-blk-device", "pci": "virtio-blk-pci"}


def hostile() -> list[suite.Case]:
    """The cases of hostile_apps.py."""
    spec = importlib.util.spec_from_file_location("hostile_apps", Path(__file__).with_name("hostile_apps.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.cases()


def in_war(case: suite.Case) -> suite.Case:
    """The same on two CPUs with War forced: the same end and the same line are due."""
    machine = replace(case.machine, smp=2, append="io=war", icount=True)
    return replace(case, name=case.name.replace("hostile[", "war["), machine=machine)


def counted(rule: str, cpus: int, line: str) -> suite.Case:
    """20,000 calls, and how many of them were system calls, exact under -icount."""
    machine = suite.product(APPS / "many-calls.rpk", smp=cpus, append=f"io={rule} log=info,proc=debug", icount=True, seed=1)
    return suite.Case(f"ring[{rule},smp{cpus}]", machine, Expectation(markers=(markers.RUBICON, line)))


def devices(rule: str, transport: str, cpus: int) -> suite.Case:
    """A disk and 9p: every answer is found in the mode that is forced, without a wake-up in War, without a poll in Peace."""
    name = f"device_war[{rule},{transport},smp{cpus}]"
    folder = FOLDERS / paths.folder_name(name)
    folder.mkdir(parents=True, exist_ok=True)
    counts = {"war": r"in_war [1-9]\d* in_peace 0 polls [1-9]\d* empty \d+ wakes 0", "peace": r"in_war 0 in_peace [1-9]\d* polls 0 empty 0 wakes [1-9]\d*"}
    lines = tuple(rf"re:\[files\] {device}: {rule} switches 0 {counts[rule]}" for device in ("9p", "disk 0"))
    volume = volumes.fresh(16)
    disk = ("-drive", f"if=none,id=disk,format=raw,file={volume}", "-device", f"{DISKS[transport]},drive=disk")
    machine = suite.product(FILES, append=f"io={rule} -- write /data/a x , append /data/a y , write /host/a x , append /host/a y , cat /sys/rumpk/governor",
                            smp=cpus, icount=False, own=volume, extra=(*share.arguments(share.Share(str(folder), False), transport), *disk))
    return suite.Case(name, machine, Expectation(markers=(markers.RUBICON, *lines)))


def cases() -> list[suite.Case]:
    """War: the first call and exit are system calls, nothing else. Peace: each is one."""
    war = f"proc: process 1: 2 system calls; ring: {CALLS} submissions in War, 0 in Peace, 1 wars"
    peace = f"proc: process 1: {CALLS + 1} system calls; ring: 0 submissions in War, {CALLS} in Peace, 0 wars"
    auto = rf"re:proc: process 1: \d{{1,3}} system calls; ring: 19\d\d\d submissions in War, \d{{1,3}} in Peace, \d wars"
    return [counted("war", 2, war), counted("war", 4, war), counted("peace", 2, peace), counted("war", 1, peace),
            counted("auto", 2, auto), counted("auto", 1, peace),
            *(devices(rule, transport, cpus) for rule in ("war", "peace") for transport, cpus in (("mmio", 1), ("pci", 2))),
            *(in_war(case) for case in hostile() if case.machine.memory_mib == "128")]


if __name__ == "__main__":
    suite.main(__file__)
